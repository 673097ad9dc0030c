"""What becomes of a frame that the typed decoder refuses: what is kept, and exactly what is said of it.

DESIGN 6: one wrongly typed field does not cost the event. A note is the kind of an anomaly and, for a field, its path.
Nothing here may raise, whatever a peer sends.
"""

import json
from decimal import Decimal

import msgspec
import pytest

from streamkit import Tap
from streamkit.dialects import dialect
from streamkit.dialects.base import Malformed, Notes, Unknown
from streamkit.dialects.dify.events import (
    AgentLog,
    Error,
    Message,
    MessageEnd,
    NodeFinished,
    TextChunk,
    WorkflowBlockingResponse,
    WorkflowFinished,
    WorkflowPaused,
)
from streamkit.dialects.salvage import decode_lenient

from .dify.streams import anomalies, finished, kinds, sse, started, workflow, workflow_finished, workflow_started

DIFY = dialect("dify")


def read(data):
    """Decode the data of a frame; objects are written as JSON first."""
    notes: Notes = []
    return DIFY.decode(data if isinstance(data, bytes) else json.dumps(data).encode(), notes), notes


def node_finished(**data):
    return {"event": "node_finished", "data": {"id": "a.1", "node_id": "a", **data}}


# ---- what it is


@pytest.mark.parametrize("word", ["later", "MESSAGE", "", "message ", "unknown", "malformed"])
def test_an_unknown_word_is_an_unknown_event(word):
    """C.13.7: kept, and named."""
    event, notes = read({"event": word, "data": {"a": 1}})
    assert type(event) is Unknown
    assert event.word == word
    assert json.loads(event.raw) == {"event": word, "data": {"a": 1}}
    assert notes == [("unknown-event", word)]


@pytest.mark.parametrize(
    "data",
    [b'{"event": "later", "a": 1.0}', b'{"event":"later","n":NaN}', b'{"event":"later","s":"\\ud800"}'],
    ids=["spaced", "NaN", "surrogate"],
)
def test_an_unknown_event_keeps_its_json_as_it_came(data):
    """`Unknown.raw`, byte for byte: an older server writes its JSON with blanks, and what is odd stays odd."""
    event, notes = read(data)
    assert event == Unknown("later", data)
    assert notes[-1] == ("unknown-event", "later")


def test_the_words_of_documents_are_unknown_in_a_stream():
    """`chat_completion_response` is our own name for an answer of section D."""
    event, notes = read({"event": "workflow_blocking_response"})
    assert type(event) is Unknown
    assert notes == [("unknown-event", "workflow_blocking_response")]


def test_a_very_long_word_is_cut_in_the_note():
    event, ((kind, detail),) = read({"event": "x" * 5000})
    assert (type(event), kind, detail) == (Unknown, "unknown-event", "x" * 100)
    assert len(event.word) == 5000


@pytest.mark.parametrize(
    "payload", [{}, {"data": {}}, {"event": None}, {"event": 5, "id": "x"}, {"event": ["message"]}]
)
def test_an_object_without_a_word_is_malformed(payload):
    event, notes = read(payload)
    assert type(event) is Malformed
    assert json.loads(event.raw) == payload
    assert [kind for kind, _ in notes] == ["malformed-event"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            {"code": "invalid_param", "message": "no", "status": 400},
            Error(code="invalid_param", message="no", status=400),
        ),
        ({"message": "no", "status": 500}, Error(message="no", status=500)),
        ({"code": "unauthorized", "message": "no"}, Error(code="unauthorized", message="no")),
        (
            {"event": None, "code": "not_found", "message": "no", "status": 404},
            Error(code="not_found", message="no", status=404),
        ),
    ],
)
def test_a_bare_error_body_is_an_error(body, error):
    """A.14: something wrote an HTTP error into the stream."""
    assert read(body) == (error, [])


def test_a_bare_error_body_with_a_wrong_type_is_an_error():
    event, notes = read({"code": "c", "message": "no", "status": {"http": 400}})
    assert (event, notes) == (Error(code="c", message="no"), [("bad-field", "status")])


