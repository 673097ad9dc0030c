"""What can be copied of a row: names, JSON and its path, the command that fetches the run again, text.

Rule 1: a secret is never copied. The command names the variable that holds the key.
Rule 2: a clipboard ends up in a shell, sooner or later: nothing in it is a control character, and what a server named
is quoted.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from operator import attrgetter
from typing import Final, NamedTuple
from urllib.parse import quote

from streamkit.cli.safe import safe_line, safe_text
from streamkit.run import LogEntry, NodeExecution, Round, Run
from streamkit.run.state import State
from viewer.export import pretty
from viewer.items import Published, Whole, error_of, id_of
from viewer.rows import Key

_NUMBER: Final = attrgetter("number")
_INDEX: Final = attrgetter("index")
_PREVIEW: Final = 200
"""Characters of a long text that are looked at for its preview."""


class Place(NamedTuple):
    """Where a row stands in the JSON of `streamkit inspect --json`."""

    path: str
    """A JSON path, `$.nodes[3].rounds[2]`."""
    item: Published


class Offer(NamedTuple):
    """Something to copy."""

    name: str
    preview: str
    """Its beginning, or what it is; safe for a terminal."""
    text: Callable[[], str]
    """Makes it: the JSON of a large run takes a moment."""


def offers(run: Run, key: Key, whole: Whole = nullcontext) -> Sequence[Offer]:
    """Return what there is to copy of a row; nothing where the run has no such row (any more).

    Args:
        run: what the row is of.
        key: the row's.
        whole: brings the payloads of the row.
    """
    place = place_of(run, key)
    if place is None:
        return ()
    item, path = place.item, place.path
    told = (
        _text("id", id_of(item)),
        _text("node id", item.node_id if isinstance(item, NodeExecution) else None),
        Offer("JSON", "pretty, without secrets", lambda: _pretty(item, whole)),
        _text("JSON path", path),
        _text("curl", curl(run)),
        _text("text", item.text if isinstance(item, Run | NodeExecution) else None),
        _text("error", error_of(item)),
    )
    return [offer for offer in told if offer is not None]


def _pretty(item: Published, whole: Whole) -> str:
    with whole(item):
        return pretty(published(item))


def _text(name: str, text: str | None) -> Offer | None:
    return Offer(name, safe_line(text[:_PREVIEW]), lambda: safe_text(text)) if text else None


def published(item: Published) -> State:
    """Return the published form of an item, without secrets."""
    if isinstance(item, Run):
        return item.snapshot().without_secrets()
    return item.freeze() if isinstance(item, NodeExecution | Round) else item


# ---- where it stands


def place_of(run: Run, key: Key) -> Place | None:
    """Return where the row of a key stands; None if the run has no such row (any more)."""
    kind, *names = key
    if kind == "run":
        return Place("$", run)
    node = run.executions.get(str(names[0])) if names else None
    if node is None or kind not in _BELOW:
        return None
    found = _BELOW[str(kind)](node, *names[1:])
    return Place(_path_of(run, node) + found.path, found.item) if found is not None else None


def _path_of(run: Run, node: NodeExecution) -> str:
    """Return the path of an execution, made from the inside to the outside."""
    steps = []
    while node.parent is not None:
        inside = node.parent.container
        if node.round is not None:
            turn = _turn(node.parent, node.round.index)
            steps.append(f"{turn.path if turn else ''}.nodes[{_position(node.round.in_order(), node)}]")
        elif inside is not None:
            steps.append(f".unassigned[{_position(inside.unassigned.in_order(), node)}]")
        node = node.parent
    steps.append(f"$.nodes[{_position(run.nodes, node)}]")
    return "".join(reversed(steps))


def _position(siblings: Sequence[NodeExecution], node: NodeExecution) -> int:
    return bisect_left(siblings, node.number, key=_NUMBER)


def _itself(node: NodeExecution) -> Place:
    return Place("", node)


def _turn(container: NodeExecution, index: int) -> Place | None:
    rounds = container.container
    if rounds is None or index not in rounds.rounds:
        return None
    return Place(f".rounds[{bisect_left(rounds.in_order(), index, key=_INDEX)}]", rounds.rounds[index])


def _attempt(node: NodeExecution, index: int) -> Place | None:
    found = ((number, attempt) for number, attempt in enumerate(node.attempts) if attempt.index == index)
    return next((Place(f".attempts[{number}]", attempt) for number, attempt in found), None)


def _entry(node: NodeExecution, entry_id: str) -> Place | None:
    return next((place for place in _entries(node.logs, ".logs") if id_of(place.item) == entry_id), None)


def _entries(entries: Sequence[LogEntry], path: str) -> Iterator[Place]:
    for number, entry in enumerate(entries):
        yield Place(f"{path}[{number}]", entry)
        yield from _entries(entry.children, f"{path}[{number}].children")


_BELOW: Final[Mapping[str, Callable[..., Place | None]]] = {"x": _itself, "r": _turn, "t": _attempt, "l": _entry}
"""What a key names below an execution, by its first word."""


# ---- how to get it again


def curl(run: Run) -> str | None:
    """Return the command that fetches what the vendor keeps of a run; None where its protocol has no such request."""
    vendor = _VENDORS.get(run.dialect)
    return vendor(run) if vendor is not None else None


def _dify(run: Run) -> str | None:
    if run.conversation_id:  # apps with a conversation keep messages
        user = quote(run.user, safe="") if run.user else "$DIFY_USER"
        return _get_dify(f"messages?conversation_id={quote(run.conversation_id, safe='')}&user={user}")
    return _get_dify(f"workflows/run/{quote(run.id, safe='')}") if run.id else None


def _get_dify(path: str) -> str:
    return f'curl -sS -H "Authorization: Bearer $DIFY_API_KEY" "${{DIFY_URL:-https://api.dify.ai}}/v1/{path}"'


_VENDORS: Final[Mapping[str, Callable[[Run], str | None]]] = {"dify": _dify}
"""RAGFlow keeps no run: its agents have logs of tools, for ten minutes, under an id that is not in the stream."""
