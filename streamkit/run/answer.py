"""What a person sees of a run: the answer, the thinking behind it, citations, files, forms.

The rules of `streamkit.run.run` hold here.
"""

from collections.abc import Sequence

from streamkit.run.payload import Json
from streamkit.run.state import HumanInput, Thought
from streamkit.run.text import Text
from streamkit.run.tree import Tree, known


class Answer(Tree):
    """The answer of a run, and what came with it."""

    first_token_at: float | None = None
    """When the first text arrived, in seconds on the caller's clock."""

    def __init__(self) -> None:
        super().__init__()
        self.citations: Sequence[Json] = ()
        """The citations of the answer, as the vendor gives them."""
        self._text = Text()
        self._reasoning = Text()
        self._text_frozen = False
        self._forms: dict[str, HumanInput] = {}
        self._last_form: dict[str, str] = {}
        self._waiting_forms: dict[str, list[str]] = {}  # by node id: keys of its forms, the last waiting one at the end
        self._thoughts: dict[str, Thought] = {}
        self._files: dict[str, Json] = {}

    @property
    def text(self) -> str:
        """The answer that a person sees, after replacements, without closed `<think>` blocks."""
        return self._text.visible

    @property
    def reasoning(self) -> str:
        """The thinking: reasoning deltas, then what stood in closed `<think>` blocks of the answer."""
        return self._reasoning.raw + self._text.thinking

    @property
    def forms(self) -> Sequence[HumanInput]:
        """Human input forms, in order of arrival."""
        return tuple(self._forms.values())

    @property
    def thoughts(self) -> Sequence[Thought]:
        """Rounds of an agent app, by position."""
        return sorted(self._thoughts.values(), key=lambda thought: (thought.position is None, thought.position or 0))

    @property
    def files(self) -> Sequence[Json]:
        """Files of the answer."""
        return tuple(self._files.values())

    # ---- text

    def append_text(self, piece: str, at: float | None = None, *, thinking: bool = False) -> None:
        """Append a delta to the answer; `thinking` as in `Text.append`."""
        if self._text_frozen:
            if piece:
                self.report("after-replace", f"{len(piece)} characters")
            return
        self._text.append(piece, thinking=thinking)
        if at is not None and piece and self.first_token_at is None:
            self.first_token_at = at
        self.revision += 1

    def replace_text(self, text: str, *, freeze: bool = False, at: float | None = None) -> None:
        """Take a whole answer in place of what was streamed.

        Args:
            text: the answer as it is now.
            freeze: whether deltas that still arrive are late and must not be appended.
            at: when it came: a cumulative answer may be the first text there is.
        """
        if at is not None and text and self.first_token_at is None:
            self.first_token_at = at
        self._text.replace(text)
        self._text_frozen = freeze
        self.revision += 1

    def complete_text(self, text: str) -> None:
        """Take the server's final answer; thinking that was streamed and is missing in it stays reasoning."""
        if self._text_frozen:
            if text:
                self.report("after-replace", f"{len(text)} characters")
            return
        thinking = self._text.thinking
        self._text.replace(text)
        if thinking and not self._text.thinking:
            self._reasoning.append(thinking)
        self.revision += 1

    def append_reasoning(self, piece: str, node_id: str | None = None, at: float | None = None) -> None:
        """Append a delta of thinking to the run, and to the last execution of the node that thinks."""
        self._reasoning.append(piece)
        self.revision += 1
        if node_id:
            self.append_node_reasoning(node_id, piece, at)

    # ---- forms, thoughts, files

    def ask(self, form: HumanInput, *, replayed: bool = False) -> None:
        """Show a form, or learn more of a known one.

        Args:
            form: what the server says of it.
            replayed: whether this is a snapshot, which gives the form's template where the live stream rendered it
                (correction 6): then what is known stays.
        """
        key = _key(form)
        before = self._forms.get(key)
        if form.form_id is None and before is not None and before.status != "waiting":  # the node asks once more
            key, before = f"{key}#{len(self._forms)}", None
        if before is not None:
            first, second = (before, form) if replayed else (form, before)
            form = HumanInput(
                form_id=form.form_id,
                node_id=form.node_id,
                title=first.title or second.title,
                content=known(first.content, second.content),
                inputs=first.inputs or second.inputs,
                actions=first.actions or second.actions,
                token=form.token or before.token,
                expires_at=known(form.expires_at, before.expires_at),
                status=before.status,
                action_id=before.action_id,
                submitted=before.submitted,
            )
        self._keep_form(key, form)

    def knows_form(self, form_id: str | None) -> bool:
        """Whether a form of this id was shown."""
        return form_id in self._forms

    def form_of(self, node_id: str) -> HumanInput | None:
        """Return the form that a node shows: the one that waits since the shortest time, else the last one."""
        key = self._key_of(node_id)
        return self._forms[key] if key is not None else None

    def _key_of(self, node_id: str) -> str | None:
        waiting = self._waiting_forms.get(node_id, [])
        while waiting and self._forms[waiting[-1]].status != "waiting":
            waiting.pop()
        return waiting[-1] if waiting else self._last_form.get(node_id)

    def answer_form(self, form: HumanInput) -> None:
        """Take the answer to a form, or that it expired; `form` is the whole form as it is now."""
        self._keep_form(form.form_id or self._key_of(form.node_id) or _key(form), form)

    def _keep_form(self, key: str, form: HumanInput) -> None:
        self._forms[key] = form
        self._last_form[form.node_id] = key
        if form.status == "waiting":
            self._waiting_forms.setdefault(form.node_id, []).append(key)
        self.revision += 1

    def think(self, thought: Thought) -> None:
        """Add a round of an agent app, or learn more of a known one (the server sends it again with more in it)."""
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
        return thought_id in self._thoughts

    def knows_file(self, key: str) -> bool:
        """Whether a file was added under this key."""
        return key in self._files

    def cite(self, citations: Sequence[Json]) -> None:
        """Take the citations of the answer."""
        if citations:
            self.citations = tuple(citations)
            self.revision += 1

    def add_file(self, key: str, file: Json) -> None:
        """Add a file of the answer; the same key again changes nothing."""
        if key not in self._files:
            self._files[key] = file
            self.revision += 1


def _key(form: HumanInput) -> str:
    """The key of a form: its id, else its node, as the answer to a form names no more than that."""
    return form.form_id or f"node:{form.node_id}"
