"""How a run ends that its client stops: the frames with which the vendor ends it, made of the recorded ones."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from streamkit.recording import Chunk
from streamkit.replay.frames import FrameSpan, decoded
from streamkit.replay.library import Take

_CANCELED: Final = "has been canceled during batch execution."
_REQUESTED: Final = "requested stop"


def terminal_of(take: Take) -> bytes | None:
    """Return what the server sends in place of the rest once a run is stopped.

    Returns:
        The frames; None if the recording was stopped itself, or of a vendor that cannot be stopped.
    """
    run = take.run
    if run.dialect == "dify":
        return None if _was_stopped(take) else _of_dify(take)
    if run.dialect == "ragflow" and run.mode == "agent":
        return None if run.status == "stopped" else _of_ragflow(take)
    return None


def stopped(take: Take) -> Take:
    """Return what a recording would be if its run had been stopped at the end of its first frame."""
    first = take.frames[0].end if take.frames else 0
    return take.derived([Chunk(0.0, take.body[:first] + (terminal_of(take) or b""))])


def _of_dify(take: Take) -> bytes | None:
    frames = take.frames
    run_frame = _last(frames, "workflow_finished") or _last(frames, "workflow_started", "workflow_paused")
    if run_frame is not None:
        return _frame(_workflow_stopped(decoded(run_frame.data), take))
    end = _last(frames, "message_end") or _last(frames, "message", "agent_message")
    return _frame(_message_stopped(decoded(end.data))) if end is not None else None


def _workflow_stopped(payload: dict[str, Any], take: Take) -> dict[str, Any]:
    """Return the end of a stopped workflow. Any: the vendor's."""
    inner = payload.get("data")
    data = inner if isinstance(inner, dict) else {}
    ended: dict[str, Any] = {
        "id": take.run.id,
        "workflow_id": take.run.workflow_id,
        "status": "stopped",
        "outputs": {},
        "error": "Stopped by user.",
        "elapsed_time": data.get("elapsed_time") or 0.0,
        "total_tokens": 0,
        "total_steps": data.get("total_steps") or 0,
        "created_by": data.get("created_by") or {},
        "created_at": data.get("created_at"),
        "finished_at": data.get("finished_at") or data.get("created_at"),
        "exceptions_count": 0,
        "files": [],
    }
    return payload | {"event": "workflow_finished", "data": ended}


def _message_stopped(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the end of a stopped answer, which reads like any other, but for its usage. Any: the vendor's."""
    metadata = payload.get("metadata") if isinstance(payload.get("metadata"), dict) else {}
    usage = (metadata or {}).get("usage")
    spent = dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"), 0)
    envelope = {key: value for key, value in payload.items() if key not in ("answer", "from_variable_selector")}
    return envelope | {
        "event": "message_end",
        "metadata": {**(metadata or {}), "usage": {**(usage or {}), **spent}},
        "files": payload.get("files"),
    }


def _was_stopped(take: Take) -> bool:
    """Whether the run was stopped when it was recorded. Some servers call that failed."""
    error = take.run.error
    return take.run.status == "stopped" or (error is not None and _REQUESTED in error.message) or _spent_nothing(take)


def _spent_nothing(take: Take) -> bool:
    """Whether a chat has spent nothing on its answer: no other sign is there that it was stopped."""
    end = _last(take.frames, "message_end")
    has_text = any(frame.kind in ("message", "agent_message") for frame in take.frames)
    is_workflow = any(frame.kind == "workflow_started" for frame in take.frames)
    return end is not None and has_text and not is_workflow and take.run.usage.total_tokens == 0


def _of_ragflow(take: Take) -> bytes:
    error = {"code": 500, "message": f"Task {take.run.task_id} {_CANCELED}", "data": False}
    has_end = any(frame.kind == "stream_end" for frame in take.frames)
    return b"data:" + msgspec.json.encode(error) + b"\n\n" + (b"data:[DONE]\n\n" if has_end else b"")


def _last(frames: Sequence[FrameSpan], *kinds: str) -> FrameSpan | None:
    return next((frame for frame in reversed(frames) if frame.kind in kinds), None)


def _frame(payload: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(payload) + b"\n\n"
