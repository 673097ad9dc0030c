"""What is said of an item, sorted by tabs: of a run, an execution, a round, a try, an entry of a log, a form.

Takes the live objects and makes parts of them, whatever pane shows these. JSON stays as it came, secrets in it are
masked where it is shown (`viewer.secrets`); of a form, what submits it is left out here.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from msgspec import to_builtins

from streamkit.cli.render import figures
from streamkit.cli.render.parts import gist
from streamkit.run import HIDDEN, HumanInput, LogEntry, NodeExecution, Round, Run
from streamkit.run.payload import Json as Value
from streamkit.run.payload import dumps, loads
from streamkit.run.state import Attempt
from viewer.figures import size

Item = Run | NodeExecution | Round | Attempt | LogEntry | HumanInput

TABS: Final = ("in", "out", "proc", "err", "text", "meta", "raw")
"""Inputs, outputs, process data, error, text, what is known of it, events as they came."""

_SUMMARY: Final = 180
"""Characters of the first line of an error, as Dify's own panel has it."""
_MOST_ERRORS: Final = 100
"""Failed executions of a round whose errors are shown."""
_NOTHING: Final = (None, b"", b"{}", b"[]", b"null")


class Data(NamedTuple):
    """A JSON value."""

    json: bytes


class Prose(NamedTuple):
    """A text, in one style."""

    text: str
    style: str = ""


class Known(NamedTuple):
    """Names and values."""

    fields: tuple[tuple[str, str], ...]


Part = Data | Prose | Known


def said(item: Item, tab: str) -> Sequence[Part]:
    """Return what a tab says of an item; nothing for raw events, which a run does not keep."""
    tell = _TELL[type(item)].get(tab)
    return tuple(tell(item)) if tell else ()


def telling(item: Item) -> str:
    """Return the tab that says most: why it failed, what a model said, what came out, what went in."""
    return next((tab for tab in ("err", "text", "out", "in") if said(item, tab)), "meta")


def _data(*values: bytes | None) -> Iterator[Part]:
    for value in values:
        if value is not None and value not in _NOTHING:
            yield Data(value)


def _titled(title: str, parts: Sequence[Part]) -> Iterator[Part]:
    """Yield parts under a title, behind an empty row."""
    if parts:
        yield Prose(f"\n{title}", "title")
        yield from parts


def _error(error: str | None) -> Iterator[Part]:
    """Yield an error: what it comes to in one line, then all of it."""
    if not error or not error.strip():
        return
    summary = gist(error).strip().splitlines()[0][:_SUMMARY]
    yield Prose(summary, "bad")
    if error.strip() != summary:
        yield Prose(f"\n{error.rstrip()}")


def _text(reasoning: str, text: str) -> Iterator[Part]:
    """Yield the thinking, dim, then the answer."""
    if reasoning.strip():
        yield Prose(f"{reasoning.rstrip()}\n", "dim")
    if text:
        yield Prose(text)


# ---- a run


def _of_run(run: Run) -> Iterator[Part]:
    usage = run.usage
    first, seen = run.first_token_at, run.seen_at
    yield _known(
        status=run.status,
        app=run.app,
        mode=" ".join(filter(None, (run.dialect, run.mode))),
        user=run.user,
        run=run.id,
        workflow=run.workflow_id,
        task=run.task_id,
        message=run.message_id,
        conversation=run.conversation_id,
        **_times(run),
        first_token=figures.duration(first - seen) if first is not None and seen is not None else "",
        steps=_count(run.total_steps),
        tokens=_tokens(run.total_tokens, usage.prompt_tokens, usage.completion_tokens),
        of_nodes=_count(run.leaf_tokens) if run.leaf_tokens not in (0, run.total_tokens) else "",
        cost=figures.money(usage.cost, exact=True),
        latency=figures.duration(usage.latency),
        bodies=_bodies(run),
        received=f"{size(run.bytes)} in {figures.counted(run.frames, 'frame')}",
        heartbeats=_count(run.heartbeats or None),
        not_kept=figures.counted(run.cut, "character") if run.cut else "",
    )
    yield from _titled("events", _counts(run.events))
    yield from _titled("anomalies", _counts(run.anomaly_counts))


def _bodies(run: Run) -> str:
    """Return what each response body spent, and who says so, where there were several."""
    segments = run.segments
    told = (f"{_count(each.tokens) or '?'} tokens ({each.tokens_source})" for each in segments)
    return "; ".join(told) if len(segments) > 1 else ""


def _error_of_run(run: Run) -> Iterator[Part]:
    error = run.error
    if error is None:
        return
    yield from _error(error.message)
    if error.code or error.status:
        yield Prose("")
        yield _known(code=error.code, status=str(error.status or ""))


def _beside_the_answer(run: Run) -> Iterator[Part]:
    beside = {"citations": run.citations, "files": run.files, "thoughts": to_builtins(run.thoughts)}
    for name, values in beside.items():
        if values:
            yield Prose(f"{name} ({len(values):,})", "title")
            yield from _data(dumps(list(values)))


