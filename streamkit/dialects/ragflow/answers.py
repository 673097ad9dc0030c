"""The answer of a RAGFlow run: deltas or whole texts, thinking, citations (protocol C.2 to C.5).

A chat sends its answer cumulatively (to v0.23, and with `legacy`) or as deltas (v0.24 and later, known by the key
`final` or by think flags); an agent always as deltas, which do not say of which Message component they are.

Every operation costs constant time, but for what the frame itself holds.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, Literal

from streamkit.dialects.base import Sink
from streamkit.dialects.ragflow.events import ChatAnswer, Json, Message
from streamkit.run import NodeExecution, Run
from streamkit.run.payload import bounded
from streamkit.run.text import Text

_ERROR: Final = "**ERROR**"
_STREAMED: Final = ("LLM", "Agent")
"""Types whose text a Message streams: they finish after its messages, even if they failed."""


class Answers:
    """What must be remembered of an answer between two frames."""

    __slots__ = ("_deltas", "_expected", "_ownerless", "_spoke", "_tail", "_thinking")

    def __init__(self) -> None:
        self._expected: OrderedDict[NodeExecution, None] | None = None
        """Message components that are open and have not said all, oldest first."""
        self.begin()

    def begin(self) -> None:
        """Begin a body: nothing of the text of the one before reaches into it."""
        self._thinking = False
        """Inside a flagged block."""
        self._deltas = False
        """Whether this body showed that its answers are deltas."""
        self._ownerless: Text | None = None
        """Deltas that came before their component is known, as far as the run keeps text."""
        self._spoke: NodeExecution | None = None
        """Whose the last messages seemed to be, until a finish tells."""
        self._tail = ""
        """The last characters of the text, in which an error may have begun."""

    # ---- agents: whose text it is

    def expect(self, node: NodeExecution) -> None:
        """Note that a Message component began."""
        if self._expected is None:
            self._expected = OrderedDict()
        self._expected[node] = None

    def message_end(self, run: Run) -> None:
        """A Message component said all."""
        self.end(run)
        if self._expected and self._ownerless is None:
            self._spoke, _ = self._expected.popitem(last=False)

    def finished(self, run: Run, node: NodeExecution, *, owns_text: bool, at: float | None) -> None:
        """A component ended: text without an owner is its, if it is a Message, or failed into a default text.

        So is text that seemed to be of a Message which goes on: one that was not ready, or whose turn it is not yet.
        """
        self.forget(node)
        spoke = self._spoke
        if spoke is not None and owns_text and node.type not in _STREAMED:
            self._spoke = None
            if spoke.status == "running":
                run.hand_over_text(spoke, node)
                self._expect_first(spoke)
        if self._ownerless is not None and owns_text:
            run.give_text(node, self._ownerless, at)
            self._ownerless = None

    def _expect_first(self, node: NodeExecution) -> None:
        self.expect(node)
        if self._expected is not None:
            self._expected.move_to_end(node, last=False)

    def forget(self, node: NodeExecution) -> None:
        """Nothing that comes is the text of this execution."""
        if self._expected:
            self._expected.pop(node, None)
        if self._spoke is node:
            self._spoke = None

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

    def sink(self, run: Run, event: Message | ChatAnswer) -> Sink | None:
        """Return what `delta` does with deltas without flags."""
        said = event.data if isinstance(event, Message) else event
        if said is None or said.start_to_think or said.end_to_think or not run.takes_deltas:
            return None
        of_message = isinstance(event, Message)
        if isinstance(said, ChatAnswer) and (not self._deltas or said.final or said.running_status):
            return None
        if isinstance(said, ChatAnswer) and _chunks(said.reference):
            return None
        node = next(iter(self._expected)) if self._expected and of_message else None
        thinking = self._thinking

        def append(deltas: list[str], at: float | None) -> Literal[False] | None:
            seen = self._tail + "".join(deltas)
            if _ERROR in seen:
                return False
            self._tail = seen[-len(_ERROR) :]
            pieces = [piece for piece in deltas if piece]
            if pieces:
                run.append_deltas(node, pieces, at, thinking)
                if of_message and node is None:
                    self._wait(run, "".join(pieces))
            return None

        return append

    def end(self, run: Run) -> None:
        """Close a flagged block that the server left open."""
        self.delta(run, "", start=False, end=True, at=None, of_message=bool(self._expected or self._ownerless))

    def _append(self, run: Run, piece: str, at: float | None, of_message: bool) -> None:
        run.append_text(piece, at, thinking=self._thinking)
        self._look_for_error(run, piece)
        if of_message and self._expected:
            run.append_execution_text(next(iter(self._expected)), piece, at, thinking=self._thinking)
        elif of_message:
            self._wait(run, piece)

    def _wait(self, run: Run, piece: str) -> None:
        if self._ownerless is None:
            self._ownerless = Text(run.retention.max_text)
        self._ownerless.append(piece)

    def answer(self, run: Run, event: ChatAnswer, at: float | None) -> None:
        """Take an answer of a chat (C.2)."""
        text = event.answer or ""
        self._deltas = self._deltas or any(
            told is not None for told in (event.final, event.start_to_think, event.end_to_think)
        )
        if not self._deltas:
            run.replace_text(text, at=at)
            self._look_for_error(run, text)
        elif event.final is True:
            self.end(run)
            if text:
                run.complete_text(text, at=at)
                self._look_for_error(run, text)
        else:
            start, end = bool(event.start_to_think), bool(event.end_to_think)
            self.delta(run, text, start=start, end=end, at=at, of_message=False)

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
        """Take references: what is new replaces what has the same marker; of a list, no other stays (C.3)."""
        chunks = _chunks(reference)
        for marker, chunk in chunks.items():
            citation = bounded(chunk)
            if isinstance(citation, dict):
                run.cite_one(marker, {**citation, "marker": marker})
        if chunks and isinstance(_held(reference), list):
            run.cite_no_others(chunks)


def _held(reference: Json) -> Json:
    return reference.get("chunks") if isinstance(reference, dict) else reference


def _chunks(reference: Json) -> Mapping[str, Json]:
    """Return the chunks of a reference by their marker: the key of a mapping, or the place in a list (C.3)."""
    chunks = _held(reference)
    if isinstance(chunks, list):
        return {str(index): chunk for index, chunk in enumerate(chunks)}
    return chunks if isinstance(chunks, dict) else {}
