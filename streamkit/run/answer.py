"""What a person sees of a run: the answer, the thinking behind it, citations, files, forms.

The rules of `streamkit.run.run` hold here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from streamkit.run.execution import NodeExecution
from streamkit.run.forms import Forms
from streamkit.run.payload import Json
from streamkit.run.retention import Retention
from streamkit.run.state import HumanInput, Seconds, Thought
from streamkit.run.text import Text
from streamkit.run.tree import Tree, known

_NONE: Final[Mapping[str, Json]] = MappingProxyType({})


class Answer(Tree):
    """The answer of a run, and what came with it."""

    __slots__ = (
        "_citations",
        "_files",
        "_forms",
        "_reasoning",
        "_text",
        "_text_frozen",
        "_thoughts",
        "first_token_at",
    )

    def __init__(self, retention: Retention) -> None:
        super().__init__(retention)
        self.first_token_at: Seconds | None = None
        """When the first text arrived, in seconds on the caller's clock."""
        self._text = self._text_to_fill()
        self._reasoning: Text | None = None
        self._text_frozen = False
        self._forms: Forms | None = None
        self._thoughts: dict[str, Thought] | None = None
        self._files: dict[str, Json] | None = None
        self._citations: dict[str, Json] | None = None

    @property
    def text(self) -> str:
        """The answer that a person sees, after replacements, without closed `<think>` blocks."""
        return self._text.visible

    @property
    def reasoning(self) -> str:
        """The thinking: reasoning deltas, then what stood in closed `<think>` blocks of the answer."""
        return (self._reasoning.raw if self._reasoning is not None else "") + self._text.thinking

    @property
    def cut(self) -> int:
        """Characters of the answer and the thinking that are not kept."""
        return self._text.cut + (self._reasoning.cut if self._reasoning is not None else 0)

    @property
    def citations(self) -> Sequence[Json]:
        """The citations of the answer, as the vendor gives them."""
        return tuple((self._citations or _NONE).values())

    @property
    def forms(self) -> Sequence[HumanInput]:
        """Human input forms, in order of arrival."""
        return self._forms.all() if self._forms is not None else ()

    @property
    def thoughts(self) -> Sequence[Thought]:
        """Rounds of an agent app, by position."""
        thoughts = (self._thoughts or {}).values()
        return sorted(thoughts, key=lambda thought: (thought.position is None, thought.position or 0))

    @property
    def files(self) -> Sequence[Json]:
        """Files of the answer."""
        return tuple((self._files or _NONE).values())

    # ---- text

    def append_text(self, piece: str, at: Seconds | None = None, *, thinking: bool = False) -> None:
        """Append a delta to the answer; `thinking` as in `Text.append`."""
        if self._text_frozen:
            if piece:
                self.report("after-replace", f"{len(piece)} characters")
            return
        lost = self._text.append(piece, thinking)
        if lost:
            self._keeper.characters += lost
        if at is not None and piece and self.first_token_at is None:
            self.first_token_at = at
        self.revision += 1

    @property
    def takes_deltas(self) -> bool:
        """Whether deltas are still part of the answer."""
        return not self._text_frozen

    def append_deltas(
        self, node: NodeExecution | None, deltas: Sequence[str], at: Seconds | None = None, thinking: bool = False
    ) -> None:
        """Append deltas to the answer, and to what an execution streamed, at once; only where `takes_deltas`.

        What `append_text` and `append_execution_text` do with one after the other, revisions included.
        """
        piece = deltas[0] if len(deltas) == 1 else "".join(deltas)
        lost = self._text.append(piece, thinking)
        if lost:
            self._keeper.characters += lost
        if at is not None and piece and self.first_token_at is None:
            self.first_token_at = at
        if node is None:
            self.revision += len(deltas)
            return
        self.revision += 2 * len(deltas) - 1
        self._append_to(node, piece, at, thinking)

    def append_reasoning_deltas(self, node: NodeExecution, deltas: Sequence[str], at: Seconds | None = None) -> None:
        """Append deltas of thinking to the run and to an execution, at once: as `append_reasoning` one by one."""
        piece = "".join(deltas)
        self._think_aloud(piece)
        self.revision += 2 * len(deltas) - 1
        self._append_reasoning_to(node, piece, at)

    def replace_text(self, text: str, *, freeze: bool = False, at: Seconds | None = None) -> None:
        """Take a whole answer in place of what was streamed.

        Args:
            text: the answer as it is now.
            freeze: whether deltas that still arrive are late and must not be appended.
            at: when it came: a cumulative answer may be the first text there is.
        """
        if at is not None and text and self.first_token_at is None:
            self.first_token_at = at
        self._keeper.characters += self._text.replace(text)
        self._text_frozen = freeze
        self.revision += 1

    def complete_text(self, text: str, at: Seconds | None = None) -> None:
        """Take the server's final answer; thinking that was streamed and is missing in it stays reasoning."""
        if self._text_frozen:
            if text:
                self.report("after-replace", f"{len(text)} characters")
            return
        if at is not None and text and self.first_token_at is None:
            self.first_token_at = at
        thinking = self._text.thinking
        self._keeper.characters += self._text.replace(text)
        if thinking and not self._text.thinking:
            self._think_aloud(thinking)
        self.revision += 1

    def append_reasoning(self, piece: str, node_id: str | None = None, at: Seconds | None = None) -> None:
        """Append a delta of thinking to the run, and to the last execution of the node that thinks."""
        self._think_aloud(piece)
        self.revision += 1
        if node_id:
            self.append_node_reasoning(node_id, piece, at)

    def _think_aloud(self, piece: str) -> None:
        if self._reasoning is None:
            self._reasoning = self._text_to_fill()
        self._grow(self._reasoning, piece)

    # ---- forms, thoughts, files

    def ask(self, form: HumanInput, *, replayed: bool = False) -> None:
        """Show a form, or learn more of a known one.

        Args:
            form: what the server says of it.
            replayed: whether this is a snapshot, which gives the form's template where the live stream rendered it
                (correction 6): then what is known stays.
        """
        if self._forms is None:
            self._forms = Forms()
        self._forms.ask(form, replayed=replayed)
        self.revision += 1

    def knows_form(self, form_id: str | None) -> bool:
        """Whether a form of this id was shown."""
        return self._forms is not None and self._forms.knows(form_id)

    def form_of(self, node_id: str) -> HumanInput | None:
        """Return the form that a node shows: the one that waits since the shortest time, else the last one."""
        return self._forms.of(node_id) if self._forms is not None else None

    def answer_form(self, form: HumanInput) -> None:
        """Take the answer to a form, or that it expired; `form` is the whole form as it is now."""
        if self._forms is None:
            self._forms = Forms()
        self._forms.answer(form)
        self.revision += 1

    def still_wait(self, form_ids: Iterable[str]) -> None:
        """Learn which forms wait. An answer names its node only, and of several forms of that may be another one's."""
        if self._forms is not None:
            self._forms.still_wait(form_ids)
            self.revision += 1

    def think(self, thought: Thought) -> None:
        """Add a round of an agent app, or learn more of a known one (the server sends it again with more in it)."""
        if not self._keeper.keeps_payloads:
            thought = msgspec.structs.replace(
                thought,
                tool_input=self._keeper.text(thought.tool_input),
                observation=self._keeper.text(thought.observation),
            )
        if self._thoughts is None:
            self._thoughts = {}
        before = self._thoughts.get(thought.id)
        if before is not None:
            thought = Thought(
                id=thought.id,
                position=known(thought.position, before.position),
                thought=known(thought.thought, before.thought),
                tool=known(thought.tool, before.tool),
                tool_input=known(thought.tool_input, before.tool_input),
                observation=known(thought.observation, before.observation),
                files=thought.files or before.files,
            )
        self._thoughts[thought.id] = thought
        self.revision += 1

    def knows_thought(self, thought_id: str) -> bool:
        """Whether a round of this id was seen."""
        return self._thoughts is not None and thought_id in self._thoughts

    def knows_file(self, key: str) -> bool:
        """Whether a file was added under this key."""
        return self._files is not None and key in self._files

    def cite(self, citations: Sequence[Json]) -> None:
        """Take the citations of the answer, all of them."""
        if citations:
            self._citations = None
            for place, citation in enumerate(citations):
                self.cite_one(str(place), citation)

    def cite_one(self, key: str, citation: Json) -> None:
        """Take a citation of the answer: in place of the one with the same key, or as the last one."""
        if self._citations is None:
            self._citations = {}
        elif self._citations.get(key) == citation:
            return
        kept = self._keeper.value(citation)
        if kept is not None:
            self._citations[key] = kept
        self.revision += 1

    def cite_no_others(self, keys: Collection[str]) -> None:
        """Let go of the citations whose keys are not among these. Linear in the citations."""
        others = [key for key in self._citations or () if key not in keys]
        if self._citations is not None and others:
            for key in others:
                del self._citations[key]
            self.revision += 1

    def add_file(self, key: str, file: Json) -> None:
        """Add a file of the answer; the same key again changes nothing."""
        if self._files is None:
            self._files = {}
        if key not in self._files:
            self._files[key] = file
            self.revision += 1
