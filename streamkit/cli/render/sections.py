"""What stands under the tree of a run: the answer, forms, thoughts, files, usage, anomalies. Empty ones are left out."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from streamkit.cli.render import figures
from streamkit.cli.render.cells import Line, Span, cells, cut, pad
from streamkit.cli.render.forms import form_lines
from streamkit.cli.render.look import Look
from streamkit.cli.render.parts import INDENT, compact, field, heading, hidden, hint, prose
from streamkit.cli.safe import safe_line
from streamkit.run import RunState
from streamkit.run.payload import Json

_ANSWER_LINES: Final = 20
_NAMES: Final = 5
_MEANING: Final = "what it means: "
_NAME_KEYS: Final = ("filename", "name", "document_name", "doc_name", "title", "url", "id")


def sections(state: RunState, look: Look) -> Iterator[list[Line]]:
    """Yield what there is to show, in the order of interest, each with its heading."""
    yield from _headed("thoughts", list(_thoughts(state, look)))
    yield from _headed("answer", list(prose(state.text, look, _ANSWER_LINES)))
    if not state.text.strip():
        yield from _headed("outputs", list(_members(state.outputs, look)))
    yield from _headed("reasoning", list(_reasoning(state.reasoning, look)))
    for form in state.forms:
        yield list(form_lines(form, look))
    yield from _headed("files", list(_names(state.files, look)))
    yield from _headed("citations", list(_names(state.citations, look)))
    yield from _headed("usage", list(_usage(state, look)))
    yield from _headed("anomalies", list(_anomalies(state, look)))


def _headed(title: str, lines: list[Line]) -> Iterator[list[Line]]:
    if lines:
        yield [heading(title), *lines]


# ---- text


def _reasoning(text: str, look: Look) -> Iterator[Line]:
    if not text.strip():
        return
    if look.everything:
        yield from prose(text, look, _ANSWER_LINES)
        return
    lines = len(text.strip().splitlines())
    what = f"{figures.counted(lines, 'line')}, {figures.counted(len(text), 'character')}; --all shows them"
    yield hint(what, look)


def _members(value: Json, look: Look) -> Iterator[Line]:
    if not isinstance(value, dict) or not value:
        return
    names = [cut(safe_line(name), look.width // 3, look.glyphs.cut) for name in value]
    width = max(cells(name) for name in names)
    for name, member in zip(names, value.values(), strict=True):
        yield from field(name, compact(member), look, name_width=width, most=3)


# ---- agents


def _thoughts(state: RunState, look: Look) -> Iterator[Line]:
    for number, thought in enumerate(state.thoughts, 1):
        told = [thought.thought or ""]
        if thought.tool:
            told.append(f"{look.glyphs.arrow} {thought.tool} {thought.tool_input or ''}")
            told.append(f"{look.glyphs.arrow} {thought.observation}" if thought.observation else "")
        label = str(thought.position if thought.position is not None else number)
        for line in filter(None, map(safe_line, told)):
            yield from field(label, line, look, name_width=2, most=2)
            label = ""


# ---- files


def _names(items: Sequence[Any], look: Look) -> Iterator[Line]:
    shown = items if look.everything else items[:_NAMES]
    for item in shown:
        yield (Span(INDENT + cut(_name(item), look.width - len(INDENT), look.glyphs.cut)),)
    if len(shown) < len(items):
        yield hidden(f"{len(items) - len(shown):,} more", look)


def _name(item: Json) -> str:
    if not isinstance(item, dict):
        return compact(item)
    name = next((item[key] for key in _NAME_KEYS if isinstance(item.get(key), str) and item[key]), None)
    words = [safe_line(name) if name else compact(item)]
    if isinstance(item.get("mime_type"), str):
        words.append(safe_line(item["mime_type"]))
    if isinstance(item.get("score"), int | float):
        words.append(f"score {item['score']:.2f}")
    return INDENT.join(words)


# ---- figures


def _usage(state: RunState, look: Look) -> Iterator[Line]:
    usage = state.usage
    rows = []
    if state.total_tokens or state.leaf_tokens:
        rows.append(("tokens", _tokens(state)))
    if cost := figures.money(usage.cost, exact=True):
        rows.append(("cost", cost))
    if usage.latency and rows:
        rows.append(("latency", figures.duration(usage.latency)))
    if state.first_token_at is not None and state.seen_at is not None:
        rows.append(("text", f"begins after {figures.duration(state.first_token_at - state.seen_at)}"))
    rows += _differences(state)
    if len(state.segments) > 1 and rows:
        parts = [f"{segment.tokens or 0:,}" for segment in state.segments]
        rows.append(("bodies", f"{f' {look.glyphs.dot} '.join(parts)} tokens"))
    for name, value in rows:
        yield from field(name, value, look, name_width=7, most=None)


def _tokens(state: RunState) -> str:
    usage = state.usage
    parts = [
        f"{count:,} {name}"
        for name, count in (("prompt", usage.prompt_tokens), ("completion", usage.completion_tokens))
        if count is not None
    ]
    total = f"{state.total_tokens or 0:,}"
    return f"{total} ({' + '.join(parts)})" if parts else total


def _differences(state: RunState) -> Iterator[tuple[str, str]]:
    """Yield where the server's total is not what its executions add up to: servers double and drop totals."""
    if state.leaf_tokens and state.leaf_tokens != (state.total_tokens or 0):
        yield "note", f"the server says {state.total_tokens or 0:,} tokens, the nodes add up to {state.leaf_tokens:,}"
    for currency, amount in state.leaf_cost.items():
        said = state.usage.cost.get(currency)
        if amount and said is not None and said != amount:
            server, nodes = (figures.money({currency: cost}, exact=True) or "0" for cost in (said, amount))
            yield "note", f"the server says {server}, the nodes add up to {nodes}"


def _anomalies(state: RunState, look: Look) -> Iterator[Line]:
    counts = state.stats.anomalies
    if not counts:
        return
    width, digits = max(map(len, counts)), max(len(f"{count:,}") for count in counts.values())
    for kind, count in counts.items():
        first = next((anomaly for anomaly in state.anomalies if anomaly.kind == kind), None)
        where = f" (frame {first.frame})" if first is not None and first.frame is not None else ""
        detail = safe_line(first.detail) + where if first is not None else ""
        line = f"{INDENT}{count:>{digits},}{look.glyphs.times} {pad(kind, width)}  "
        yield Span(line, "odd"), Span(cut(detail, look.width - cells(line), look.glyphs.cut))
    command = f"streamkit explain {next(iter(counts))}"
    fits = look.width >= len(INDENT + _MEANING + command)
    yield hint(_MEANING + command if fits else command, look)
