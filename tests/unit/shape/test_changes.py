"""What counts as a change of shape: each mutation of a real body is found, and what only says something else is none."""

import json
import random
import re
from itertools import chain
from pathlib import Path

import pytest

from streamkit.shape import changes, shape_of

FIXTURES = Path(__file__).parents[3] / "fixtures"
BODIES = sorted(path for path in FIXTURES.rglob("*.sse") if path.parts[-2] not in ("conformance", "hostile"))
CHATFLOW = FIXTURES / "dify" / "chat_retriever_resources.sse"
AGENT = FIXTURES / "ragflow" / "simple_message.sse"
CHAT = FIXTURES / "ragflow" / "chat_kb_delta_final_reference.sse"
PARALLEL = FIXTURES / "dify" / "wf_parallel3.sse"

KINDS = ("event", "node_type", "component_type", "object", "code", "retcode")
"""Where a value says what a thing is."""
TEXTS = ("message", "text_chunk", "agent_message", "reasoning_chunk")

every_body = pytest.mark.parametrize("path", BODIES, ids=lambda path: str(path.relative_to(FIXTURES)))


def told(old, new, *ignore):
    """What changed, as short as can be."""
    found = changes(shape_of(old), shape_of(new), ignore)
    return [(change.change, change.of, change.where, change.old, change.new) for change in found]


def frames(body):
    return re.findall(rb".+?(?:\n\n|\Z)", body, re.DOTALL)


def edited(path, edit):
    """A body whose payloads were given to `edit`, which changes them in place or returns others."""
    return b"".join(_edited(frame, edit) for frame in frames(path.read_bytes()))


def _edited(frame, edit):
    if not frame.startswith(b"data:") or not frame.endswith(b"\n\n") or b"[DONE]" in frame:
        return frame
    head, _, payload = frame.partition(b"{")
    document = json.loads(b"{" + payload)
    spaced = re.match(rb'\s*"[^"]*": ', payload)
    document = edit(document) or document
    style = {} if spaced else {"separators": (",", ":")}
    return head + json.dumps(document, ensure_ascii=False, **style).encode("utf-8", "surrogatepass") + b"\n\n"


def of(word, edit):
    """Edit the events of one kind alone."""
    return lambda payload: edit(payload) if payload.get("event") == word else None


# ---- what is no change


def said_otherwise(value, key=""):
    """Other values of the same types: the same ids are the same again."""
    if isinstance(value, dict):
        return {name: said_otherwise(inside, name) for name, inside in value.items()}
    if isinstance(value, list):
        return [said_otherwise(inside) for inside in value]
    if isinstance(value, bool) or key in KINDS:
        return value
    return {str: lambda: value[::-1] + "x", int: lambda: value + 1, float: lambda: value + 1.5}.get(
        type(value), lambda: value
    )()


@every_body
def test_other_values_are_the_same_shape(path):
    body = path.read_bytes()
    other = edited(path, said_otherwise)
    assert told(body, body) == []
    assert told(body, other) == []


@pytest.mark.untraced
@every_body
def test_more_and_fewer_tokens_are_the_same_shape(path):
    pieces = frames(path.read_bytes())
    words = [re.search(rb'"(?:event)": ?"(\w+)"', piece) for piece in pieces]
    is_text = [word is not None and word[1].decode() in TEXTS for word in words]
    doubled = b"".join(piece * (2 if text else 1) for piece, text in zip(pieces, is_text, strict=True))
    assert told(b"".join(pieces), doubled) == []
    assert told(doubled, b"".join(pieces)) == []


@pytest.mark.parametrize("seed", range(20))
def test_parallel_branches_may_interleave_as_they_like(seed):
    chance = random.Random(seed)  # noqa: S311
    pieces = frames(PARALLEL.read_bytes())
    branches: dict[str, list[bytes]] = {}
    for piece in pieces[4:-3]:
        execution = json.loads(piece[6:])["data"].get("id", "text")
        branches.setdefault(execution, []).append(piece)
    merged = []
    while waiting := [branch for branch in branches.values() if branch]:
        merged.append(chance.choice(waiting).pop(0))
    body = b"".join(chain(pieces[:4], merged, pieces[-3:]))
    assert sorted(body) == sorted(b"".join(pieces))
    assert told(b"".join(pieces), body) == []
    assert told(body, b"".join(pieces)) == []


def test_more_rounds_and_other_ids_as_keys_are_the_same_shape():
    loop = FIXTURES / "dify" / "wf_loop_break.sse"

    def cut(payload):
        for name in ("loop_duration_map", "loop_variable_map"):
            payload["data"]["execution_metadata"][name].pop("8")

    assert told(loop.read_bytes(), edited(loop, of("loop_completed", cut))) == []


def test_a_ping_more_or_less_is_the_same_shape():
    pieces = frames(CHATFLOW.read_bytes())
    assert told(b"".join(pieces), b"".join([*pieces[:6], b"event: ping\n\n", *pieces[6:]])) == []


