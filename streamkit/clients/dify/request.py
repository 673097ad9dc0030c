"""The request that runs a Dify app: which path, which body, by what the app is."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypedDict

from streamkit.clients.address import filled
from streamkit.clients.dify.answers import UploadedFile
from streamkit.clients.operation import Call
from streamkit.run.payload import Json

Mode = Literal["chat", "agent-chat", "advanced-chat", "agent", "completion", "workflow"]
"""What an app is: `advanced-chat` is a chatflow, `agent` the agent app of 1.16."""

_CHAT: Final = "/chat-messages"
_PATHS: Final[Mapping[Mode | None, str]] = {"completion": "/completion-messages", "workflow": "/workflows/run"}
_STOP_PATHS: Final[Mapping[Mode | None, str]] = {
    "completion": "/completion-messages/{task_id}/stop",
    "workflow": "/workflows/tasks/{task_id}/stop",
}
_OF_CHATS: Final = ("conversation_id", "auto_generate_name")
"""What only apps with conversations take."""


class Asked(TypedDict, total=False):
    """What a run is asked, beside the question; each may be left out."""

    inputs: Mapping[str, Json]
    """The app's variables."""
    user: str
    """On whose behalf."""
    conversation_id: str
    """The conversation to go on with; by default a new one."""
    files: Sequence[UploadedFile | Mapping[str, Json]]
    """Files for the question: uploaded, or as the wire has them."""
    workflow_id: str
    """A published version of a chatflow or workflow; by default the current one."""
    auto_generate_name: bool
    """Whether a model finds a name for a new conversation."""
    trace_id: str
    """For the server's own tracing."""


def run_call(mode: Mode | None, query: str | None, asked: Asked, *, user: str, streaming: bool) -> Call:
    """Return the request that runs an app.

    Args:
        mode: what the app is; None where the server does not tell. Then a question makes it a chat.
        query: the question.
        asked: the rest.
        user: on whose behalf, if `asked` does not say it.
        streaming: whether to stream what happens.

    Raises:
        ValueError: the app takes no question, or needs one.
    """
    if mode is None:
        mode = "workflow" if query is None else "chat"
    if mode == "workflow" and query is not None:
        raise ValueError("the app is a workflow: it takes inputs and no query")
    if mode not in ("workflow", "completion") and query is None:
        raise ValueError(f"the app is a {mode}: it needs a query")
    body: dict[str, Json] = {
        "inputs": dict(asked.get("inputs", {})),
        "query": query,
        "user": asked.get("user") or user,
        "response_mode": "streaming" if streaming else "blocking",
        "files": [_file(file) for file in asked.get("files", ())] or None,
        "trace_id": asked.get("trace_id"),
    }
    if mode not in ("workflow", "completion"):
        body |= {name: asked.get(name) for name in _OF_CHATS}
    path = _PATHS.get(mode, _CHAT)
    if "workflow_id" in asked and mode == "workflow":
        path = filled("/workflows/{workflow_id}/run", {"workflow_id": asked["workflow_id"]})
    elif "workflow_id" in asked:
        body["workflow_id"] = asked["workflow_id"]
    return Call("POST", path, body={name: value for name, value in body.items() if value is not None})


def stop_call(mode: Mode | None, task_id: str, user: str) -> Call:
    """Return the request that stops a run."""
    path = _STOP_PATHS.get(mode, f"{_CHAT}/{{task_id}}/stop")
    return Call("POST", filled(path, {"task_id": task_id}), body={"user": user})


def _file(file: UploadedFile | Mapping[str, Json]) -> dict[str, Json]:
    return file.as_input() if isinstance(file, UploadedFile) else dict(file)
