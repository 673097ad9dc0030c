"""JSON in lines: what is seen is what was sent."""

import json
import re
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.cli.render.look import ASCII
from streamkit.cli.safe import safe_json
from viewer.json_lines import JsonLines

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
DOCUMENT = {
    "name": "x",
    "docs": [{"content": "one", "n": 1}, {"content": "two", "tags": ["a", "b"]}],
    "e": {},
    "ok": True,
}


def rows(lines):
    return ["".join(span.text for span in lines.spans(row)) for row in range(lines.height)]


def lines_of(value):
    return JsonLines(msgspec.json.encode(value))


def row_of(lines, text):
    return next(row for row, shown in enumerate(rows(lines)) if text in shown)


# ---- what is seen


@given(VALUES)
def test_what_is_seen_is_the_formatted_json_made_safe(value):
    data = msgspec.json.encode(value)
    assert rows(JsonLines(data)) == safe_json(msgspec.json.format(data, indent=2).decode()).split("\n")


@given(VALUES)
def test_escapes_that_are_not_needed_read_as_what_they_mean(value):
    told = json.dumps(value, ensure_ascii=True).encode()
    assert json.loads("\n".join(rows(JsonLines(told)))) == value


@given(VALUES | st.binary().map(bytes), st.integers(1, 120))
def test_folding_opening_and_searching_never_fail_and_show_nothing_that_a_terminal_obeys(value, width):
    lines = JsonLines(value if isinstance(value, bytes) else msgspec.json.encode(value))
    lines.fit(width)
    for row in range(0, lines.height, 2):
        if row < lines.height:
            assert 0 <= lines.toggle(row) < lines.height
            lines.path(row)
    assert not CONTROLS.search("".join(rows(lines)))
    for line in lines.find("a"):
        assert 0 <= lines.reveal(line) < lines.height


@pytest.mark.parametrize(
    "data", [b"", b"[1,", b"<html>\n<p>\x1b[31mno\x1b[0m</p>", b'{"a": NaN}', b"\xff\xfe", b'"\x00"']
)
def test_what_is_no_json_is_shown_as_text(data):
    lines = JsonLines(data)
    assert not lines.is_json
    assert not CONTROLS.search("".join(rows(lines)))
    assert lines.path(0) == ""


def test_half_a_surrogate_pair_does_not_spoil_the_rest():
    assert rows(JsonLines(rb'{"a":"x\ud800"}')) == ["{", '  "a": "x\ufffd"', "}"]


def test_styles_say_what_a_token_is():
    styles = {
        span.text: span.style for row in range(10) for span in lines_of({"k": ["s", -1.5, None, True]}).spans(row % 6)
    }
    expected = {
        '"k"': "key",
        '"s"': "string",
        "-1.5": "number",
        "null": "word",
        "true": "word",
        ",": "dim",
        ": ": "dim",
    }
    assert expected.items() <= styles.items()


# ---- long ones


def test_a_long_string_is_shortened_and_says_how_much_is_left_out():
    shown = rows(JsonLines(b'{"a":"' + b"x" * 12_745 + b'","b":1}'))[1]
    assert shown == '  "a": "' + "x" * 400 + "…+12 kB" + '",'


def test_characters_are_counted_not_their_escapes():
    shown = rows(JsonLines(b'["' + rb"\ud83d\ude00" * 500 + b'"]'))[1]
    assert shown.count("😀") == 400
    assert "…+1.2 kB" in shown


def test_the_mark_of_what_is_left_out_is_that_of_the_look():
    lines = JsonLines(b'"' + b"x" * 1000 + b'"', ASCII)
    assert rows(lines)[0].endswith('...+600 B"')
    assert rows(lines)[0].isascii()


@pytest.mark.parametrize("data", [b"[" + b"1" * 90_000 + b"]", b'{"' + b"k" * 90_000 + b'":1}', b"x" * 90_000])
def test_numbers_keys_and_text_are_shortened_too(data):
    shown = rows(JsonLines(data))
    assert max(map(len, shown)) < 420
    assert any("…+90 kB" in row for row in shown)


def test_a_string_can_be_opened_where_it_stands():
    lines = lines_of({"a": "first line\nsecond line " + "word " * 200, "b": 1})
    lines.fit(40)
    before = lines.height
    assert lines.toggle(1) == 1
    opened = rows(lines)
    assert opened[2] == "    first line"
    assert opened[3].startswith("    second line word")
    assert all(len(row) <= 40 for row in opened[2:-2])
    assert "".join(opened).count("word") > 200
    assert opened[-2] == '  "b": 1'
    assert lines.path(3) == "$.a"
    lines.toggle(5)
    assert lines.height == before


