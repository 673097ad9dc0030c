"""Forms that a run shows to people, each until it is answered or expires."""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from streamkit.run.state import HumanInput
from streamkit.run.tree import known

_LOOK: Final = 64
"""So many forms of one node are looked at in a search: a server has a few, a hostile stream a million."""


class Forms:
    """The forms of a run, in order of arrival."""

    __slots__ = ("_by_key", "_last", "_nameless", "_waiting")

    def __init__(self) -> None:
        self._by_key: dict[str, HumanInput] = {}
        self._nameless: dict[str, str] = {}
        """By node id: the key of its last form without an id."""
        self._last: dict[str, str] = {}
        """By node id: the key of its last form."""
        self._waiting: dict[str, list[str]] = {}
        """By node id: keys of its forms, the last waiting one at the end."""

    def all(self) -> tuple[HumanInput, ...]:
        """Return all of them, in order of arrival."""
        return tuple(self._by_key.values())

    def ask(self, form: HumanInput, *, replayed: bool) -> None:
        """Show a form, or learn more of a known one; `replayed` as in `Run.ask`."""
        key = _key(form) if form.form_id else self._nameless.get(form.node_id, _key(form))
        before = self._by_key.get(key)
        if not form.form_id:
            if before is not None and before.status != "waiting":  # the node asks once more
                key, before = f"{_key(form)}#{len(self._by_key)}", None
            self._nameless[form.node_id] = key
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
        self._keep(key, form)

    def knows(self, form_id: str | None) -> bool:
        """Whether a form of this id was shown."""
        return form_id in self._by_key

    def of(self, node_id: str) -> HumanInput | None:
        """Return the form that a node shows: the one that waits since the shortest time, else the last one."""
        key = self._key_of(node_id)
        return self._by_key[key] if key is not None else None

    def answer(self, form: HumanInput) -> None:
        """Take the answer to a form, or that it expired."""
        self._keep(form.form_id or self._key_of(form.node_id) or _key(form), form)

    def still_wait(self, form_ids: Iterable[str]) -> None:
        """Learn which forms wait: an answer that was taken as one to any of them was to another form of its node."""
        waits = dict.fromkeys(form_ids)
        mistaken: dict[str, list[HumanInput]] = {}
        for form in (self._by_key[key] for key in waits if key in self._by_key):
            if form.status != "waiting":
                mistaken.setdefault(form.node_id, []).append(form)
        for node_id, forms in mistaken.items():
            recent = self._waiting.get(node_id, [])[-_LOOK:]
            others = [key for key in dict.fromkeys(recent) if key not in waits]
            for form, key in zip(forms, filter(self._waits, others), strict=False):
                answer = {"status": form.status, "action_id": form.action_id, "submitted": form.submitted}
                self._keep(key, replace(self._by_key[key], **answer))
                self._keep(_key(form), replace(form, status="waiting", action_id=None, submitted=None))

    def _waits(self, key: str) -> bool:
        return self._by_key[key].status == "waiting"

    def _key_of(self, node_id: str) -> str | None:
        waiting = self._waiting.get(node_id, [])
        while waiting and self._by_key[waiting[-1]].status != "waiting":
            waiting.pop()
        return waiting[-1] if waiting else self._last.get(node_id)

    def _keep(self, key: str, form: HumanInput) -> None:
        self._by_key[key] = form
        self._last[form.node_id] = key
        if form.status == "waiting":
            self._waiting.setdefault(form.node_id, []).append(key)


def _key(form: HumanInput) -> str:
    """The key of a form: its id, else its node, as the answer to a form names no more than that."""
    return form.form_id or f"node:{form.node_id}"