@pytest.mark.parametrize(
    "data",
    [
        *(b"hello", b"<html>", b"", b" ", b"[DONE]", b"undefined", b"'a'"),
        *(b"[]", b'[{"event":"message"}]', b"5", b"null", b"true", b'"message"', b"NaN"),
        *(b"{", b'{"event":"message"', b'{"event":"message","answer":"Hi', b'{"event":"message"}}', b'{"event":}'),
        *(b'{"event":"message"} {"event":"message"}', b'{"event":"message"}\x00', b"\xff\xfe{", b"\x00"),
    ],
)
def test_what_is_no_json_object_is_malformed(data):
    event, notes = read(data)
    assert type(event) is Malformed
    assert event.raw == data
    assert [kind for kind, _ in notes][-1] == "malformed-event"
    assert event.reason
    assert DIFY.run_keys(event) == ()


def test_blanks_around_an_object_are_no_fault():
    assert read(b' \t{"event":"message","answer":"Hi"} \r\n') == (Message(answer="Hi"), [])


def test_of_two_equal_keys_the_last_one_counts():
    """As in every JSON reader that Dify's clients use."""
    assert read(b'{"event":"message","answer":"a","answer":"b"}') == (Message(answer="b"), [])


# ---- what the standard forbids


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_are_none_are_null(number):
    """DESIGN 6, A.5: wherever they stand, the rest of the event is read. (`1e999` is good JSON, and no number.)"""
    data = b'{"event":"node_finished","data":{"id":"a.1","elapsed_time":%s,"outputs":{"x":1}}}' % number.encode()
    event, notes = read(data)
    assert type(event) is NodeFinished
    assert (event.data.id, event.data.elapsed_time) == ("a.1", None)
    assert json.loads(bytes(event.data.outputs)) == {"x": 1}
    assert len(notes) == 1
    assert notes[0][0] in ("non-standard-json", "bad-field")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_inside_a_value_of_the_user(number):
    data = b'{"event":"node_finished","data":{"id":"a.1","outputs":{"x":[1,%s],"y":2}}}' % number.encode()
    event, notes = read(data)
    assert json.loads(bytes(event.data.outputs)) == {"x": [1, None], "y": 2}
    assert notes == [("non-standard-json", f"{len(data)} bytes")]


def test_a_lone_surrogate_in_a_text_is_a_replacement_character():
    data = b'{"event":"message","answer":"a\\ud83db","id":"m"}'
    event, notes = read(data)
    assert event == Message(id="m", answer="a\N{REPLACEMENT CHARACTER}b")
    assert notes == [("non-standard-json", f"{len(data)} bytes")]


def test_two_halves_of_a_surrogate_pair_are_one_character():
    assert read(b'{"event":"message","answer":"\\ud83d\\ude80"}') == (Message(answer="\N{ROCKET}"), [])


def test_bad_utf8_in_a_text_is_a_replacement_character():
    data = b'{"event":"message","answer":"a\xffb","id":"m"}'
    event, notes = read(data)
    assert event == Message(id="m", answer="a\N{REPLACEMENT CHARACTER}b")
    assert notes == [("bad-utf8", f"{len(data)} bytes")]


@pytest.mark.parametrize(
    ("outputs", "kind"),
    [(b'{"x":"a\\ud83db"}', "non-standard-json"), (b'{"x":"a\xffb"}', "bad-utf8")],
    ids=["lone surrogate", "bad UTF-8"],
)
def test_characters_that_are_none_inside_a_value_of_the_user(outputs, kind):
    """The run shows a replacement character there, so it must say that it is not what was sent."""
    frame = b'data: {"event":"node_finished","data":{"id":"a.1","node_id":"a","status":"succeeded","outputs":%s}}\n\n'
    tap = Tap("dify")
    tap.feed(frame % outputs)
    (node,) = tap.run.nodes
    assert node.outputs == {"x": "a\N{REPLACEMENT CHARACTER}b"}
    msgspec.json.encode(tap.run.snapshot())
    assert kinds(tap.run) == [kind]


def test_bad_utf8_and_a_bad_field_are_two_notes():
    data = b'{"event":"error","message":"a\xff","status":[1]}'
    event, notes = read(data)
    assert event == Error(message="a\N{REPLACEMENT CHARACTER}")
    assert notes == [("bad-utf8", f"{len(data)} bytes"), ("bad-field", "status")]


