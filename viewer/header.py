"""The lines around the panes: what runs, how it stands, which keys help here."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from streamkit.cli.render import figures
from streamkit.cli.render.cells import Span, cells
from streamkit.cli.render.look import Look
from streamkit.cli.safe import safe_line
from viewer.keymap import signs
from viewer.labels import file_of, name_of
from viewer.rows import Row
from viewer.session import Session
from viewer.tree import RunTree

if TYPE_CHECKING:
    from viewer.app import Viewer

_ID: Final = re.compile(r"[a-z-]+")
_TREE: Final = (
    ("down/up", "move"), ("fold/unfold", "fold"), ("detail", "detail"), ("search", "find"), ("filter", "filter"),
    ("next-error", "error"), ("follow", "follow"), ("pause", "play"), ("step-back/step", "step"), ("answer", "answer"),
    ("quit", "quit"), ("help", "keys"),
)  # fmt: skip
_HINTS: Final = {
    "runs": (("down/up", "run"), ("detail", "tree"), ("sort", "sort"), ("filter", "filter"), ("mark", "mark"), ("diff", "diff"), ("help", "keys")),
    "detail": (("inputs outputs process error text meta events", "part"), ("search", "find"), ("down/up", "scroll"), ("toggle", "fold"), ("yank", "copy"), ("tree", "tree"), ("help", "keys")),
    "tokens": (("tokens", "by node, model, round"), ("money", "tokens or cost"), ("tree", "tree"), ("help", "keys")),
    "notes": (("detail", "explain, or answer"), ("tree", "tree"), ("help", "keys")),
    "scrub": (("fold/unfold", "5 seconds"), ("step-back/step", "step"), ("edge-back/edge", "edge"), ("pause", "play"), ("slower/faster", "speed"), ("live", "live"), ("help", "keys")),
}  # fmt: skip
"""Which commands help where; their keys are those that the user has."""


def told(app: "Viewer", width: int) -> Sequence[Span]:
    """Return the first line: the run, how it stands, what it spent, what went wrong."""
    watched, look, session = app.session.chosen, app.look, app.session
    if watched is None:
        place = f" at {safe_line(app.watching.place)}" if app.watching.place is not None else ""
        waiting = f"waiting for a run{place}" if app.watching_goes_on else "no run"
        return [Span(" streamkit ", "strong"), Span(waiting, "dim")]
    if watched.problem is not None and not watched.events:
        mark = look.mark("failed")
        name = safe_line(file_of(watched.name))
        return [Span(f" {name} ", "strong"), Span(f"{mark.text.strip()} {safe_line(watched.problem)}", "bad")]
    run, moment = watched.run, session.moment
    facts = moment.facts(run) if moment is not None else None
    status = facts.status if facts is not None else run.status
    mark = look.mark(status)
    state, style = session.state
    spans = [
        Span(f" {run.dialect} ", "strong"),
        Span(safe_line(run.app or file_of(watched.name))),
        Span(f" {safe_line(run.id or run.message_id or '')[:8]}  ", "dim"),
        Span(f"{mark.text.strip()} {status}  ", mark.style),
        Span(f"{state} {figures.duration(session.time)}  ", style),
    ]
    tokens = facts.tokens if facts is not None else run.total_tokens
    if tokens:
        spans.append(Span(f"{tokens:,} tok "))
    if run.leaf_cost and session.past is None:
        spans.append(Span(figures.money(run.leaf_cost) + " "))
    spans += _trouble(session, look)
    if app.run_tree.follow and session.past is None and watched.live:
        spans.append(Span("  FOLLOW", "live"))
    if len(session.runs) > 1:
        spans += _at_the_end(f"{session.runs.index(watched) + 1}/{len(session.runs)} ", spans, width)
    return spans


def _trouble(session: Session, look: Look) -> Iterator[Span]:
    counts = session.counts
    for word, number, style in (("failed", counts.errors, "bad"), ("paused", counts.waiting, "odd")):
        if number:
            yield Span(f" {look.mark(word).text.strip()}{number}", style)
    if counts.anomalies:
        yield Span(f" !{counts.anomalies}", "odd")


def _at_the_end(place: str, before: Sequence[Span], width: int) -> Sequence[Span]:
    """Return which of the runs it is, where there is room for it."""
    rest = width - sum(cells(span.text) for span in before) - len(place)
    return (Span(" " * rest), Span(place, "dim")) if rest > 0 else ()


def hints(app: "Viewer", width: int) -> Sequence[Span]:
    """Return the last line: a message, else the keys that help in the focused pane."""
    if app.message:
        return [Span(f" {app.message}", "strong")]
    first = {command.id: signs(command.keys).partition(" ")[0] for command in app.keymap}
    pairs = [
        (_ID.sub(lambda found: first[found[0]], ids), word)
        for ids, word in _HINTS.get(app.pane.id or "", _TREE)
        if all(map(first.get, _ID.findall(ids)))  # else another command took the key
    ]
    while len(pairs) > 1 and sum(len(keys) + len(word) + 3 for keys, word in pairs) > width + 1:
        del pairs[-2]  # what leads to all keys is among the first, or the last
    spans = [span for keys, word in pairs for span in (Span("  "), Span(keys, "key"), Span(f" {word}", "dim"))]
    return [Span(" "), *spans[1:]]


def path(row: Row, tree: RunTree | None) -> str:
    """Return where a row stands: `per-doc > round 2 > summarise`."""
    names = [name_of(row.item)]
    key = tree.parent(row.key) if tree is not None else None
    while key is not None and key != ("run",) and tree is not None and len(names) < 4:
        item = tree.item(key)
        if item is None:
            break
        names.append(name_of(item))
        key = tree.parent(key)
    return " > ".join(reversed(names))