def test_a_list_may_be_empty():
    full = edited(CHATFLOW, of("message_end", lambda payload: payload.update(files=[{"id": "a", "size": 1}])))
    assert told(CHATFLOW.read_bytes(), full) == []
    assert told(full, CHATFLOW.read_bytes()) == []


def test_a_number_may_be_an_integer_but_an_integer_no_number():
    old = CHATFLOW.read_bytes()
    new = edited(CHATFLOW, of("workflow_finished", lambda payload: payload["data"].update(elapsed_time=1)))
    assert told(old, new) == []
    assert told(new, old) == [("changed", "field", "workflow_finished.data.elapsed_time", "integer", "number")]


# ---- what is one


def drop(*path):
    def edit(payload):
        holder = payload
        for name in path[:-1]:
            holder = holder[name]
        del holder[path[-1]]

    return edit


def put(value, *path):
    def edit(payload):
        holder = payload
        for name in path[:-1]:
            holder = holder[name]
        holder[path[-1]] = value

    return edit


FIELDS = [
    (of("message_end", drop("metadata", "usage")), ("gone", "field", "message_end.metadata.usage", "object", None)),
    (of("message_end", put("x", "new")), ("added", "field", "message_end.new", None, "text")),
    (of("message", put(None, "answer")), ("changed", "field", "message.answer", "text", "null")),
    (
        of("workflow_finished", put("7", "data", "total_steps")),
        ("changed", "field", "workflow_finished.data.total_steps", "integer", "text"),
    ),
    (
        of("message_end", put({}, "metadata", "retriever_resources")),
        ("changed", "field", "message_end.metadata.retriever_resources", "list", "object"),
    ),
]


@pytest.mark.parametrize(("edit", "change"), FIELDS, ids=[change[2] for _, change in FIELDS])
def test_a_field_that_is_not_as_it_was(edit, change):
    assert told(CHATFLOW.read_bytes(), edited(CHATFLOW, edit)) == [change]


def test_a_field_that_only_some_events_have_now():
    pieces = frames(CHATFLOW.read_bytes())
    index = next(number for number, piece in enumerate(pieces) if b'"event":"message"' in piece)
    pieces[index] = _edited(pieces[index], drop("from_variable_selector"))
    new = b"".join(pieces)
    where = "message.from_variable_selector"
    assert told(CHATFLOW.read_bytes(), new) == [("changed", "field", where, "always there", "not always there")]
    assert told(new, CHATFLOW.read_bytes()) == []


def test_a_field_inside_a_list():
    def edit(payload):
        for resource in payload["metadata"]["retriever_resources"]:
            del resource["score"]

    where = "message_end.metadata.retriever_resources[].score"
    assert told(CHATFLOW.read_bytes(), edited(CHATFLOW, of("message_end", edit))) == [
        ("gone", "field", where, "number", None)
    ]


def test_events_that_come_and_go():
    without = b"".join(piece for piece in frames(CHATFLOW.read_bytes()) if b"message_end" not in piece)
    assert told(CHATFLOW.read_bytes(), without) == [("gone", "event", "message_end", None, None)]
    assert told(without, CHATFLOW.read_bytes()) == [("added", "event", "message_end", None, None)]


def test_events_of_nodes_are_told_apart_by_the_type_of_the_node():
    other = CHATFLOW.read_bytes().replace(b'"node_type":"code"', b'"node_type":"script"')
    where = [change[1:3] for change in told(CHATFLOW.read_bytes(), other)]
    assert where == [
        ("event", "node_started (code)"),
        ("event", "node_finished (code)"),
        ("event", "node_started (script)"),
        ("event", "node_finished (script)"),
    ]


def test_an_event_of_an_unknown_kind_goes_by_its_own_word():
    new = CHATFLOW.read_bytes() + b'data: {"event":"workflow_reviewed","task_id":"t"}\n\n'
    assert ("added", "event", "workflow_reviewed", None, None) in told(CHATFLOW.read_bytes(), new)


def test_the_ends_of_a_run_change_places():
    pieces = frames(CHATFLOW.read_bytes())
    new = b"".join([*pieces[:-2], pieces[-1], pieces[-2]])
    assert ("moved", "order", "message_end", "before workflow_finished", "behind workflow_finished") in told(
        CHATFLOW.read_bytes(), new
    )


def test_text_behind_the_end_of_the_message():
    pieces = frames(CHATFLOW.read_bytes())
    text = next(piece for piece in pieces if b'"event":"message"' in piece)
    new = b"".join([*pieces[:-1], text, pieces[-1]])
    assert told(CHATFLOW.read_bytes(), new) == [("moved", "order", "message_end", "behind message", "between message")]


def test_an_execution_that_ends_before_it_starts():
    pieces = frames(CHATFLOW.read_bytes())
    start = next(number for number, piece in enumerate(pieces) if b"node_started" in piece)
    pieces[start], pieces[start + 1] = pieces[start + 1], pieces[start]
    life = "node_started, node_finished"
    assert told(CHATFLOW.read_bytes(), b"".join(pieces)) == [
        ("moved", "order", "start", life, "node_finished | node_started")
    ]


