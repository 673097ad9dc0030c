"""The public API as a type checker sees it: mypy reads this file, nobody runs it."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from decimal import Decimal
from typing import Any, Literal, assert_type

from streamkit import Frame, Parser, Run, RunFailed, RunState, StreamkitError, Tap, UnknownDialect, watch
from streamkit.dialects.base import Event
from streamkit.dialects.dify.events import Message, NodeFinished
from streamkit.recording import Recording
from streamkit.replay import JournalEntry
from streamkit.run import Changes, HumanInput, NodeExecution, Round, RunError, Thought, Usage
from streamkit.run.state import NodeState, NodeStatus, RoundState, RunStatus, Segment
from streamkit.testing import DifyStream, OpenAIStream, RAGFlowStream, rechunk, recordings
from streamkit.testing.server import Playing, Server


def told(version: str) -> bytes:
    begun = DifyStream(version).start({"topic": "tea"}).llm("hi", tokens=3)
    assert_type(begun.fail("429"), DifyStream)
    assert_type(begun.loop(2, lambda round, index: round.node("code")), DifyStream)
    assert_type(begun.recording(), Recording)
    assert_type(begun.bodies(), list[bytes])
    assert_type(RAGFlowStream().start().human_input().resume(answer=1), RAGFlowStream)
    assert_type(OpenAIStream("ragflow-chat").tool_call("search", {"q": 1}), OpenAIStream)
    assert_type(rechunk(begun.bytes(), [1, 2]), list[bytes])
    return begun.finish().bytes()


def bundled(dify: Server) -> RunState:
    for recording in recordings("dify", mode="chatflow"):
        play = dify.play(recording, hold_before="message_end", faults=["gzip"])
        assert_type(play, Playing)
        assert_type(play.reached(timeout=1), str)
        assert_type(recording.recording, Recording)
    assert_type(dify.requests[0], JournalEntry)
    return recordings()[0].expected


def frames(chunk: bytes) -> None:
    parser = Parser(max_frame_bytes=1024)
    found = parser.feed(chunk)
    assert_type(found, list[Frame])
    for frame in found:
        assert_type(frame.event, str)
        assert_type(frame.data, memoryview)
        assert_type(frame.text, str)
        assert_type(frame.id, str)
        assert_type(frame.offset, int)
    assert_type(parser.retry, int | None)
    assert_type(parser.last_event_id, str)
    assert_type(parser.heartbeats, int)
    assert_type(parser.dropped, int)


def tap(chunk: bytes | bytearray | memoryview) -> Run:
    observed = Tap("dify", max_frame_bytes=1024)
    assert_type(observed.feed(chunk), list[Event])
    assert_type(observed.feed(chunk, at=1.5), list[Event])
    assert_type(observed.close(at=2.5), list[Event])
    again = Tap(run=observed.run)
    assert_type(again.run, Run)
    return again.run


def events(event: Event) -> str | None:
    assert_type(event.kind, str)
    if isinstance(event, Message):
        assert_type(event.answer, str)
        assert_type(event.from_variable_selector, tuple[str, ...] | None)
        return event.answer
    if isinstance(event, NodeFinished):
        assert_type(event.data.status, str | None)
        assert_type(event.data.elapsed_time, float | None)
    return None


def run_as_it_is_now(run: Run) -> None:
    assert_type(run.status, RunStatus)
    assert_type(run.error, RunError | None)
    assert_type(run.usage, Usage)
    assert_type(run.usage.total_tokens, int | None)
    assert_type(run.total_tokens, int | None)
    assert_type(run.leaf_cost, dict[str, Decimal])
    assert_type(run.text, str)
    assert_type(run.outputs, Any)
    assert_type(run.forms, Sequence[HumanInput])
    assert_type(run.thoughts, Sequence[Thought])
    assert_type(run.segments, Sequence[Segment])
    assert_type(run.raise_for_status(), None)
    changes = run.changed_since(0)
    assert_type(changes, Changes)
    assert_type(changes.changed, frozenset[str])


def executions(run: Run) -> None:
    assert_type(run.nodes, Sequence[NodeExecution])
    for node in run.walk():
        assert_type(node, NodeExecution)
        assert_type(node.status, NodeStatus)
        assert_type(node.rounds, Sequence[Round])
        assert_type(node.unassigned, Sequence[NodeExecution])
        assert_type(node.cost, dict[str, Decimal] | None)
        assert_type(node.parent, NodeExecution | None)


def a_picture_of_a_run(run: Run) -> Literal[1]:
    state = run.snapshot()
    assert_type(state, RunState)
    assert_type(state.nodes, tuple[NodeState, ...])
    assert_type(state.nodes[0].rounds, tuple[RoundState, ...])
    assert_type(state.without_secrets(), RunState)
    state.text = "changed"  # type: ignore[misc]  # frozen
    return state.format


async def watched(chunks: AsyncIterator[bytes]) -> None:
    runs: list[Run] = []
    stream = watch(chunks, "dify", on_finish=runs.append)
    assert_type(stream, AsyncGenerator[bytes, None])
    async for chunk in stream:
        assert_type(chunk, bytes)


def mistakes(run: Run) -> str | None:
    try:
        run.raise_for_status()
    except RunFailed as failed:
        assert_type(failed.status, str)
        return failed.code
    except UnknownDialect as unknown:
        assert_type(unknown.known, tuple[str, ...])
    except StreamkitError:
        pass
    return None


def what_must_not_pass(run: Run) -> None:
    Tap("dify").feed("text")  # type: ignore[arg-type]
    Tap(name=5)  # type: ignore[arg-type]
    run.conclude("done")  # type: ignore[arg-type]
    watch([b"a list"])  # type: ignore[arg-type]
