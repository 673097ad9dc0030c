"""The executions of a run as a tree of branches: what is said of each, and how much is folded."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from streamkit.cli.render import figures
from streamkit.cli.render.cells import Line, Span
from streamkit.cli.render.columns import Branch, Note
from streamkit.cli.render.folding import (
    MOST_TROUBLED,
    Gap,
    are_few,
    by_status,
    fold_nodes,
    round_is_troubled,
    spent,
    walk,
)
from streamkit.cli.render.look import STYLES_OF_STATUS, Look
from streamkit.cli.render.parts import gist
from streamkit.cli.safe import safe_line, safe_text
from streamkit.run import LogEntry, RunState
from streamkit.run.state import Attempt, NodeState, RoundState
from streamkit.subjects import NodeSubject, RunSubject

_ERROR_LINES: Final = 3
_MOST_AT_TOP: Final = 40
_MOST_IN_ROUND: Final = 12
_MOST_LOGS: Final = 20
_MOST_ATTEMPTS: Final = 5
_PLAIN: Final = ("succeeded", "failed")
"""Statuses whose mark says enough."""
_LOG_STATUS: Final = {"success": "succeeded", "start": "running", "error": "failed"}
_NOTHING: Final = Span("")


def run_branch(state: RunState, look: Look) -> Branch:
    """Return a run as the root of the tree of its executions."""
    name = " ".join(word for word in (state.mode, (state.id or state.message_id or "")[:8]) if word)
    return Branch(
        mark=look.mark(state.status),
        title=state.status,
        title_style=STYLES_OF_STATUS[state.status],
        extra=(Span(safe_line(name) or state.dialect, "strong"),),
        figures=(
            figures.duration(RunSubject(state).seconds),
            figures.tokens(state.total_tokens),
            figures.money(state.usage.cost),
        ),
        notes=tuple(_run_error(state, look)),
        children=tuple(_nodes(state.nodes, look, _MOST_AT_TOP, nested=False)),
    )


def _run_error(state: RunState, look: Look) -> Iterator[Note]:
    if state.error is not None:
        told = (state.error.code, state.error.status and str(state.error.status))
        details = ", ".join(word for word in told if word)
        message = f"{state.error.message} ({details})" if details else state.error.message
        yield _error_note(message, "failed", look)
    elif state.status == "interrupted":
        yield Note("The stream ended before the server said how the run ended.", STYLES_OF_STATUS["interrupted"])


def _nodes(nodes: Sequence[NodeState], look: Look, most: int, *, nested: bool = True) -> Iterator[Branch]:
    for node in fold_nodes(nodes, len(nodes) if look.everything else most):
        yield _gap(node, look) if isinstance(node, Gap) else node_branch(node, look, nested=nested)


def node_branch(node: NodeState, look: Look, *, nested: bool = False) -> Branch:
    """Return one execution with everything under it; less of it if it is nested in another."""
    kind = " ".join(safe_line(word) for word in (node.type, node.model) if word)
    return Branch(
        mark=look.mark(node.status),
        title=safe_line(node.title) or safe_line(node.node_id) or "no name",
        extra=tuple(_extra(node, look)),
        kind=kind,
        figures=(
            figures.duration(NodeSubject(node).seconds),
            figures.tokens(node.total_tokens),
            figures.money(node.cost),
        ),
        notes=(_error_note(node.error, node.status, look),) if node.error else (),
        children=(
            *_attempts(node.attempts, look),
            *_logs(node.logs, look),
            *_rounds(node.rounds, look, nested=nested),
            *_unassigned(node.unassigned, look),
        ),
    )


def _extra(node: NodeState, look: Look) -> Iterator[Span]:
    if node.status not in _PLAIN:
        yield Span(node.status, STYLES_OF_STATUS[node.status])
    if node.attempts:
        yield Span(f"{look.glyphs.retry}{len(node.attempts)}", "odd")
    if node.rounds:
        yield Span(figures.counted(len(node.rounds), "round"), "dim")


def _error_note(error: str, status: str, look: Look) -> Note:
    text = safe_text(error).strip()
    if not look.everything:
        text = gist(text)
    return Note(text, STYLES_OF_STATUS.get(status, "bad"), None if look.everything else _ERROR_LINES)


# ---- what is not drawn


def _gap(gap: Gap, look: Look) -> Branch:
    counts = by_status(gap.nodes)
    return Branch(
        mark=_NOTHING,
        title=f"{look.glyphs.cut} {figures.counted(len(gap.nodes), 'more node')}",
        extra=_counts(counts, look),
        figures=_figures_of(gap.nodes),
        title_style="dim",
    )


def _figures_of(nodes: Sequence[NodeState]) -> tuple[str, str, str]:
    tokens, cost = spent(nodes)
    return "", figures.tokens(tokens), figures.money(cost)


def _counts(counts: dict[str, int], look: Look) -> Line:
    spans = []
    for status in sorted(counts, key=list(look.glyphs.marks).index):
        mark = look.mark(status)
        spans.append(Span(f"{mark.text.strip()} {counts[status]:,}", mark.style))
    return tuple(spans)


def _more(text: str, look: Look) -> Branch:
    return Branch(_NOTHING, f"{look.glyphs.cut} {text}", (Span("--all shows them", "dim"),), title_style="dim")


# ---- rounds


def _rounds(rounds: Sequence[RoundState], look: Look, *, nested: bool) -> Iterator[Branch]:
    if look.everything or are_few(rounds, nested=nested):
        for turn in rounds:
            yield _round(turn, look)
        return
    yield _sum_of_rounds(rounds, look)
    troubled = [turn for turn in rounds if round_is_troubled(turn)]
    for turn in troubled[:MOST_TROUBLED]:
        yield _round(turn, look)
    rest = troubled[MOST_TROUBLED:]
    if rest:
        kind = "failed" if all(turn.status == "failed" for turn in rest) else "troubled"
        yield _more(figures.counted(len(rest), f"more {kind} round"), look)


def _sum_of_rounds(rounds: Sequence[RoundState], look: Look) -> Branch:
    nodes = [node for turn in rounds for node in turn.nodes]
    return Branch(
        mark=_NOTHING,
        title=f"rounds {rounds[0].index}{look.glyphs.to}{rounds[-1].index}",
        extra=_counts(by_status(rounds), look),
        kind=figures.counted(sum(1 for _ in walk(nodes)), "node"),
        figures=_figures_of(nodes),
    )


def _round(turn: RoundState, look: Look) -> Branch:
    """Return a round; one that is a single plain execution takes a single line."""
    title = f"round {turn.index}"
    if len(turn.nodes) == 1 and not turn.nodes[0].rounds:
        only = node_branch(turn.nodes[0], look, nested=True)
        return only._replace(title=f"{title} {look.glyphs.dot} {only.title}")
    tokens, cost = spent(turn.nodes)
    return Branch(
        mark=look.mark(turn.status),
        title=title,
        extra=(Span(turn.status, STYLES_OF_STATUS[turn.status]),) if turn.status not in _PLAIN else (),
        figures=(figures.duration(turn.elapsed_time), figures.tokens(tokens), figures.money(cost)),
        children=tuple(_nodes(turn.nodes, look, _MOST_IN_ROUND)),
    )


def _unassigned(nodes: Sequence[NodeState], look: Look) -> Iterator[Branch]:
    if nodes:
        yield Branch(
            mark=_NOTHING,
            title="round unknown",
            extra=_counts(by_status(nodes), look),
            kind=figures.counted(len(nodes), "node"),
            children=tuple(_nodes(nodes, look, _MOST_IN_ROUND)),
        )


# ---- retries and logs


def _attempts(attempts: Sequence[Attempt], look: Look) -> Iterator[Branch]:
    shown = attempts if look.everything else attempts[:_MOST_ATTEMPTS]
    for attempt in shown:
        error = safe_text(attempt.error or "").strip()
        extra = [Span(figures.duration(attempt.elapsed_time), "dim")] if attempt.elapsed_time is not None else []
        if not look.everything and error:
            extra.append(Span(safe_line(gist(error)), "bad"))
        yield Branch(
            mark=look.mark("failed"),
            title=f"try {attempt.index}",
            extra=tuple(extra),
            notes=(Note(error, "bad"),) if look.everything and error else (),
        )
    if len(shown) < len(attempts):
        yield _more(f"{len(attempts) - len(shown)} more tries", look)


def _logs(logs: Sequence[LogEntry], look: Look) -> Iterator[Branch]:
    total = sum(_size(entry) for entry in logs)
    drawn = Counter[str]()
    yield from _log_level(logs, look, drawn)
    if drawn.total() < total:
        yield _more(f"{total - drawn.total()} more log entries", look)


def _log_level(entries: Sequence[LogEntry], look: Look, drawn: Counter[str]) -> Iterator[Branch]:
    """Yield entries with what is below them, depth first, until enough are drawn."""
    for entry in entries:
        if drawn.total() >= _MOST_LOGS and not look.everything:
            return
        drawn[entry.status] += 1
        yield _log(entry, look, tuple(_log_level(entry.children, look, drawn)))


def _size(entry: LogEntry) -> int:
    return 1 + sum(_size(child) for child in entry.children)


def _log(entry: LogEntry, look: Look, children: tuple[Branch, ...]) -> Branch:
    status = _LOG_STATUS.get(entry.status)
    seconds, tokens = _number(entry.metadata, "elapsed_time"), _number(entry.metadata, "total_tokens")
    return Branch(
        mark=look.mark(status) if status else Span(look.glyphs.dot.ljust(look.mark_width)),
        title=safe_line(entry.label) or safe_line(entry.id) or "no name",
        extra=() if status else (Span(safe_line(entry.status), "dim"),),
        figures=(figures.duration(seconds), figures.tokens(None if tokens is None else int(tokens)), ""),
        notes=(_error_note(entry.error, "failed", look),) if entry.error else (),
        children=children,
    )


def _number(metadata: Any, key: str) -> float | None:  # noqa: ANN401 - a JSON value
    value = metadata.get(key) if isinstance(metadata, dict) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
