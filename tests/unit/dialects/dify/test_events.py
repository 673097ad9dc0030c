"""What a Dify server may send: every event with every field of protocol B.7, typed; nothing is required.

`FRAMES` holds each event once with all of its fields, none of them null. A struct that knew more or fewer fields than
its row would fail the first test, so the table is the whole of B.7 and of the structs.
"""

import json
from copy import deepcopy
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from streamkit.dialects import dialect
from streamkit.dialects.base import Event, Malformed, Notes, Unknown
from streamkit.dialects.dify import events
from streamkit.dialects.dify.events import DOCUMENTS, STREAMED, DifyEvent
from streamkit.dialects.dify.reducer import _APPLY

ENVELOPE = {
    "task_id": "t",
    "workflow_run_id": "r",
    "conversation_id": "c",
    "message_id": "m",
    "created_at": 1700000000,
}
USAGE = {
    "prompt_tokens": 812,
    "prompt_unit_price": "0.15",
    "prompt_price_unit": "0.000001",
    "prompt_price": "0.0001218",
    "completion_tokens": 41,
    "completion_unit_price": "0.6",
    "completion_price_unit": "0.000001",
    "completion_price": "0.0000246",
    "total_tokens": 853,
    "total_price": "0.0001464",
    "currency": "USD",
    "latency": 2.06,
    "time_to_first_token": 0.5,
    "time_to_generate": 1.5,
}
METADATA = {
    "usage": USAGE,
    "retriever_resources": [{"position": 1, "dataset_name": "d", "score": 0.9, "content": "x", "page": None}],
    "annotation_reply": {"id": "a", "account": {"id": "i", "name": "n"}},
    "reasoning": {"llm": "because"},
}
FILE = {"dify_model_identity": "__dify__file__", "type": "image", "transfer_method": "tool_file", "related_id": "f"}
LEGACY = {
    "parallel_id": "p",
    "parallel_start_node_id": "a",
    "parent_parallel_id": "pp",
    "parent_parallel_start_node_id": "b",
}
NODE = {
    "id": "e",
    "node_id": "n",
    "node_type": "llm",
    "title": "LLM",
    "index": 1,
    "predecessor_node_id": "start",
    "inputs": {"q": "?"},
    "inputs_truncated": False,
    "created_at": 1700000001,
    "iteration_id": "it",
    "loop_id": "lp",
    **LEGACY,
}
NODE_END = {
    **NODE,
    "process_data": {"model_name": "gpt"},
    "process_data_truncated": True,
    "outputs": {"text": "!"},
    "outputs_truncated": True,
    "status": "succeeded",
    "error": "no",
    "elapsed_time": 1.25,
    "execution_metadata": {"total_tokens": 3, "iteration_index": 0, "unknown": [1]},
    "finished_at": 1700000002,
    "files": [FILE],
    "retry_index": 1,
}
CONTAINER = {
    "id": "it",
    "node_id": "it",
    "node_type": "iteration",
    "title": "Each",
    "created_at": 1700000001,
    "extras": {},
    "parallel_id": "p",
    "parallel_start_node_id": "a",
}
CONTAINER_START = {
    **CONTAINER,
    "metadata": {"iteration_length": 2},
    "inputs": {"iterator_selector": ["x", "y"]},
    "inputs_truncated": False,
}
CONTAINER_NEXT = {
    **CONTAINER,
    "index": 1,
    "pre_iteration_output": "X",
    "pre_loop_output": {},
    "parallel_mode_run_id": "0af1",
    "duration": 0.5,
}
CONTAINER_END = {
    **CONTAINER,
    "outputs": {"output": ["X", "Y"]},
    "outputs_truncated": False,
    "inputs": {"iterator_selector": ["x", "y"]},
    "inputs_truncated": False,
    "status": "succeeded",
    "error": "always null, but who knows",
    "elapsed_time": 0.75,
    "total_tokens": 12,
    "execution_metadata": {"iteration_duration_map": {"0": 0.5}},
    "finished_at": 1700000002,
    "steps": 2,
}
REASON = {
    "TYPE": "human_input_required",
    "type": "human_input_required",
    "form_id": "f",
    "form_content": "Well?",
    "inputs": [{"type": "paragraph", "output_variable_name": "comment"}],
    "actions": [{"id": "ok", "title": "OK", "button_style": "primary"}],
    "node_id": "h",
    "node_title": "Review",
    "resolved_default_values": {"comment": "-"},
    "form_token": "secret",
    "approval_channels": ["webapp"],
    "expiration_time": 1700003600,
    "message": "why",
}
RESULT = {
    "id": "r",
    "workflow_id": "w",
    "status": "succeeded",
    "outputs": {"answer": "!"},
    "error": "no",
    "elapsed_time": 1.5,
    "total_tokens": 24,
    "total_steps": 4,
    "created_at": 1700000000,
    "finished_at": 1700000002,
}
BRANCH = {
    "parallel_id": "p",
    "parallel_branch_id": "a",
    "parent_parallel_id": "pp",
    "parent_parallel_start_node_id": "b",
    "iteration_id": "it",
    "loop_id": "lp",
    "created_at": 1700000001,
    "status": "succeeded",
    "error": "no",
}

