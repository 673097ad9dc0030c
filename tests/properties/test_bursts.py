"""Bursts: a tap reads deltas together and folds them at once, and nothing of that may show."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamkit import Tap

from .folding import BODIES, chunks_of, fold, fold_plainly, published, same

CUTS = st.lists(st.floats(0, 1, exclude_max=True), max_size=12)
PIECES = st.lists(
    st.sampled_from(["", "a", "bc", "\\n", '"', "é", "*", "**ERROR**", "**ERR", "OR**: no", "<think>", "</think>"]),
    max_size=9,
)
ENDS = ("message_end", "workflow_finished", "ping", "workflow_paused")


@pytest.mark.parametrize("name", BODIES)
def test_a_tap_sees_what_folding_record_by_record_sees(name):
    body, chance = BODIES[name], random.Random(name)  # noqa: S311
    plain_events, plain = fold_plainly(body)
    for size in (200, 5000, len(body) + 1):
        events, run = fold(*chunks_of(body, [chance.random() for _ in range(min(len(body) // size, 300))]))
        assert same(events, plain_events)
        assert published(run) == published(plain)


@st.composite
def streams_of_text(draw):
    """Deltas of two nodes and of thinking, with whatever else may come between them."""
    ids = {"task_id": "t", "message_id": "m", "conversation_id": "c", "workflow_run_id": "r"}

    def frame(word, **fields):
        return {"event": word, **ids, **fields}

    def node(word, number):
        outputs = {"text": draw(st.sampled_from(["", "abc", "abcdefgh"]))}
        data = {"id": f"e{number}", "node_id": f"n{number % 2}", "node_type": "llm", "outputs": outputs}
        return frame(word, data=data if word == "node_started" else {**data, "status": "succeeded"})

    def delta(number, text):
        selector = [f"n{number}", draw(st.sampled_from(["text", "text", "text", "output"]))]
        kind = draw(
            st.sampled_from(["message", "message", "message", "text_chunk", "agent_message", "reasoning_chunk"])
        )
        if kind == "text_chunk":
            return frame(kind, data={"text": text, "from_variable_selector": selector})
        if kind == "reasoning_chunk":
            return frame(kind, data={"reasoning": text, "node_id": f"n{number}"})
        return frame(kind, answer=text, from_variable_selector=selector)

    def other(number):
        return draw(
            st.sampled_from(
                [
                    node("node_finished", number + 2 * draw(st.integers(0, 1))),
                    node("node_started", number + 2 * draw(st.integers(0, 1))),
                    node("node_started", number),
                    frame("message_replace", answer="!", reason=draw(st.sampled_from(["output_moderation", None]))),
                    *(frame(word, data={"id": "r", "status": "succeeded"}) for word in ENDS),
                    {**frame("message", answer="x"), "message_id": "another"},
                ]
            )
        )

    frames = [frame("workflow_started", data={"id": "r"})]
    for _ in range(draw(st.integers(1, 8))):
        number = draw(st.integers(0, 1))
        if draw(st.booleans()):
            frames.append(other(number))
        again = json.dumps(delta(number, "TEXT"))
        frames += [json.loads(again.replace("TEXT", json.dumps(text)[1:-1])) for text in draw(PIECES)]
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in frames)


@st.composite
def streams_of_agents(draw):
    """Deltas of RAGFlow's agents, with flags of thinking, components, errors and what else may come between them."""
    ids = {"message_id": "m", "created_at": 5, "task_id": "t", "session_id": "s"}
    frames = []
    for _ in range(draw(st.integers(1, 8))):
        match draw(st.integers(0, 7)):
            case 0 | 1:
                word = draw(st.sampled_from(["node_started", "node_finished"]))
                component = draw(st.sampled_from(["Message", "Message", "Agent"]))
                name = f"{component}:{draw(st.integers(1, 2))}"
                data = {"component_id": name, "component_type": component, "component_name": component}
                frames.append({"event": word, **ids, "data": data})
            case 2:
                word = draw(st.sampled_from(["message_end", "workflow_started", "workflow_finished", "user_inputs"]))
                frames.append({"event": word, **ids, "data": {}})
            case _:
                flags = draw(st.sampled_from([{}, {}, {}, {"start_to_think": True}, {"end_to_think": True}]))
                code = draw(st.sampled_from([{}, {}, {}, {"code": 500}]))
                frames += [
                    {"event": "message", **ids, **code, "data": {"content": text, **flags}} for text in draw(PIECES)
                ]
    return b"".join(b"data:" + json.dumps(one).encode() + b"\n\n" for one in frames)


