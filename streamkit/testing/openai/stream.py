"""`OpenAIStream`: what a test's author writes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from streamkit.recording import Recording
from streamkit.testing.openai.writers import WRITERS, Delta, End, Server
from streamkit.testing.seeded import Seeded, pieces
from streamkit.testing.stream import Stream, recorded

_SECONDS: Final = 0.05


class OpenAIStream(Stream):
    """The stream of a chat completion.

        OpenAIStream().llm("hi", tokens=3).finish().bytes()

    Servers differ: OpenAI ends with a reason, a chunk of usage if any was spent, and `[DONE]`; a chat of RAGFlow writes
    `data:` without a blank and has the reference in its last chunk; an agent of RAGFlow gives no reason for its end.
    """

    __slots__ = ("_model", "_query", "_seed", "_server", "_steps")

    def __init__(self, server: Server = "openai", *, model: str = "gpt-4o", seed: int = 0) -> None:
        """Begin with nothing.

        Args:
            server: openai, ragflow-chat or ragflow-agent.
            model: what it is called.
            seed: another one gives other ids.

        Raises:
            ValueError: there is no such server.
        """
        if server not in get_args(Server):
            raise ValueError(f"there is no server {server!r}; there are {', '.join(get_args(Server))}")
        self._server = server
        self._model = model
        self._seed = seed
        self._query = "Hello"
        self._steps: tuple[Delta | End, ...] = ()

    # ---- steps

    def start(self, *, query: str = "Hello") -> "OpenAIStream":
        """Say what was asked; it stands in the request alone."""
        other = self._of(self._steps)
        other._query = query
        return other

    def llm(
        self, text: str, *, tokens: int = 0, chunks: int | None = None, reasoning: str = "", seconds: float = _SECONDS
    ) -> "OpenAIStream":
        """Let the model answer.

        Args:
            text: what it says.
            tokens: what it spends.
            chunks: so many pieces; by default one for each word.
            reasoning: what it thinks; an agent of RAGFlow sends it as if it was said.
            seconds: how long it takes.
        """
        said = [{"reasoning_content": reasoning}] if reasoning else []
        said += [{"content": piece} for piece in pieces(text, chunks)]
        share = seconds / max(len(said), 1)
        deltas = [Delta(told=each, seconds=share, tokens=0 if place else tokens) for place, each in enumerate(said)]
        return self._of((*self._steps, *deltas))

    def tool_call(self, name: str, arguments: Mapping[str, Any] | None = None) -> "OpenAIStream":
        """Let the model call a function; its arguments come in two pieces.

        Raises:
            ValueError: RAGFlow calls no tools of a client.
        """
        if self._server != "openai":
            raise ValueError("RAGFlow calls no tools of a client")
        number = sum("tool_calls" in step.told for step in self._steps if isinstance(step, Delta)) // 2
        written = json.dumps(dict(arguments or {}))
        opened = {
            "index": number,
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": name, "arguments": ""},
        }
        rest = {"index": number, "function": {"arguments": written}}
        share = _SECONDS / 2
        deltas = [Delta(told={"tool_calls": [each]}, seconds=share) for each in (opened, rest)]
        return self._of((*self._steps, *deltas))

    # ---- ends

    def finish(self, reason: str | None = None, *, reference: Sequence[Mapping[str, Any]] = ()) -> "OpenAIStream":
        """End the answer.

        Args:
            reason: `stop`, `length`, …; by default `stop`, or `tool_calls` behind a call.
            reference: what RAGFlow retrieved, with as many fields of a chunk as you like.
        """
        last = self._steps[-1] if self._steps else None
        calls = isinstance(last, Delta) and "tool_calls" in last.told
        found_for_it = tuple(dict(each) for each in reference)
        return self._of(
            (*self._steps, End(reason=reason or ("tool_calls" if calls else "stop"), reference=found_for_it))
        )

    def fail(self, error: str) -> "OpenAIStream":
        """Break off with an error: an object of its own, in RAGFlow a piece of the answer."""
        return self._of((*self._steps, End(error=error)))

    def stop(self) -> "OpenAIStream":
        """Let a person close the connection: nothing more comes."""
        return self._of((*self._steps, End()))

    # ---- bodies

    def recordings(self) -> list[Recording]:
        """Return the only body of the answer as a recording."""
        writer = WRITERS[self._server](self._model, Seeded(self._seed))
        frames = writer.play(self._steps)
        messages = [{"role": "user", "content": self._query}]
        asked = {"model": self._model, "messages": messages, "stream": True}
        return [recorded("openai", "POST", writer.path, asked, frames)]

    def _of(self, steps: tuple[Delta | End, ...]) -> "OpenAIStream":
        other = OpenAIStream(self._server, model=self._model, seed=self._seed)
        other._query, other._steps = self._query, steps
        return other