FRAMES: dict[str, dict[str, Any]] = {
    # B.3
    "ping": {},
    "message": {"id": "m", "answer": "Hi", "from_variable_selector": ["llm", "text"]},
    "agent_message": {"id": "m", "answer": "Hi"},
    "agent_thought": {
        "id": "th",
        "position": 1,
        "thought": "hm",
        "observation": '{"search": "[]"}',
        "tool": "search",
        "tool_labels": {"search": {"en_US": "Search"}},
        "tool_input": '{"search": {"q": "x"}}',
        "message_files": ["f"],
    },
    "message_file": {
        "id": "f",
        "type": "image",
        "belongs_to": "assistant",
        "url": "/files/f.png",
        "answer": "a delta under a wrong name",
        "from_variable_selector": ["llm", "text"],
    },
    "message_replace": {"answer": "No.", "reason": "output_moderation"},
    "message_end": {"id": "m", "metadata": METADATA, "files": [FILE]},
    "tts_message": {"audio": "//uQ", "audio_type": "mp3"},
    "tts_message_end": {"audio": "", "audio_type": "mp3"},
    "error": {"code": "invalid_param", "status": 400, "message": "boom"},
    # B.4
    "workflow_started": {
        "data": {
            "id": "r",
            "workflow_id": "w",
            "inputs": {"q": "?", "sys.user_id": "u"},
            "created_at": 1700000000,
            "reason": "initial",
            "sequence_number": 77,
        }
    },
    "workflow_finished": {
        "data": {
            **RESULT,
            "created_by": {"id": "eu", "user": "u", "name": "n", "email": "e@x"},
            "exceptions_count": 1,
            "files": [FILE],
            "handoff_duration": 0.5,
            "prompt_tokens": 12,
            "completion_tokens": 12,
        }
    },
    "workflow_paused": {
        "data": {
            "workflow_run_id": "r",
            "paused_nodes": ["h"],
            "outputs": {"answer": "so far"},
            "reasons": [REASON],
            "status": "paused",
            "created_at": 1700000000,
            "elapsed_time": 1.5,
            "total_tokens": 24,
            "total_steps": 4,
        },
        "answer": "so far",
        "metadata": METADATA,
    },
    "workflow_maintenance_paused": {"data": {"reason": "handoff"}},
    "node_started": {
        "data": {
            **NODE,
            "extras": {"icon": {"content": "x", "background": "#fff"}},
            "agent_strategy": {"name": "ReAct", "icon": "i"},
            "parallel_run_id": "0af1",
        }
    },
    "node_finished": {"data": NODE_END},
    "node_retry": {"data": NODE_END},
    "iteration_started": {"data": CONTAINER_START},
    "iteration_next": {"data": CONTAINER_NEXT},
    "iteration_completed": {"data": CONTAINER_END},
    "loop_started": {"data": CONTAINER_START},
    "loop_next": {"data": CONTAINER_NEXT},
    "loop_completed": {"data": CONTAINER_END},
    "text_chunk": {"data": {"text": "Hi", "from_variable_selector": ["llm", "text"]}},
    "text_replace": {"data": {"text": "Hi"}},
    "reasoning_chunk": {"data": {"message_id": "m", "reasoning": "hm", "node_id": "llm", "is_final": True}},
    "agent_log": {
        "data": {
            "node_execution_id": "ag",
            "id": "l",
            "message_id": "l2",
            "label": "ROUND 1",
            "parent_id": "l0",
            "error": "no",
            "status": "start",
            "data": {"thought": "hm"},
            "metadata": {"elapsed_time": 0.5, "total_tokens": 12},
            "node_id": "ag",
        }
    },
    "human_input_required": {
        "data": {
            **{key: value for key, value in REASON.items() if key not in ("TYPE", "type", "message")},
            "display_in_ui": True,
        }
    },
    "human_input_form_filled": {
        "data": {
            "node_id": "h",
            "node_title": "Review",
            "rendered_content": "Well? Yes.",
            "action_id": "ok",
            "action_text": "OK",
            "submitted_data": {"comment": "yes"},
        }
    },
    "human_input_form_timeout": {"data": {"node_id": "h", "node_title": "Review", "expiration_time": 1700003600}},
    # B.2, outside the enum of the server; B.5, 0.8 - 1.8
    "datasource_processing": {"total": 2, "completed": 1},
    "datasource_completed": {"data": [{"title": "Docs"}], "total": 2, "completed": 2, "time_consuming": 1.5},
    "datasource_error": {"error": "no"},
    "parallel_branch_started": {"data": BRANCH},
    "parallel_branch_finished": {"data": BRANCH},
}

