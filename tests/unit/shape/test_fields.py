from streamkit.shape.fields import Field, Fields, type_of


def found(*payloads):
    fields = Fields()
    for payload in payloads:
        fields.add(payload)
    return fields.found()


def test_a_field_stands_at_its_path_and_its_holder_before_it():
    assert found({"a": {"b": [{"c": 1}]}}) == {
        "a": Field(["object"], True),
        "a.b": Field(["list"], True),
        "a.b[]": Field(["object"], True),
        "a.b[].c": Field(["integer"], True),
    }


def test_types_of_all_events_are_collected():
    assert found({"a": 1}, {"a": None}, {"a": 1.5})["a"] == Field(["integer", "null", "number"], True)


def test_a_field_is_always_there_if_every_object_has_it_that_could():
    fields = found({"a": {"x": 1}}, {"a": None}, {"a": {"x": 1, "y": 2}})
    assert fields["a"].always
    assert fields["a.x"].always
    assert not fields["a.y"].always


def test_keys_that_are_values_are_one_field():
    fields = found({"times": {"0": 0.5, "1": 0.7}, "by_node": {"0123456789abcdef0123456789abcdef": "x"}})
    assert {"times.*", "by_node.*"} <= fields.keys()
    assert fields["times.*"] == Field(["number"], True)
    named = found({"doc_aggs": {"a.md": {"count": 1}}, "tool_labels": {"search": {}}})
    assert set(named) == {"doc_aggs", "doc_aggs.*", "doc_aggs.*.count", "tool_labels", "tool_labels.*"}


def test_json_as_deep_as_it_comes():
    deep = {}
    for _ in range(10_000):
        deep = {"a": deep}
    assert len(found(deep)) == 10_000


def test_every_type_of_json_has_its_word():
    values = ({}, [], "", 1, 1.0, True, None)
    assert [type_of(value) for value in values] == ["object", "list", "text", "integer", "number", "boolean", "null"]