def test_a_life_that_nobody_has_any_more():
    pieces = frames(PARALLEL.read_bytes())
    second = next(number for number, piece in enumerate(pieces) if b"node_finished" in piece and b'"code"' in piece)
    old = b"".join(pieces[:second] + pieces[second + 1 :])
    life = "node_started"
    assert told(old, b"".join(pieces)) == [("moved", "order", "code", life, "no more")]
    assert told(b"".join(pieces), old) == [("moved", "order", "code", None, f"also {life}")]


def test_a_terminator_that_is_gone_or_another_one():
    body = CHAT.read_bytes()
    other = body.replace(b'data:{"code": 0, "message": "", "data": true}', b'data:{"code": 0, "data": true}')
    none = b"".join(frames(body)[:-1])
    done = none + b"data:[DONE]\n\n"
    assert told(body, other) == [("gone", "field", "stream_end.message", "text", None)]
    assert told(body, none) == [("gone", "event", "stream_end", None, None)]
    assert [change[:3] for change in told(body, done)] == [
        ("gone", "event", "stream_end"),
        ("added", "event", "[DONE]"),
    ]


FRAMING = [
    (AGENT, lambda body: body.replace(b"data:{", b"data: {"), ("data line", "'data:'", "'data:' and 'data: '")),
    (CHATFLOW, lambda body: body.replace(b"\n", b"\r\n"), ("line end", "'LF'", "'CRLF'")),
    (CHATFLOW, lambda body: body.removeprefix(b"event: ping\n\n"), ("opening", "'event: ping'", "nothing")),
    (CHATFLOW, lambda body: b": hi\n\n" + body[13:], ("heartbeat", "'event: ping'", "'a comment'")),
    (CHATFLOW, lambda body: body.replace(b"data: {", b"id: 7\ndata: {"), ("id lines", "nothing", "'yes'")),
    (CHATFLOW, lambda body: body.replace(b"data: {", b"event: x\ndata: {"), ("event lines", "nothing", "'x'")),
    (AGENT, lambda body: body.replace(b'": ', b'":').replace(b', "', b',"'), ("json", "'spaced'", "'compact'")),
]


@pytest.mark.parametrize(("path", "edit", "change"), FRAMING, ids=[change[0] for *_, change in FRAMING])
def test_framing_that_is_not_as_it_was(path, edit, change):
    new = edit(path.read_bytes())
    assert ("changed", "framing", *change) in told(path.read_bytes(), new)


def test_a_document_instead_of_a_stream():
    found = told(CHATFLOW.read_bytes(), (FIXTURES / "hostile" / "blocking_chat.json").read_bytes())
    assert ("changed", "framing", "body", "event stream", "JSON") in found


def test_another_dialect():
    assert told(CHATFLOW.read_bytes(), AGENT.read_bytes())[0] == ("changed", "framing", "dialect", "dify", "ragflow")


def test_what_may_change_is_named_by_a_pattern():
    new = edited(CHATFLOW, of("message_end", put("x", "metadata", "usage", "total_tokens")))
    where = "message_end.metadata.usage.total_tokens"
    assert [change[2] for change in told(CHATFLOW.read_bytes(), new)] == [where]
    assert told(CHATFLOW.read_bytes(), new, "message_end.*") == []
    assert [change[2] for change in told(CHATFLOW.read_bytes(), new, "message.*")] == [where]


def test_a_pattern_may_name_the_items_of_a_list():
    def edit(payload):
        payload["metadata"]["retriever_resources"][0]["score"] = "high"

    new = edited(CHATFLOW, of("message_end", edit))
    assert len(told(CHATFLOW.read_bytes(), new)) == 1
    assert told(CHATFLOW.read_bytes(), new, "*.retriever_resources[].score") == []


def test_what_real_servers_changed_between_two_versions():
    old = FIXTURES / "dify" / "wf_human_2_resumed_approve.sse"
    new = FIXTURES / "dify" / "june26_wf_human_2_resumed_approve.sse"
    assert told(old.read_bytes(), new.read_bytes()) == [
        ("added", "field", "human_input_form_filled.data.submitted_data", None, "object"),
        ("added", "field", "node_finished (human-input).data.inputs.comment", None, "object"),
        ("added", "field", "node_finished (human-input).data.outputs.__action_value", None, "text"),
    ]


def test_a_server_that_makes_up_words_is_compared_in_bounded_time():
    def body(*words):
        return b"".join(b'data: {"event":"%s","workflow_run_id":"r"}\n\n' % word.encode() for word in words)

    made_up = [f"word_{number}" for number in range(2_000)]
    old, new = body("workflow_started", "ping_pong", *made_up), body("ping_pong", "workflow_started", *made_up)
    assert told(old, old) == []
    assert told(old, new) == [("moved", "order", "workflow_started", "before ping_pong", "behind ping_pong")]
    late = body("workflow_started", "ping_pong", *made_up[:-2], *reversed(made_up[-2:]))
    assert told(old, late) == []  # behind the first 500 words nobody looks at their order