@st.composite
def streams_of_chats(draw):
    """Answers of RAGFlow's chats: whole ones, deltas, flags of thinking, references, statuses and errors."""
    frames = []
    for _ in range(draw(st.integers(1, 8))):
        told = {
            "reference": draw(st.sampled_from([{}, {"chunks": []}, {"chunks": []}, {"chunks": [{"id": "a"}]}])),
            **draw(st.sampled_from([{}, {"final": False}, {"final": False}, {"final": None}, {"final": True}])),
            **draw(
                st.sampled_from([{}, {}, {"start_to_think": True}, {"end_to_think": True, "start_to_think": False}])
            ),
            **draw(st.sampled_from([{}, {}, {}, {"running_status": True}, {"id": "i"}, {"code": 5}])),
        }
        top = draw(st.sampled_from([{"code": 0}, {"code": 0}, {"code": 0, "message": ""}, {"retcode": 0}, {"code": 5}]))
        frames += [{**top, "data": {"answer": text, **told}} for text in draw(PIECES)]
        if draw(st.integers(0, 5)) == 0:
            frames.append({"code": 0, "data": True})
    return b"".join(b"data:" + json.dumps(one).encode() + b"\n\n" for one in frames)


@st.composite
def streams_of_choices(draw):
    """Chunks of completions: deltas of a choice or two, thinking, ends, errors as text."""
    frames = []
    for _ in range(draw(st.integers(1, 8))):
        extra = draw(st.sampled_from([{}, {}, {}, {}, {"usage": {"total_tokens": 5}}, {"error": {"message": "no"}}]))
        more = draw(st.sampled_from([{}, {}, {}, {"reasoning_content": "hm"}, {"role": "assistant"}]))
        choice = {
            "index": draw(st.sampled_from([0, 0, 0, 1])),
            **draw(st.sampled_from([{}, {}, {"finish_reason": "stop"}])),
        }
        for text in draw(PIECES):
            told = {**choice, "delta": {"content": text, **more}}
            frames.append({"id": "c", "object": "chat.completion.chunk", "created": 5, "choices": [told], **extra})
    body = b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in frames)
    return body + draw(st.sampled_from([b"", b"data: [DONE]\n\n"]))


STREAMS = (
    st.tuples(st.just("dify"), streams_of_text())
    | st.tuples(st.just("ragflow"), streams_of_agents() | streams_of_chats())
    | st.tuples(st.just("openai"), streams_of_choices())
)


@settings(max_examples=2 * settings().max_examples)
@given(STREAMS, CUTS)
def test_bursts_of_text_fold_to_what_their_deltas_fold_to(stream, cuts):
    name, body = stream
    plain_events, plain = fold_plainly(body, name=name)
    events, run = fold(*chunks_of(body, cuts), name=name)
    assert same(events, plain_events)
    assert published(run) == published(plain)


@settings(max_examples=2 * settings().max_examples)
@given(STREAMS, CUTS, st.randoms(use_true_random=False))
def test_observing_gives_the_run_that_feeding_gives_whenever_one_looks(stream, cuts, chance):
    name, body = stream
    fed, observed = Tap(name), Tap(name)
    chunks = [frame + b"\n\n" for frame in body.split(b"\n\n")[:-1]] if chance.random() < 0.7 else chunks_of(body, cuts)
    clock = chance.random() < 0.7
    for number, chunk in enumerate(chunks):
        at = number + 0.5 if clock and chance.random() < 0.9 else None
        fed.feed(chunk, at)
        take = observed.feed if chance.random() < 0.1 else observed.observe
        take(chunk, at)
        if chance.random() < 0.1:
            assert published(observed.run) == published(fed.run)
    for tap in (fed, observed):
        tap.close(len(chunks))
    assert published(observed.run) == published(fed.run)