# ---- what a run is made of


def _of_execution(node: NodeExecution) -> Iterator[Part]:
    place = f"round {node.round_index}" if node.round_index is not None else "round unknown" if node.parent else ""
    yield _known(
        status=f"{node.status} (concluded)" if node.inferred else node.status,
        type=node.type,
        model=" ".join(filter(None, (node.provider, node.model))),
        **_times(node),
        tokens=_tokens(node.total_tokens, node.prompt_tokens, node.completion_tokens),
        cost=figures.money(node.cost, exact=True),
        tries=_count(len(node.attempts) or None),
        rounds=_count(len(node.container.rounds) or None) if node.container else "",
        inside=f"{node.parent.title or node.parent.node_id}, {place}" if node.parent else "",
        node=node.node_id,
        execution=node.id,
        number=str(node.number),
        not_kept=figures.counted(node.cut, "character") if node.cut else "",
    )
    yield from _titled("metadata", tuple(_data(node.metadata_json)))


def _text_of_execution(node: NodeExecution) -> Iterator[Part]:
    """Yield what it streamed; of a model that did not stream, the text among its outputs."""
    text = node.text
    if not text and node.facts.text_length:
        outputs = loads(node.outputs_json)
        text = str(outputs["text"]) if isinstance(outputs, dict) else ""
    return _text(node.reasoning, text)


def _of_round(turn: Round) -> Iterator[Part]:
    counts = Counter(node.status for node in turn)
    yield _known(
        status=turn.status,
        took=figures.duration(turn.elapsed_time),
        inside=turn.container.title or turn.container.node_id,
        nodes=", ".join(f"{count:,} {status}" for status, count in counts.items()),
    )


def _errors_of_round(turn: Round) -> Iterator[Part]:
    failed = (node for node in turn if node.error)
    for node in islice(failed, _MOST_ERRORS):
        yield Prose(node.title or node.node_id, "title")
        yield Prose(f"{(node.error or '').rstrip()}\n")


def _of_attempt(attempt: Attempt) -> Iterator[Part]:
    yield _known(attempt=str(attempt.index), took=figures.duration(attempt.elapsed_time))


def _of_entry(entry: LogEntry) -> Iterator[Part]:
    yield _known(label=entry.label, status=entry.status, entry=entry.id)
    yield from _titled("metadata", tuple(_data(dumps(entry.metadata))))


def _of_form(form: HumanInput) -> Iterator[Part]:
    yield _known(
        form=form.title,
        status=form.status,
        chosen=form.action_id,
        expires=figures.moment(form.expires_at) if form.expires_at is not None else "",
        token=HIDDEN if form.token else "none: it cannot be submitted from here",
        node=form.node_id,
        id=form.form_id,
    )


# ---- words


def _known(**fields: str | None) -> Known:
    return Known(tuple((name.replace("_", " "), value) for name, value in fields.items() if value))


def _times(item: Run | NodeExecution) -> dict[str, str]:
    told = {"started": item.started_at, "ended": item.finished_at}
    moments = {name: figures.moment(at) if at is not None else "" for name, at in told.items()}
    return {**moments, "took": figures.duration(item.elapsed_time)}


def _tokens(total: int | None, prompt: int | None, completion: int | None) -> str:
    told = (("prompt", prompt), ("completion", completion))
    parts = [f"{count:,} {name}" for name, count in told if count is not None]
    return f"{_count(total) or '?'} ({' + '.join(parts)})" if parts else _count(total)


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _counts(counts: Mapping[str, int]) -> Sequence[Part]:
    return (Known(tuple((name, f"{count:,}") for name, count in counts.items())),) if counts else ()


def _json(value: Value) -> Iterator[Part]:
    return _data(dumps(value)) if value else iter(())


_TELL: Final[Mapping[type[Item], Mapping[str, Callable[[Any], Iterator[Part]]]]] = {  # Any: the item of its key
    Run: {
        "in": lambda run: _data(run.inputs_json),
        "out": lambda run: _data(run.outputs_json),
        "proc": _beside_the_answer,
        "err": _error_of_run,
        "text": lambda run: _text(run.reasoning, run.text),
        "meta": _of_run,
    },
    NodeExecution: {
        "in": lambda node: _data(node.inputs_json),
        "out": lambda node: _data(node.outputs_json),
        "proc": lambda node: _data(node.process_data_json),
        "err": lambda node: _error(node.error),
        "text": _text_of_execution,
        "meta": _of_execution,
    },
    Round: {"err": _errors_of_round, "meta": _of_round},
    Attempt: {"err": lambda attempt: _error(attempt.error), "meta": _of_attempt},
    LogEntry: {
        "out": lambda entry: _json(entry.data),
        "err": lambda entry: _error(entry.error),
        "meta": _of_entry,
    },
    HumanInput: {
        "in": lambda form: _json({"inputs": form.inputs, "actions": form.actions}),
        "out": lambda form: _json(form.submitted),
        "text": lambda form: _text("", form.content or ""),
        "meta": _of_form,
    },
}
