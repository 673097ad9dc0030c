"""Tool calls, joined from their fragments.

A call is an execution of type `tool`: its id is the call's, its title the function's name, its inputs the arguments.
The arguments come in pieces of a few letters, so they are told to the run when they are whole: when their choice ends,
at the latest when the body does. Then the call has succeeded, as a call: all of it is there. Whether the client ran the
tool is on another wire. A call that was cut off stays open, and is `unknown` in the end.

Fragments of one `index` are one call. Some servers give every call the same index: then another id is another call.
"""

from typing import Final

import msgspec

from streamkit.dialects.openai.events import CustomTool, Function, ToolCall
from streamkit.run import NodeExecution, Run
from streamkit.run.payload import Json, bounded, dumps
from streamkit.run.text import Text

_WHOLE: Final = frozenset({"stop", "tool_calls", "function_call"})
"""Finish reasons that leave no call cut off."""
_LONGEST_NAME: Final = 256
"""So long may the name of a function grow by fragments."""

Slot = int | str
"""Where a call stands: its index; a word for the one call of the API before tools."""


class Names:
    """Gives executions ids that no other one has: servers repeat ids, and a run has more than one body."""

    __slots__ = ("_copies",)

    def __init__(self) -> None:
        self._copies = 0

    def unused(self, run: Run, wanted: str) -> str:
        """Return an id for a new execution: the wanted one, if it is free."""
        name = wanted
        while name in run.executions:
            self._copies += 1
            name = f"{wanted}#{self._copies}"
        return name


class _Call:
    """One call while its fragments come."""

    __slots__ = ("arguments", "id", "is_told", "name", "node")

    def __init__(self, node: NodeExecution, call_id: str | None) -> None:
        self.node = node
        self.id = call_id
        self.name = ""
        self.arguments = Text()
        self.is_told = True
        """Whether the run knows all of the arguments that came."""


class Calls:
    """The tool calls of one choice."""

    __slots__ = ("_all", "_by_slot", "_names")

    def __init__(self, names: Names) -> None:
        self._names = names
        self._all: list[_Call] = []
        self._by_slot: dict[Slot, _Call] = {}

    def take(self, run: Run, slot: Slot, told: ToolCall, at: float | None, *, whole: bool) -> None:
        """Take a fragment of a call.

        Args:
            run: the run.
            slot: which call it continues.
            told: the fragment.
            at: when it arrived.
            whole: whether it is all of the call so far, not what is new.
        """
        call = self._by_slot.get(slot)
        if call is None or (told.id and call.id and told.id != call.id):
            call = self._begin(run, slot, told.id, at)
        call.id = call.id or told.id
        function, custom = told.function or Function(), told.custom or CustomTool()
        self._name(run, call, function.name or custom.name)
        piece = custom.input if function.arguments is None else function.arguments
        if piece is not None:
            text = piece if isinstance(piece, str) else dumps(bounded(piece)).decode()
            if whole:
                call.arguments.replace(text)
            else:
                call.arguments.append(text)
            call.is_told = False

    def close(self, run: Run, finish_reason: str, at: float | None) -> None:
        """Note that the choice ended."""
        self.tell(run)
        if finish_reason in _WHOLE:
            for call in self._all:
                run.close_execution(call.node, "succeeded", at=at)

    def tell(self, run: Run) -> None:
        """Tell the run the arguments that came. Linear in them, so not after every fragment."""
        for call in self._all:
            if not call.is_told:
                call.is_told = True
                run.describe(call.node, inputs=_json_of(call.arguments.raw))

    def _begin(self, run: Run, slot: Slot, call_id: str | None, at: float | None) -> _Call:
        name = self._names.unused(run, call_id or f"call:{slot}")
        call = _Call(run.open_execution(name, call_id or str(slot), type="tool", title=None, at=at), call_id)
        self._by_slot[slot] = call
        self._all.append(call)
        return call

    def _name(self, run: Run, call: _Call, name: str | None) -> None:
        """Learn the name: some servers send it in fragments, others whole with each fragment."""
        if name and name != call.name and len(call.name) < _LONGEST_NAME:
            call.name = (call.name + name)[:_LONGEST_NAME]
            run.describe(call.node, title=call.name)


def _json_of(text: str) -> Json:
    """Return arguments as JSON in one line; what is none (free text, or cut off) as a JSON string; None for nothing."""
    data = text.strip().encode()
    if not data:
        return None
    try:
        msgspec.json.decode(data)
        return msgspec.json.format(data, indent=-1)
    except (msgspec.MsgspecError, RecursionError):
        return dumps(text)
