"""The answer of a RAGFlow run: deltas or whole texts, thinking, citations (protocol C.2 to C.5).

A chat sends its answer cumulatively (to v0.23, and with `legacy`) or as deltas (v0.24 and later, known by the key
`final` or by think flags); an agent always as deltas, which do not say of which Message component they are.
"""

from collections import deque
from typing import Literal

from msgspec import UNSET

from streamkit.dialects.base import Sink
from streamkit.dialects.ragflow.events import ChatAnswer, Json
from streamkit.run import NodeExecution, Run
from streamkit.run.payload import bounded

_ERROR = "**ERROR**"


class Answers:
    """What must be remembered of an answer between two frames."""

    def __init__(self) -> None:
        self._thinking = False
        """Inside a flagged block."""
        self._deltas = False
        self._expected: deque[NodeExecution] = deque()
        """Message components that are open and have not said all, oldest first."""
        self._ownerless: list[str] = []
        """Deltas that came before their component is known."""
        self._citations: dict[str, Json] = {}
        self._tail = ""

    # ---- agents: whose text it is

    def expect(self, node: NodeExecution) -> None:
        """Note that a Message component began."""
        if node not in self._expected:
            self._expected.append(node)

    def message_end(self, run: Run) -> None:
        """A Message component said all."""
        self.end(run)
        if self._expected and not self._ownerless:
            self._expected.popleft()

    def finished(self, run: Run, node: NodeExecution, *, owns_text: bool, at: float | None) -> None:
        """A component ended: text without an owner is its, if it is a Message, or failed into a default text."""
        if node in self._expected:
            self._expected.remove(node)
        if self._ownerless and owns_text:
            run.append_execution_text(node, "".join(self._ownerless), at)
            self._ownerless.clear()

    # ---- text

    def delta(self, run: Run, piece: str, *, start: bool, end: bool, at: float | None, of_message: bool) -> None:
        """Append a delta. Flags become tags in the text, as RAGFlow itself stores it."""
        if start and not self._thinking:
            self._thinking = True
            self._append(run, "<think>", at, of_message)
        if piece:
            self._append(run, piece, at, of_message)
        if end and self._thinking:
            self._thinking = False
            self._append(run, "</think>", at, of_message)

    def sink(self, run: Run) -> Sink | None:
        """Return what `delta` does with the deltas of a Message component that is known, flags apart."""
        if not self._expected or not run.takes_deltas:
            return None
        node, thinking = self._expected[0], self._thinking

        def append(deltas: list[str], at: float | None) -> Literal[False] | None:
            seen = self._tail + "".join(deltas)
            if _ERROR[0] in seen:
                return False
            self._tail = seen[-len(_ERROR) :]
            pieces = [piece for piece in deltas if piece]
            if pieces:
                run.append_deltas(node, pieces, at, thinking)
            return None

        return append

    def end(self, run: Run) -> None:
        """Close a flagged block that the server left open."""
        self.delta(run, "", start=False, end=True, at=None, of_message=bool(self._expected or self._ownerless))

    def _append(self, run: Run, piece: str, at: float | None, of_message: bool) -> None:
        run.append_text(piece, at, thinking=self._thinking)
        self._look_for_error(run, piece)
        if of_message and self._expected:
            run.append_execution_text(self._expected[0], piece, at, thinking=self._thinking)
        elif of_message:
            self._ownerless.append(piece)

    def answer(self, run: Run, event: ChatAnswer, at: float | None) -> None:
        """Take an answer of a chat (C.2)."""
        text = event.answer or ""
        self._deltas = self._deltas or event.final is not UNSET or event.start_to_think or event.end_to_think
        if not self._deltas:
            run.replace_text(text, at=at)
            self._look_for_error(run, text)
        elif event.final is True:
            self.end(run)
            if text:
                run.replace_text(text, at=at)
                self._look_for_error(run, text)
        else:
            self.delta(run, text, start=event.start_to_think, end=event.end_to_think, at=at, of_message=False)

    def _look_for_error(self, run: Run, piece: str) -> None:
        """An error of the model is text of the answer (A.3.6)."""
        if "error-in-answer" in run.anomaly_counts:
            return
        seen = self._tail + piece
        if _ERROR in seen:
            run.report("error-in-answer", seen[seen.index(_ERROR) :])
        self._tail = seen[-len(_ERROR) :]

    # ---- citations

    def cite(self, run: Run, reference: Json) -> None:
        """Take references: chunks by their marker, the key of a mapping or the place in a list (C.3)."""
        chunks = reference.get("chunks") if isinstance(reference, dict) else reference
        if isinstance(chunks, list):
            chunks = {str(index): chunk for index, chunk in enumerate(chunks)}
        if not isinstance(chunks, dict):
            return
        for marker, chunk in chunks.items():
            kept = bounded(chunk)
            if isinstance(kept, dict):
                self._citations[marker] = {"marker": marker, **kept}
        run.cite(list(self._citations.values()))
        if run.retention.payloads == "drop":
            self._citations.clear()
