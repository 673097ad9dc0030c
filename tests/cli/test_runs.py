from pathlib import Path

import msgspec
import pytest

from streamkit import Tap
from streamkit.cli.runs import Runs, read_runs
from streamkit.cli.sources import Unreadable
from streamkit.run import RunState, stable

FIXTURES = Path(__file__).parents[2] / "fixtures"
BODIES = sorted((FIXTURES / "dify" / "protocol").glob("*.sse")) + sorted(
    path for path in (FIXTURES / "hostile").iterdir() if not path.name.endswith((".golden.json", ".md"))
)
SEVERAL = ("foreign_run", "foreign_message")
"""Bodies of more than one run."""


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def by_tap(pieces: list[bytes], dialect: str = "auto") -> RunState:
    tap = Tap(dialect)
    for piece in pieces:
        tap.feed(piece)
    tap.close()
    return tap.run.snapshot()


def by_runs(pieces: list[bytes], dialect: str = "auto") -> list[RunState]:
    runs = Runs(dialect)
    runs.read_body("body", pieces)
    return [found.run.snapshot() for found in runs.found]


def readable(body: bytes) -> bool:
    try:
        by_runs([body])
    except Unreadable:
        return False
    return True


def without_counts(state: RunState) -> RunState:
    """What cannot be parted exactly: bytes and heartbeats, and with them the revision."""
    stats = msgspec.structs.replace(state.stats, bytes=0, heartbeats=0)
    return msgspec.structs.replace(state, stats=stats, revision=0)


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
def test_a_body_of_one_run_gives_exactly_what_a_tap_gives(path):
    """Bytes, frames, heartbeats, anomalies and revision included, for any chunks."""
    body = path.read_bytes()
    if not readable(body) or path.stem in SEVERAL:
        return
    for size in (1, 10, 1000, len(body)):
        if size > 1 or len(body) < 20_000:
            pieces = cut(body, size)
            assert by_runs(pieces) == [by_tap(pieces)]


@pytest.mark.parametrize("path", [p for p in BODIES if p.stem in SEVERAL], ids=lambda path: path.stem)
def test_a_body_of_several_runs_gives_the_same_for_any_chunks(path):
    body = path.read_bytes()
    whole = by_runs([body])
    assert len(whole) == 2
    for size in (1, 10, 1000):
        assert by_runs(cut(body, size)) == whole


def test_runs_that_were_joined_into_one_body_are_what_they_are_alone():
    """Every sample that says of which run it is, one after another, as `cat` joins them."""
    names = ("04_", "06_", "07_", "09_", "15_")
    samples = [path for path in BODIES if path.stem.startswith(names)]
    bodies = [path.read_bytes() for path in samples]
    parted = by_runs([b"".join(bodies)])
    assert [without_counts(state) for state in parted] == [without_counts(by_tap([body])) for body in bodies]
    assert sum(state.stats.bytes for state in parted) == sum(map(len, bodies))


def test_runs_that_interleave_are_parted(streams):
    frames = {run: cut_frames(streams.workflow(streams.node(run=run), run=run)) for run in ("one", "two")}
    mixed = [frame for pair in zip(frames["one"], frames["two"], strict=True) for frame in pair]
    for state, run in zip(by_runs([b"".join(mixed)]), frames, strict=True):
        alone = by_tap([b"".join(frames[run])])
        assert without_counts(state) == without_counts(alone)
        assert state.stats.bytes == alone.stats.bytes


def cut_frames(body: bytes) -> list[bytes]:
    return [frame + b"\n\n" for frame in body.split(b"\n\n") if frame]


def test_a_run_that_paused_goes_on_in_its_next_body(fixtures):
    paused, resumed = (fixtures / "dify" / f"wf_human_{name}.sse" for name in ("1_paused", "2_resumed_approve"))
    (run,) = read_runs([str(paused), str(resumed)])
    tap = Tap("dify")
    tap.feed(paused.read_bytes())
    tap.close()
    again = Tap("dify", run=tap.run)
    again.feed(resumed.read_bytes())
    again.close()
    assert run.snapshot() == again.run.snapshot()
    assert run.status == "succeeded"
    assert len(run.segments) == 2


def test_other_runs_may_come_between_the_bodies_of_one(fixtures):
    names = ("wf_human_1_paused", "wf_failed", "wf_human_2_resumed_approve", "wf_human_3_events_after_finish")
    runs = Runs()
    for name in names:
        runs.read_body(name, [(fixtures / "dify" / f"{name}.sse").read_bytes()])
    assert [found.run.status for found in runs.found] == ["succeeded", "failed"]
    assert [found.names for found in runs.found] == [[names[0], names[2], names[3]], [names[1]]]