def test_bad_utf8_that_is_no_json_is_malformed():
    event, notes = read(b'{"event":"message\xff')
    assert type(event) is Malformed
    assert [kind for kind, _ in notes] == ["bad-utf8", "malformed-event"]


# ---- wrong types


@pytest.mark.parametrize(
    ("sent", "field", "value"),
    [
        ("5", "total_tokens", 5),
        ("-3", "total_tokens", -3),
        ("1.5", "elapsed_time", 1.5),
        (5.0, "total_tokens", 5),
        ("1_000", "total_tokens", None),
        ("nan", "elapsed_time", None),
        ("1e999", "elapsed_time", None),
        ("9" * 50, "total_tokens", None),
        ("five", "total_tokens", None),
        ("", "total_tokens", None),
        (5.5, "total_tokens", None),
        (True, "total_tokens", None),
        ([5], "total_tokens", None),
        ({"n": 5}, "total_tokens", None),
        ({"text": "no"}, "error", None),
        (["no"], "error", None),
    ],
)
def test_a_wrong_type_is_converted_if_that_loses_nothing_and_else_dropped(sent, field, value):
    event, notes = read({"event": "workflow_finished", "data": {"id": "r", "status": "succeeded", field: sent}})
    assert type(event) is WorkflowFinished
    assert getattr(event.data, field) == value
    assert (event.data.id, event.data.status) == ("r", "succeeded")
    assert notes == [("bad-field", f"data.{field}")]


@pytest.mark.parametrize("sent", ["true", 1, "perhaps", [True], {}])
def test_a_truth_that_is_no_bool_is_not_false(sent):
    event, notes = read(node_finished(outputs_truncated=sent, status="succeeded"))
    assert event.data.outputs_truncated in (msgspec.UNSET, True)
    assert event.data.status == "succeeded"
    assert notes == [("bad-field", "data.outputs_truncated")]


@pytest.mark.parametrize(("sent", "text"), [(5, "5"), (-1, "-1"), (1.5, "1.5"), (True, None), ([5], None), ({}, None)])
def test_a_number_where_a_text_should_be_is_its_digits(sent, text):
    """The id of a form, or a code: nothing is lost."""
    event, notes = read({"event": "error", "message": "no", "code": sent})
    assert (event, notes) == (Error(message="no", code=text), [("bad-field", "code")])


def test_every_wrong_field_is_noted():
    """`bad-field` is counted with its path, whether the field was converted or left out."""
    event, notes = read(node_finished(elapsed_time="1.5", index="3", status="succeeded"))
    assert (event.data.elapsed_time, event.data.index, event.data.status) == (1.5, 3, "succeeded")
    assert sorted(notes) == [("bad-field", "data.elapsed_time"), ("bad-field", "data.index")]


def test_what_becomes_of_a_wrong_field_does_not_depend_on_the_others():
    """A number in a string is converted, also beside a field that must be left out."""
    event, notes = read(node_finished(error={"a": 1}, elapsed_time="1.5", title=["t"], index="3", status="succeeded"))
    assert (event.data.error, event.data.elapsed_time, event.data.title, event.data.index) == (None, 1.5, None, 3)
    assert event.data.status == "succeeded"
    assert sorted(notes) == [
        ("bad-field", "data.elapsed_time"),
        ("bad-field", "data.error"),
        ("bad-field", "data.index"),
        ("bad-field", "data.title"),
    ]


def test_a_wrong_field_of_the_envelope():
    event, notes = read({"event": "message", "answer": "Hi", "message_id": {"id": 1}, "created_at": "1700000000"})
    assert (event.answer, event.message_id, event.created_at) == ("Hi", None, 1700000000)
    assert sorted(notes) == [("bad-field", "created_at"), ("bad-field", "message_id")]


@pytest.mark.parametrize("sent", [[1, 2], "text", 5, 1.5, 0, True])
def test_a_payload_that_is_no_object_is_left_out(sent):
    event, notes = read({"event": "node_finished", "task_id": "t", "data": sent})
    assert (event, notes) == (NodeFinished(task_id="t"), [("bad-field", "data")])


