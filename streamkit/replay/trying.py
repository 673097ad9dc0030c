"""A request that plays a recording, for a person to try and for tests to send: as recorded, else the shortest one."""

import json
import shlex
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from streamkit.replay.library import EVENTS, Library, Take

_DIFY: Final = {"inputs": {}, "user": "me", "response_mode": "streaming"}
_OPENAI: Final = {"model": "replay", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
_REQUESTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "dify-chat": ("/v1/chat-messages", {**_DIFY, "query": "Hello"}),
    "dify-completion": ("/v1/completion-messages", {**_DIFY, "query": "Hello"}),
    "dify-workflow": ("/v1/workflows/run", _DIFY),
    "dify-datasource": ("/v1/datasets/any/pipeline/datasource/nodes/any/run", {"inputs": {}}),
    "ragflow-chat": ("/api/v1/chats/any/completions", {"question": "Hello", "stream": True}),
    "ragflow-agent": ("/api/v1/agents/any/completions", {"question": "Hello", "stream": True}),
    "openai": ("/v1/chat/completions", _OPENAI),
    "lighton": ("/api/v2/tools/chatflows/", {"messages": "Hello"}),
}


class Example(NamedTuple):
    """A request."""

    method: str
    path: str
    key: str
    """The name of the recording: it chooses among several."""
    body: Mapping[str, Any] | None
    """Any: JSON of the vendor's."""

    def as_curl(self, url: str) -> str:
        """Return the line for a shell."""
        words = ["curl", "-N", f"{url}{self.path}", "-H", f"Authorization: Bearer {self.key}"]
        if self.body is not None:
            words += ["-H", "Content-Type: application/json", "-d", json.dumps(self.body, ensure_ascii=False)]
        return shlex.join(words)


def example_of(take: Take, library: Library) -> Example:
    """Return a request that plays a recording, once what comes before it was played."""
    key = take.name if library.named(take.name) == [take] else "/".join((*take.folders, take.name))
    if EVENTS in take.doors:
        return Example("GET", take.path or f"/v1/workflow/{take.run.id}/events?user=me", key, None)
    path, body = _REQUESTS[take.doors[0]]
    return Example(take.method, take.path or path, key, take.request if isinstance(take.request, dict) else body)