def test_messages_of_a_chatflow_find_their_run_by_the_message(fixtures):
    """Its frames name the workflow run, the message, or both."""
    body = (fixtures / "dify" / "chat_llm_400_chunks.sse").read_bytes()
    other = (fixtures / "dify" / "chat_simple.sse").read_bytes()
    states = by_runs([other + body + other])
    assert [state.mode for state in states] == ["chatflow", "chatflow"]
    assert stable(states[1])["text"] == by_tap([body]).text
    assert states[1].stats.events == by_tap([body]).stats.events


def test_two_turns_of_a_conversation_are_two_runs(streams):
    turn = b'data: {"event": "message", "message_id": "m%d", "conversation_id": "c", "answer": "%d"}\n\n'
    end = b'data: {"event": "message_end", "message_id": "m%d", "conversation_id": "c"}\n\n'
    body = b"".join((turn % (n, n)) + (end % n) for n in (1, 2))
    assert [(state.text, state.status) for state in by_runs([body])] == [("1", "succeeded"), ("2", "succeeded")]


def test_a_run_that_is_over_takes_no_frames_of_a_run_it_does_not_know(streams):
    """A chat after a workflow: neither names what the other one has."""
    chat = b'data: {"event": "message", "task_id": "t", "message_id": "m", "conversation_id": "c", "answer": "Hi"}\n\n'
    first, second = by_runs([streams.workflow(streams.node()) + chat])
    assert (first.mode, first.text) == ("workflow", "")
    assert (second.mode, second.text) == ("chat", "Hi")


def test_events_before_the_first_name_wait_for_it(streams):
    """They belong to the run that is named next, even if an earlier body began it."""
    anonymous = b'data: {"event": "quantum", "task_id": "t"}\n\n'
    runs = Runs()
    runs.read_body("a", [streams.workflow(streams.node("a"), run="run-1", status="paused")])
    runs.read_body("b", [anonymous * 3 + streams.workflow(streams.node("b"), run="run-1")])
    (found,) = runs.found
    assert found.run.events["unknown"] == 3
    assert [node.node_id for node in found.run.nodes] == ["a", "b"]


def test_a_body_that_names_no_run_is_a_run_of_its_own():
    error = b'{"code": "not_found", "message": "no", "status": 404}'
    runs = Runs()
    for name in ("a", "b"):
        runs.read_body(name, [error])
    assert [(found.run.status, found.names) for found in runs.found] == [("failed", ["a"]), ("failed", ["b"])]


def test_heartbeats_as_json_say_nothing_of_a_run(streams):
    ping = b'data: {"event": "ping", "message_id": "elsewhere"}\n\n'
    body = ping + streams.workflow(ping, streams.node())
    assert by_runs([body]) == [by_tap([body])]
    assert by_runs([ping]) == [by_tap([ping])]


def test_a_frame_that_is_too_large_is_reported_once(streams, monkeypatch):
    monkeypatch.setattr("streamkit.cli.body.PlacingReader", lambda name: _reader(name, 2000))
    body = streams.workflow(b"data: " + b"x" * 3000 + b"\n\n", streams.node())
    (state,) = by_runs([body])
    assert state.stats.anomalies == {"frame-too-large": 1}
    with pytest.raises(Unreadable, match="no frame that is small enough"):
        by_runs([b"data: " + b"x" * 3000 + b"\n\n"])


def _reader(name: str, limit: int):
    from streamkit.reader import Reader

    return Reader(name, max_frame_bytes=limit)


def test_a_body_that_breaks_in_the_middle_counts_as_far_as_it_went(streams):
    def pieces():
        yield streams.workflow(streams.node())[:-40]
        raise Unreadable("input/output error")

    runs = Runs()
    with pytest.raises(Unreadable):
        runs.read_body("a", pieces())
    (found,) = runs.found
    assert found.run.status == "interrupted"
    assert found.run.anomaly_counts == {"unterminated-frame": 1}


def test_what_cannot_be_read_is_told_and_passed_over(tmp_path, streams):
    good, empty, gone = tmp_path / "good.sse", tmp_path / "empty.sse", tmp_path / "gone.sse"
    good.write_bytes(streams.workflow())
    empty.write_bytes(b"")
    told = []
    runs = read_runs([str(gone), str(empty), str(tmp_path), str(good)], on_unreadable=lambda *what: told.append(what))
    assert [run.status for run in runs] == ["succeeded"]
    assert told == [
        (str(gone), "no such file"),
        (str(empty), "is empty"),
        (str(tmp_path), "is a directory, not a file; `streamkit ls` lists the runs in one"),
    ]
    assert read_runs([str(gone)]) == []


def test_a_file_without_permission_is_named(monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(Unreadable, match="permission denied"):
        Runs().read("secret.sse")


def test_many_runs_in_one_body_cost_linear_time(streams):
    """Thousands of runs: nothing is searched for among all of them."""
    body = b"".join(streams.workflow(run=f"run-{number}") for number in range(1000))
    states = by_runs(cut(body, 65536))
    assert len(states) == 1000
    assert {state.status for state in states} == {"succeeded"}
