"""The path on which a run of Dify's is watched further: after a pause, after a cut, after its end (protocol C.8).

A run that waits for a person goes on with its next recording: the one whose answer is the one that was given, if there
are several. Frames that answer a form are held until the form is submitted.
"""

import json
from collections.abc import Sequence
from typing import Final

import msgspec

from streamkit.recording import Chunk
from streamkit.replay.dify.refusals import refused
from streamkit.replay.frames import FrameSpan, decoded
from streamkit.replay.gates import Gate
from streamkit.replay.library import EVENTS, Take
from streamkit.replay.matching import Near
from streamkit.replay.playing import Play
from streamkit.replay.routes import Asked, Reply
from streamkit.replay.sessions import Session
from streamkit.replay.stage import Stage, not_recorded
from streamkit.replay.stopping import stopped

_PING: Final = b"event: ping\n\n"
_OVER: Final = ("succeeded", "partial-succeeded", "failed", "stopped")
_DETAIL: Final = ("inputs", "process_data", "outputs", "execution_metadata", "error")
"""What a snapshot does not tell of a node."""
_NOT_IN_SNAPSHOT: Final = ("inputs_truncated", "outputs_truncated", "process_data_truncated", "agent_strategy")


def events(stage: Stage, asked: Asked) -> Play | Reply:
    """Let a client watch a run."""
    run_id = asked.params["run_id"]
    known = stage.sessions.of(run_id)
    session = known or _begun_elsewhere(stage, run_id)
    if session is None:
        return refused("not_found", "Workflow run not found", 404)
    queued = stage.plays.take_first(lambda play: session.id(play.take.run.id) == run_id)
    if queued is not None:
        _hold_for_forms(queued, session)
        return stage.begin(queued, session, asked)
    wants_snapshot = asked.query.get("include_state_snapshot", "").lower() == "true"
    take = _next(stage, session, run_id, wants_snapshot=wants_snapshot)
    if isinstance(take, str):
        return not_recorded(asked, [Near(run_id, take)])
    play = stage.prepare(take)
    if known is not None:  # else its forms may have been answered elsewhere, too
        _hold_for_forms(play, session)
    return stage.begin(play, session, asked)


def _hold_for_forms(play: Play, session: Session) -> None:
    """Hold what follows from the answer to a form until it is given."""
    for node_id, offset in _answered_forms(play.take.frames):
        form = session.form_of(play.take, node_id)
        if form is not None and form.status == "waiting" and not play.take.is_derived:
            gate = Gate(f"form of {node_id}", offset)
            play.hold(gate)
            session.hold_for(form, gate)


def _begun_elsewhere(stage: Stage, run_id: str) -> Session | None:
    """Return the session of a run that was begun on another server, of the same recordings."""
    take = stage.library.with_id(run_id)
    if take is None:
        return None
    session = stage.sessions.open(stage.library.group(take))
    if not take.is_continuation:
        session.begin(take)
    return session


# ---- what comes next


def _next(stage: Stage, session: Session, run_id: str, *, wants_snapshot: bool) -> Take | str:
    """Return what is watched, or why there is nothing."""
    parts = session.parts_played(run_id)
    plays = [play for play in stage.plays.of_session(session) if session.id(play.take.run.id) == run_id]
    if plays and plays[-1].outcome in ("playing", "cut", "left") and plays[-1].sent < len(plays[-1].take.body):
        return _rest(plays[-1], wants_snapshot=wants_snapshot)
    last = parts[-1] if parts else None
    if last is not None and plays and plays[-1].is_cut_short:
        return _end(session, run_id, stopped(last))
    if last is not None and last.run.status in _OVER:
        return _end(session, run_id, last)
    return _continuation(session, run_id, parts, wants_snapshot=wants_snapshot)


def _continuation(session: Session, run_id: str, parts: Sequence[Take], *, wants_snapshot: bool) -> Take | str:
    left = [take for take in _continuations(session, run_id) if not _tells_the_end(take) and take not in parts]
    if not left:
        return "has no recording that goes on with it"
    fitting = [take for take in left if not _contradicts(take, session)] if len(left) > 1 else left
    if not fitting:
        answers = ", ".join(f"{take.name} ({' '.join(_actions(take).values()) or 'no action'})" for take in left)
        return f"has no recording with the action that was submitted, only {answers}"
    return next((take for take in fitting if _is_snapshot(take) == wants_snapshot), fitting[0])


def _continuations(session: Session, run_id: str) -> list[Take]:
    return [take for take in session.takes if take.is_continuation and session.id(take.run.id) == run_id]