ANSWERS: dict[str, dict[str, Any]] = {
    # section D: documents, no stream; their words are ours
    "chat_completion_response": {"id": "m", "mode": "advanced-chat", "answer": "Hi", "metadata": METADATA},
    "workflow_blocking_response": {"data": {**RESULT, "paused_nodes": ["h"], "reasons": [REASON]}},
}

NEVER_NULL = {
    *("message.answer", "agent_message.answer", "message_replace.answer", "tts_message.audio", "tts_message_end.audio"),
    *("text_chunk.data.text", "text_replace.data.text"),
    *("reasoning_chunk.data.reasoning", "reasoning_chunk.data.is_final"),
    *(f"{word}.data" for word, frame in FRAMES.items() if isinstance(frame.get("data"), dict)),
    *(f"{word}.data.{name}_truncated" for word in FRAMES for name in ("inputs", "process_data", "outputs")),
}
"""What B.7 says is never null: there a null is a wrong type, which is noted and dropped."""

every_word = pytest.mark.parametrize("word", FRAMES)
every_event = pytest.mark.parametrize("word", [*FRAMES, *ANSWERS])


def whole(word: str) -> dict[str, Any]:
    """The frame of a word with every field."""
    return {"event": word, **ENVELOPE, **deepcopy({**FRAMES, **ANSWERS}[word])}


def read(payload: dict[str, Any]) -> tuple[Event, Notes]:
    """Decode as a stream is decoded; an answer of section D as its struct."""
    notes: Notes = []
    data = json.dumps(payload).encode()
    if payload["event"] in ANSWERS:
        return msgspec.json.decode(data, type=EVENTS[payload["event"]]), notes
    return dialect("dify").decode(data, notes), notes


def said(event: Event) -> Any:
    """What an event says, as JSON."""
    return msgspec.json.decode(msgspec.json.encode(event))


EVENTS: dict[str, type[DifyEvent]] = {str(kind.__struct_config__.tag): kind for kind in (*STREAMED, *DOCUMENTS)}


def paths(payload: dict[str, Any]) -> list[tuple[str, ...]]:
    """The fields of a frame: those beside `event`, and those inside its structs."""
    found: list[tuple[str, ...]] = []
    for key, value in payload.items():
        if key == "event":
            continue
        found.append((key,))
        if isinstance(value, dict) and (key, payload["event"]) not in OPAQUE:
            found += [(key, inner) for inner in value]
    return found


OPAQUE = {("data", "workflow_maintenance_paused")}
"""A `data` that is a value of somebody's, and no struct of ours."""


def fields(word: str) -> list[tuple[str, ...]]:
    return paths({"event": word, **FRAMES[word]})


def changed(word: str, path: tuple[str, ...], **to: Any) -> dict[str, Any]:
    """A frame without one of its fields, or (`value=…`) with another value in it."""
    payload = whole(word)
    holder = payload
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    if to:
        holder[path[-1]] = to["value"]
    return payload