@pytest.mark.parametrize("sent", ["none", 5, 1.5, [], True])
def test_a_struct_inside_that_is_no_object_is_left_out(sent):
    event, notes = read({"event": "message_end", "id": "m", "metadata": {"usage": sent, "retriever_resources": []}})
    assert type(event) is MessageEnd
    assert (event.id, event.metadata.usage, event.metadata.retriever_resources) == ("m", None, [])
    assert notes == [("bad-field", "metadata.usage")]


@pytest.mark.parametrize(("item", "left"), [(None, ("llm",)), (False, ("llm",)), (5, ("llm", "5"))])
def test_a_wrong_item_of_a_list_costs_at_most_itself(item, left):
    event, notes = read({"event": "text_chunk", "data": {"text": "Hi", "from_variable_selector": ["llm", item]}})
    assert type(event) is TextChunk
    assert (event.data.text, event.data.from_variable_selector) == ("Hi", left)
    assert notes == [("bad-field", "data.from_variable_selector[1]")]


@pytest.mark.parametrize("item", [{"a": 1}, ["text"]])
def test_a_structure_where_a_text_should_be_costs_at_most_its_list(item):
    event, notes = read({"event": "text_chunk", "data": {"text": "Hi", "from_variable_selector": ["llm", item]}})
    assert (event.data.text, event.data.from_variable_selector) in (("Hi", ("llm",)), ("Hi", None))
    assert notes == [("bad-field", "data.from_variable_selector[1]")]


@pytest.mark.parametrize("sent", ["llm.text", 5, 1.5, {}, True])
def test_a_list_that_is_none_is_left_out(sent):
    event, notes = read({"event": "message", "answer": "Hi", "from_variable_selector": sent})
    assert (event, notes) == (Message(answer="Hi"), [("bad-field", "from_variable_selector")])


def test_a_wrong_field_of_an_object_in_a_list_costs_only_itself():
    reasons = [{"form_id": "f1", "node_id": "h"}, {"form_id": [7], "node_id": "i"}]
    event, notes = read({"event": "workflow_paused", "data": {"reasons": reasons, "status": "paused"}})
    assert type(event) is WorkflowPaused
    assert [(reason.form_id, reason.node_id) for reason in event.data.reasons] == [("f1", "h"), (None, "i")]
    assert notes == [("bad-field", "data.reasons[1].form_id")]


def test_an_item_that_is_no_object_costs_only_itself():
    reasons = [{"form_id": "f1"}, "paused"]
    event, notes = read({"event": "workflow_paused", "data": {"reasons": reasons}})
    assert [reason.form_id for reason in event.data.reasons] == ["f1"]
    assert notes == [("bad-field", "data.reasons[1]")]


def test_a_wrong_value_of_a_mapping_costs_the_mapping():
    """The path of such a value names no key."""
    event, notes = read({"event": "message_end", "id": "m", "metadata": {"reasoning": {"a": "hm", "b": 5}}})
    assert (event.id, event.metadata.reasoning) == ("m", None)
    assert notes == [("bad-field", "metadata.reasoning[...]")]


def test_a_price_that_is_none_costs_only_itself():
    event, notes = read({"event": "message_end", "metadata": {"usage": {"total_price": "free", "total_tokens": 3}}})
    assert (event.metadata.usage.total_price, event.metadata.usage.total_tokens) == (None, 3)
    assert notes == [("bad-field", "metadata.usage.total_price")]


WRONG = [
    *("id", "node_id", "node_type", "title", "index", "predecessor_node_id", "inputs_truncated", "status", "error"),
    *("process_data_truncated", "outputs_truncated", "elapsed_time", "created_at", "finished_at", "iteration_id"),
    *("loop_id", "parallel_id", "parallel_start_node_id", "parent_parallel_id", "parent_parallel_start_node_id"),
    *("retry_index",),
]
WRONG_IDS = ["task_id", "workflow_run_id", "conversation_id", "message_id", "created_at"]


def wrong(count):
    """A frame with so many fields of a wrong type, and one that is right."""
    envelope, inside = WRONG_IDS[: max(count - len(WRONG), 0)], WRONG[:count]
    return {
        "event": "node_finished",
        **{name: {} for name in envelope},
        "data": {**{name: {} for name in inside}, "outputs": {"x": 1}},
    }