def _contradicts(take: Take, session: Session) -> bool:
    """Whether a form was answered in another way than in this recording."""
    answered = ((session.form_of(take, node_id), action) for node_id, action in _actions(take).items())
    return any(form is not None and form.action_id not in (None, action) for form, action in answered)


def _actions(take: Take) -> dict[str, str]:
    """Return with which action the form of each node is answered in a recording."""
    return {form.node_id: form.action_id for form in take.run.forms if form.action_id}


def _tells_the_end(take: Take) -> bool:
    """Whether it is what the server says of a run that is over."""
    return bool(take.frames) and take.frames[0].kind == "workflow_finished"


def _is_snapshot(take: Take) -> bool:
    """Whether it begins with all that happened so far."""
    first = next((frame for frame in take.frames if frame.kind == "workflow_started"), None)
    return first is not None and decoded(first.data).get("data", {}).get("reason") == "initial"


def _answered_forms(frames: Sequence[FrameSpan]) -> list[tuple[str, int]]:
    """Return the nodes whose forms are answered in a body, and where what follows from it begins."""
    found: list[tuple[str, int]] = []
    resumed_at: int | None = None
    for frame in frames:
        if frame.kind == "workflow_started":
            resumed_at = frame.start
        elif frame.kind == "human_input_form_filled":
            node_id = decoded(frame.data).get("data", {}).get("node_id")
            found.append((str(node_id), frame.start if resumed_at is None else resumed_at))
            resumed_at = None
    return found


# ---- after the end, and after a cut


def _end(session: Session, run_id: str, last: Take) -> Take | str:
    """Return the one frame that tells of a run that is over."""
    recorded = next((take for take in _continuations(session, run_id) if _tells_the_end(take)), None)
    if recorded is not None and not last.is_derived:
        return recorded
    frame = next((frame for frame in reversed(last.frames) if frame.kind == "workflow_finished"), None)
    if frame is None:
        return "is over, and its recording does not say how"
    run_id_recorded = last.run.id
    payload = {
        "event": "workflow_finished",
        "task_id": run_id_recorded,
        "workflow_run_id": run_id_recorded,
        "data": decoded(frame.data).get("data"),
    }
    body = b"data: " + json.dumps(payload).encode() + b"\n\n"  # spaced ASCII: another encoder than that of the stream
    return _for_events(last.derived([Chunk(0.0, body)]))


def _rest(play: Play, *, wants_snapshot: bool) -> Take:
    """Return what a client has missed of a body that it did not hear to its end."""
    take = play.take
    start = next((frame.start for frame in take.frames if frame.end > play.sent), len(take.body))
    snapshot = _snapshot([frame for frame in take.frames if frame.start < start]) if wants_snapshot else b""
    chunks, at, offset = [Chunk(0.0, _PING + snapshot)], 0.0, 0
    for chunk in take.recording.chunks:
        missed = chunk.data[max(start - offset, 0) :]
        offset += len(chunk.data)
        if missed:
            at = at or chunk.at
            chunks.append(Chunk(max(chunk.at - at, 0.0), missed))
    return _for_events(take.derived(chunks))


def _snapshot(frames: Sequence[FrameSpan]) -> bytes:
    """Return how a run stands, as frames: each node without its details, and the answer so far."""
    text, parts = "", []
    for frame in frames:
        payload = decoded(frame.data)
        if frame.kind == "message":
            text += payload.get("answer") or ""
        elif frame.kind in ("workflow_started", "node_started", "node_finished", "human_input_required"):
            parts.append(_simple(payload))
    if text and parts:
        first = decoded(frames[0].data)
        envelope = {
            key: first[key] for key in ("conversation_id", "message_id", "created_at", "task_id") if key in first
        }
        parts.insert(1, envelope | {"event": "message_replace", "answer": text, "reason": ""})
    return b"".join(b"data: " + msgspec.json.encode(part) + b"\n\n" for part in parts)


def _simple(payload: dict[str, object]) -> dict[str, object]:
    """Return a frame as snapshots have it."""
    data = payload.get("data")
    if not isinstance(data, dict) or not str(payload.get("event")).startswith("node_"):
        return payload
    kept = {key: value for key, value in data.items() if key not in _NOT_IN_SNAPSHOT}
    return payload | {"data": kept | {key: None for key in _DETAIL if key in kept}}


def _for_events(take: Take) -> Take:
    take.doors = (EVENTS,)
    return take