# ---- the tables are complete


def test_every_word_of_the_protocol_has_a_frame_here():
    """B.2, with its notes: the enum of the server, and what stands outside it."""
    enum = """ping error message message_end tts_message tts_message_end message_file message_replace agent_thought
        agent_message workflow_started workflow_paused workflow_finished node_started node_finished node_retry
        iteration_started iteration_next iteration_completed loop_started loop_next loop_completed text_chunk
        text_replace reasoning_chunk agent_log human_input_required human_input_form_filled human_input_form_timeout"""
    outside = """datasource_processing datasource_completed datasource_error parallel_branch_started
        parallel_branch_finished workflow_maintenance_paused"""
    assert set(FRAMES) == {*enum.split(), *outside.split()}


def test_every_struct_is_an_event_of_a_stream_or_a_document():
    defined = {
        kind
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, DifyEvent) and kind is not DifyEvent
    }
    assert defined == {*STREAMED, *DOCUMENTS}
    assert not {*STREAMED} & {*DOCUMENTS}
    assert set(EVENTS) == {*FRAMES, *ANSWERS}


@every_event
def test_a_struct_is_named_by_its_word(word):
    """STYLE 0: the wire word in CamelCase; and it tells its word."""
    kind = EVENTS[word]
    assert kind.__name__ == "".join(part.capitalize() for part in word.split("_"))
    assert kind().kind == word


def test_the_reducer_takes_every_event_and_nothing_else():
    assert set(_APPLY) == {*STREAMED, *DOCUMENTS, Unknown, Malformed}


# ---- fields


@every_event
def test_every_field_of_an_event_is_read(word):
    """B.7: nothing is lost, and there is no field that the table does not name."""
    event, notes = read(whole(word))
    assert type(event) is EVENTS[word]
    assert said(event) == whole(word)
    assert notes == []


@every_event
def test_every_field_of_an_event_may_be_missing(word):
    """Servers of other versions, apps of other modes, simple frames (B.1, B.7)."""
    event, notes = read({"event": word})
    assert event == EVENTS[word]()
    assert notes == []
    if isinstance(FRAMES.get(word, {}).get("data"), dict):
        event, notes = read({"event": word, "data": {}})
        assert type(event) is EVENTS[word]
        assert notes == []


@every_word
def test_a_missing_field_costs_no_other_one(word):
    for path in fields(word):
        payload = changed(word, path)
        event, notes = read(payload)
        assert notes == [], path
        left = said(event)
        for key in path[:-1]:
            left, payload = left[key], payload[key]
        if path != ("data",):
            assert {key: value for key, value in left.items() if key != path[-1]} == payload, path


@every_word
def test_a_field_that_is_null_is_like_a_missing_one(word):
    """B.1: the Service API sends every null. It is noted only where B.7 rules it out."""
    for path in fields(word):
        event, notes = read(changed(word, path, value=None))
        missing, _ = read(changed(word, path))
        assert plain(said(event)) == plain(said(missing)), path
        name = ".".join(path)
        if f"{word}.{name}" in NEVER_NULL and notes:
            assert notes == [("bad-field", name)]
        else:
            assert notes == [], path