@pytest.mark.parametrize("count", [1, 10, 23, 24])
def test_up_to_24_wrong_fields_are_dropped_one_by_one(count):
    """`_MOST_FIELDS`: so many are dropped; a frame with more has no meaning."""
    event, notes = read(wrong(count))
    assert type(event) is NodeFinished
    assert json.loads(bytes(event.data.outputs)) == {"x": 1}
    assert [kind for kind, _ in notes] == ["bad-field"] * count
    assert len(set(notes)) == count


def test_a_frame_with_more_wrong_fields_is_malformed_and_keeps_its_bytes():
    data = json.dumps(wrong(25)).encode()
    event, notes = read(data)
    assert event == Malformed(event.reason, data)
    assert {kind for kind, _ in notes[:-1]} == {"bad-field"}
    assert notes[-1][0] == "malformed-event"


def test_a_field_name_with_signs_of_a_path_in_it_confuses_nobody():
    event, notes = read({"event": "agent_log", "data": {"id": [5], "label": "x", "data": {"a.b[0]": {"$": "`"}}}})
    assert type(event) is AgentLog
    assert (event.data.id, event.data.label, event.data.data) == (None, "x", {"a.b[0]": {"$": "`"}})
    assert notes == [("bad-field", "data.id")]


# ---- what is large


def test_a_number_of_five_thousand_digits_costs_only_its_field():
    """Python refuses to convert it; JSON has no limit."""
    data = b'{"event":"workflow_finished","data":{"id":"r","status":"succeeded","total_tokens":%s}}' % (b"9" * 5000)
    event, notes = read(data)
    assert type(event) is WorkflowFinished
    assert (event.data.id, event.data.status) == ("r", "succeeded")
    assert event.data.total_tokens is None
    assert notes == [("non-standard-json", f"{len(data)} bytes")]


@pytest.mark.parametrize("digits", [19, 20, 30, 309, 4000])
def test_a_large_integer_is_kept_or_costs_only_its_field(digits):
    data = b'{"event":"workflow_finished","data":{"id":"r","status":"succeeded","total_steps":%s}}' % (b"9" * digits)
    event, notes = read(data)
    assert type(event) is WorkflowFinished
    assert (event.data.id, event.data.status) == ("r", "succeeded")
    assert event.data.total_steps in (int("9" * digits), None)
    assert notes in ([], [("bad-field", "data.total_steps")])


def test_a_number_of_five_thousand_digits_in_a_value_of_the_user_is_kept():
    body = sse(
        started("a.1"), b'data: {"event":"node_finished","data":{"id":"a.1","outputs":{"n":%s}}}\n\n' % (b"9" * 5000)
    )
    tap = Tap("dify")
    tap.feed(body)
    node = tap.run.executions["a.1"]
    assert node.outputs_json == b'{"n":%s}' % (b"9" * 5000)
    assert node.outputs is not None
    msgspec.json.encode(tap.run.snapshot())


def test_a_number_of_five_thousand_digits_does_not_spoil_the_repair_of_another_field():
    data = b'{"event":"node_finished","data":{"id":"a.1","title":[1],"outputs":{"n":%s}}}' % (b"9" * 5000)
    event, notes = read(data)
    assert type(event) is NodeFinished
    assert event.data.id == "a.1"
    assert ("bad-field", "data.title") in notes


def test_a_price_of_many_digits():
    price = "0." + "1" * 3000
    event, notes = read({"event": "message_end", "metadata": {"usage": {"total_price": price}}})
    assert (event.metadata.usage.total_price, notes) == (Decimal(price), [])


@pytest.mark.parametrize("depth", [100, 500])
@pytest.mark.parametrize("brackets", [b"[]", b"{}"], ids=["lists", "objects"])
def test_a_value_of_the_user_may_be_deep(depth, brackets):
    left = brackets[:1] if brackets == b"[]" else b'{"a":'
    nested = left * depth + b"1" + brackets[1:] * depth
    event, notes = read(b'{"event":"node_finished","data":{"id":"a.1","outputs":%s}}' % nested)
    assert (event.data.id, bytes(event.data.outputs), notes) == ("a.1", nested, [])