def test_json_in_a_string_is_formatted_when_it_is_opened():
    lines = lines_of({"body": '{"ok": true}'})
    lines.toggle(1)
    assert rows(lines)[2:5] == ["    {", '      "ok": true', "    }"]


def test_an_opened_string_is_bounded():
    lines = lines_of("word " * 100_000)
    lines.toggle(0)
    assert lines.height < 2000
    assert rows(lines)[-1].strip() == "…+436 kB"


def test_another_width_wraps_an_opened_string_anew():
    lines = lines_of(["word " * 50])
    lines.toggle(1)
    before = lines.height
    lines.fit(30)
    assert lines.height > before


# ---- folding


def test_a_bracket_folds_to_one_row_that_counts_what_is_in_it():
    lines = lines_of(DOCUMENT)
    lines.toggle(row_of(lines, "docs"))
    assert rows(lines) == ["{", '  "name": "x",', '  "docs": [ …2 ],', '  "e": {},', '  "ok": true', "}"]
    lines.toggle(2)
    assert rows(lines) == rows(lines_of(DOCUMENT))


def test_a_plain_line_folds_what_it_stands_in():
    lines = lines_of(DOCUMENT)
    assert lines.toggle(row_of(lines, '"n": 1')) == 3
    assert rows(lines)[3] == "    { …2 },"


def test_the_end_of_a_bracket_folds_it():
    lines = lines_of(DOCUMENT)
    assert lines.toggle(row_of(lines, "  ],")) == row_of(lines, "docs")


def test_a_line_in_folds_is_revealed():
    lines = lines_of(DOCUMENT)
    lines.toggle(row_of(lines, "tags"))
    lines.toggle(row_of(lines, "docs"))
    (line,) = lines.find('"b"')
    row = lines.reveal(line)
    assert rows(lines)[row].strip() == '"b"'


# ---- paths and searches


def test_paths():
    lines = lines_of(DOCUMENT)
    paths = {row.strip(): lines.path(number) for number, row in reversed([*enumerate(rows(lines))])}
    assert paths['"name": "x",'] == "$.name"
    assert paths['"content": "one",'] == "$.docs[0].content"
    assert paths['"b"'] == "$.docs[1].tags[1]"
    assert paths["],"] == "$.docs"
    assert paths["{"] == "$"


def test_a_path_quotes_a_name_that_is_none():
    assert lines_of({"a b": [1]}).path(2) == '$["a b"][0]'


@given(VALUES)
def test_every_path_of_a_value_leads_to_it(value):
    lines = lines_of(value)
    for row, shown in enumerate(rows(lines)):
        steps = re.findall(r'\.([^\W\d][\w-]*)|\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]', lines.path(row))
        found = value
        for name, quoted, number in steps:
            found = found[int(number)] if number else found[name or json.loads(f'"{quoted}"')]
        if not isinstance(found, list | dict):
            assert shown.rstrip(",").endswith(safe_json(msgspec.json.encode(found).decode()))


@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_a_search_finds_whatever_the_spelling(ensure_ascii):
    lines = JsonLines(json.dumps({"a": 'Übel: 你好 "x"/y\nz 😀'}, ensure_ascii=ensure_ascii).encode())
    for text in ("übel", "ÜBEL", "你好", '"X"/y', "y z", "😀", "a"):
        assert lines.find(text) == [1], text
    assert lines.find("nothing") == []
    assert lines.find("[") == []


# ---- cost


def test_a_large_value_opens_at_once_and_only_what_is_in_view_is_looked_at():
    """The goal is 20 ms for 600 kB; the gate is wide, as machines differ."""
    chunk = {"content": "word " * 60, "score": 0.5, "metadata": {"tags": [1, None, True]}}
    data = msgspec.json.encode([{"position": position, **chunk} for position in range(1700)])
    assert len(data) > 600_000
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        lines = JsonLines(data)
        for row in range(40):
            lines.spans(row)
        best = min(best, time.process_time() - start)
    assert best < 0.06


@pytest.mark.parametrize("between", [b"", b'"]",', b'"\\\\",', b'"\\"]]",'])
def test_nesting_that_would_fill_the_memory_is_shown_as_text(between):
    data = (b"[" + between) * 900 + b"1," * 100_000 + b"1" + b"]" * 900
    start = time.process_time()
    assert not JsonLines(data).is_json
    assert time.process_time() - start < 1


def test_brackets_in_strings_are_no_nesting():
    data = msgspec.json.encode(["[" * 50, '\\"[{', "]"] * 1000)
    assert JsonLines(data).is_json


def test_a_name_of_blanks_holds_what_is_in_it():
    lines = JsonLines(b'{" ": [null]}')
    assert [lines.path(row) for row in range(lines.height)] == ["$", '$[" "]', '$[" "][0]', '$[" "]', "$"]