def plain(value: Any) -> Any:
    """An object without its nulls."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    return value


@every_word
def test_an_envelope_of_nulls_is_no_envelope(word):
    """A.10, B.1: `workflow_run_id` is null before the start."""
    event, notes = read({**whole(word), **dict.fromkeys(ENVELOPE)})
    assert notes == []
    assert isinstance(event, DifyEvent)
    assert [getattr(event, name) for name in ENVELOPE] == [None] * len(ENVELOPE)


@pytest.mark.parametrize(
    ("word", "nulls"),
    [
        ("message_end", {"metadata": {"usage": dict.fromkeys(USAGE), **dict.fromkeys(METADATA.keys() - {"usage"})}}),
        ("workflow_finished", {"data": {"created_by": dict.fromkeys(("id", "user", "name", "email"))}}),
        ("workflow_paused", {"data": {"reasons": [dict.fromkeys(REASON)]}}),
    ],
)
def test_nulls_deep_inside_are_nulls(word, nulls):
    event, notes = read({"event": word, **nulls})
    assert type(event) is EVENTS[word]
    assert notes == []


@every_word
def test_unknown_keys_are_passed_over(word):
    """Newer servers send more, at any depth."""
    more = whole(word)
    more["later"] = {"a": [1, None]}
    if isinstance(more.get("data"), dict) and (("data", word) not in OPAQUE):
        more["data"]["later"] = {"a": [1, None]}
    event, notes = read(more)
    assert (event, notes) == read(whole(word))


# ---- types


def test_prices_are_decimals_made_of_their_text():
    """A.6: strings, also in exponents, and now and then numbers; a binary fraction never comes in between."""
    event, _ = read(whole("message_end"))
    usage = event.metadata.usage
    assert usage.total_price == Decimal("0.0001464")
    assert {name for name in USAGE if isinstance(getattr(usage, name), Decimal)} == {
        *("prompt_unit_price", "prompt_price_unit", "prompt_price", "total_price"),
        *("completion_unit_price", "completion_price_unit", "completion_price"),
    }


@pytest.mark.parametrize(
    ("sent", "price"), [('"0E-7"', Decimal("0E-7")), ("0.1", Decimal("0.1")), ("2", Decimal(2)), ("null", None)]
)
def test_a_price_may_be_a_number(sent, price):
    notes: Notes = []
    data = b'{"event":"message_end","metadata":{"usage":{"total_price":%s}}}' % sent.encode()
    event = dialect("dify").decode(data, notes)
    assert event.metadata.usage.total_price == price
    assert notes == []


def test_seconds_are_floats_and_counts_are_integers():
    event, _ = read(whole("node_finished"))
    assert (type(event.data.elapsed_time), type(event.data.index), type(event.data.created_at)) == (float, int, int)
    event, _ = read(whole("message_end"))
    assert (type(event.metadata.usage.latency), type(event.metadata.usage.total_tokens)) == (float, int)


def test_a_whole_number_of_seconds_is_a_float_too():
    event, notes = read({"event": "node_finished", "data": {"elapsed_time": 2}})
    assert (event.data.elapsed_time, notes) == (2.0, [])


def test_an_epoch_may_have_a_fraction():
    event, notes = read({"event": "message", "created_at": 1700000000.5})
    assert (event.created_at, notes) == (1700000000.5, [])


@pytest.mark.parametrize(
    "value", [{"a": 1}, [1, 2], "text", 5, True], ids=["object", "list", "string", "number", "bool"]
)
def test_values_of_the_user_may_be_anything(value):
    """C.13, B.7: inputs are lists in very old servers; `data` of a datasource is its result."""
    event, notes = read({"event": "node_finished", "data": {"inputs": value, "outputs": value, "files": value}})
    assert (msgspec.json.decode(event.data.inputs), msgspec.json.decode(event.data.outputs)) == (value, value)
    assert event.data.files == value
    assert notes == []


def test_whether_a_delta_was_sent_shows_in_a_message_file():
    """B.2, note 2: absence of `answer` means a file."""
    file, _ = read(changed("message_file", ("answer",)))
    delta, _ = read(whole("message_file"))
    assert (file.answer, delta.answer) == (msgspec.UNSET, "a delta under a wrong name")


@pytest.mark.parametrize("word", ["node_started", "node_finished", "iteration_started", "iteration_completed"])
def test_whether_a_frame_says_that_it_is_truncated_shows(word):
    """C.8: rows of a snapshot and frames before 1.9 lack the key, which is not the same as false."""
    event, _ = read(whole(word))
    without, _ = read(changed(word, ("data", "inputs_truncated")))
    assert (event.data.inputs_truncated, without.data.inputs_truncated) == (False, msgspec.UNSET)


# ---- what every event can be asked


@every_event
def test_only_a_ping_is_a_heartbeat(word):
    """A.3: a ping as JSON is treated like the bare one."""
    assert EVENTS[word]().is_heartbeat == (word == "ping")


def test_events_without_a_word_of_the_wire_have_a_kind_all_the_same():
    assert Unknown("later", b"{}").kind == "unknown"
    assert Malformed("no JSON", b"x").kind == "malformed"
    assert not Unknown("later", b"{}").is_heartbeat


def test_an_event_cannot_be_changed():
    with pytest.raises(AttributeError):
        events.Message().answer = "x"