@pytest.mark.parametrize("depth", [1_000, 100_000])
@pytest.mark.parametrize("place", ["", '"event":"message","x":', '"event":"agent_log","data":{"data":'])
def test_nesting_without_an_end_is_malformed(depth, place):
    closing = "]" * depth + "}" * place.count("{")
    data = ("{" + (place or '"a":') + "[" * depth + closing + "}").encode()
    event, notes = read(data)
    assert type(event) in (Malformed, Message, AgentLog)
    assert len(notes) <= 2


def test_no_depth_raises():
    """Decoders and encoders give up at depths that differ a little: between them is where something would escape."""
    for depth in range(800, 1000):
        nested = "[" * depth + "]" * depth
        for payload in (
            f'{{"event":"node_finished","data":{{"id":"a.1","index":"x","outputs":{nested}}}}}',
            f'{{"event":"agent_log","data":{{"id":5,"data":{nested}}}}}',
            f'{{"event":"agent_log","data":{{"id":NaN,"data":{nested}}}}}',
            f'{{"message":"no","status":500,"x":{nested}}}',
            f'{{"event":"later","x":{nested}}}',
        ):
            event, _ = read(payload.encode())
            assert event.kind in ("node_finished", "agent_log", "error", "unknown", "malformed")


def test_no_depth_of_a_document_raises():
    for depth in range(800, 1000):
        nested = "[" * depth + "]" * depth
        for payload in (
            f'{{"workflow_run_id":"r","data":{{"status":"succeeded","outputs":{nested}}}}}',
            f'{{"event":"message","mode":"chat","answer":"Hi","metadata":{{"annotation_reply":{nested}}}}}',
            f'{{"message":"no","status":500,"x":{nested}}}',
        ):
            (event,) = DIFY.decode_document(payload.encode(), [])
            assert event.kind in (
                "workflow_blocking_response",
                "chat_completion_response",
                "message",
                "error",
                "malformed",
            )


# ---- documents


def test_a_document_with_a_wrong_field_keeps_the_rest():
    data = {"task_id": "t", "workflow_run_id": "r", "data": {"status": "succeeded", "total_tokens": "24", "error": {}}}
    notes: Notes = []
    (event,) = DIFY.decode_document(json.dumps(data).encode(), notes)
    assert type(event) is WorkflowBlockingResponse
    assert (event.data.status, event.data.total_tokens, event.data.error) == ("succeeded", 24, None)
    assert sorted(notes) == [("bad-field", "data.error"), ("bad-field", "data.total_tokens")]


def test_a_document_that_is_no_json_is_malformed():
    notes: Notes = []
    (event,) = DIFY.decode_document(b"{oops", notes)
    assert type(event) is Malformed
    assert [kind for kind, _ in notes] == ["malformed-event"]


# ---- in a run


def test_what_cannot_be_read_is_counted_and_the_run_goes_on():
    run = workflow(
        workflow_started(),
        b"data: not JSON\n\n",
        started("a.1", title={"en": "A"}),
        b'data: {"event":"later"}\n\n',
        finished("a.1", elapsed_time="0.5"),
        workflow_finished(),
    )
    assert (run.status, run.nodes[0].elapsed_time) == ("succeeded", 0.5)
    assert kinds(run) == ["malformed-event", "bad-field", "unknown-event", "bad-field"]
    assert [detail for kind, detail in anomalies(run) if kind == "bad-field"] == ["data.title", "data.elapsed_time"]
    assert [anomaly.frame for anomaly in run.anomalies] == [1, 2, 3, 4]
    assert (run.events["malformed"], run.events["unknown"]) == (1, 1)


# ---- decode_lenient, for those who only look


@pytest.mark.parametrize(
    ("data", "value", "kinds"),
    [
        (b'{"a":1}', {"a": 1}, []),
        (b'{"a":NaN}', {"a": None}, ["non-standard-json"]),
        (b'data: {"a":1}', {"a": 1}, ["non-standard-json"]),
        (b'data:data:{"a":1}', None, []),
        (b'{"a":"\xff"}', {"a": "\N{REPLACEMENT CHARACTER}"}, ["bad-utf8"]),
        (b"[1]", None, []),
        (b"null", None, []),
        (b"{", None, []),
        (b"[" * 100_000, None, []),
    ],
)
def test_a_lenient_look_at_an_object(data, value, kinds):
    notes: Notes = []
    assert decode_lenient(data, notes) == value
    assert [kind for kind, _ in notes] == kinds
