"""Bodies: names with values, and several bodies under each other."""

from viewer.bodies import Fields, Stack
from viewer.json_lines import JsonLines
from viewer.wrapped import Wrapped


def rows(body):
    return ["".join(span.text for span in body.spans(row)) for row in range(body.height)]


def stack():
    found = Stack([Wrapped("title"), JsonLines(b'{"a": [1, 2], "b": "title"}'), Wrapped("end")])
    found.fit(40)
    return found


def test_values_are_wrapped_beside_their_names():
    fields = Fields([("id", "x"), ("a long name", "several words here")])
    fields.fit(36)
    assert rows(fields) == ["id           x", "a long name  several words here"]
    fields.fit(24)
    assert rows(fields) == ["id        x", "a long…   several words", "          here"]


def test_fields_find_and_are_safe():
    fields = Fields([("id", "A\x1b[31mB"), ("name", "other")])
    fields.fit(40)
    assert rows(fields)[0] == "id    AB"
    assert fields.find("ab") == [0]


def test_a_stack_has_the_rows_of_its_parts():
    body = stack()
    assert rows(body)[0] == "title"
    assert rows(body)[-1] == "end"
    assert body.height == body.lines == 9


def test_a_stack_finds_lines_in_all_parts_and_reveals_them_folded_or_not():
    body = stack()
    assert body.find("title") == [0, 6]
    assert body.toggle(2) == 2
    assert body.height == 6
    assert body.reveal(6) == 3
    assert body.reveal(8) == 5
    assert body.reveal(3) == 3
    assert body.height == 9


def test_a_stack_knows_paths():
    body = stack()
    assert [body.path(row) for row in (0, 3, 8)] == ["", "$.a[0]", ""]


def test_rows_that_show_the_same_have_the_same_key_and_others_have_not():
    body = stack()
    before = [body.key(row) for row in range(body.height)]
    assert before == [body.key(row) for row in range(body.height)]
    body.toggle(2)
    assert body.key(2) != before[2]
