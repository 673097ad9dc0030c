"""What can be taken out of the viewer into a file.

Rule 1: a file is for its owner alone (it holds what people asked and what was answered), and never replaces another.
Rule 2: no key and no form token is ever in it.
Rule 3: what is in it does no harm: not to the terminal that prints it, not to the page that shows it, and a picture
fetches nothing from anywhere.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from streamkit.cli.indented import indented
from streamkit.cli.render import figures
from streamkit.cli.render.cells import paint
from streamkit.cli.render.columns import draw
from streamkit.cli.render.look import Look
from streamkit.cli.render.tree import run_branch
from streamkit.cli.safe import safe_json, safe_line
from streamkit.run import NodeExecution, Run
from streamkit.run.state import State
from viewer import views
from viewer.items import Whole, error_of, id_of, last_moment
from viewer.labels import name_of

_WIDTH: Final = 100
"""Columns of the tree in a summary."""
_SLOWEST: Final = 5
_MOST_ERRORS: Final = 20
_ERROR_MOST: Final = 500
"""Characters of one error in a summary."""
_ID: Final = 8
_FONT_FACE: Final = re.compile(r"@font-face\s*\{[^}]*\}")
_FETCHED: Final = re.compile(r",?\s*url\([^)]*\)(?:\s*format\([^)]*\))?")
_BACKTICKS: Final = re.compile(r"`+")
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]+")


class Exporter(NamedTuple):
    """A kind of file."""

    suffix: str
    says: str
    """What is in it, in a few words."""
    content: Callable[[Run], bytes]
    has_payloads: bool = False
    """Whether inputs and outputs of executions are in it."""


# ---- JSON


def pretty(state: State) -> str:
    """Return the JSON of something published, for a person, with nothing in it that a terminal obeys."""
    document = msgspec.json.encode(state)
    return safe_json((indented(document) or document).decode())


def _json(run: Run) -> bytes:
    return (pretty(run.snapshot().without_secrets()) + "\n").encode()


# ---- Markdown


def _markdown(run: Run) -> bytes:
    parts = (_title(run), _figures(run), _tree(run), _errors(run), _slowest(run), _anomalies(run))
    return ("\n\n".join("\n".join(lines) for part in parts if (lines := list(part))) + "\n").encode()


def _title(run: Run) -> Iterator[str]:
    yield f"# {run.dialect} {_code(run.mode or 'run')}: {run.status}"


def _figures(run: Run) -> Iterator[str]:
    for name, text in (
        ("run", _code(id_of(run) or "")),
        ("started", figures.moment(run.started_at) if run.started_at is not None else ""),
        ("time", figures.duration(last_moment(run).facts(run).seconds)),
        ("tokens", f"{run.total_tokens:,}" if run.total_tokens else ""),
        ("cost", _code(figures.money(run.usage.cost, exact=True))),
        ("executions", f"{len(run.executions):,}"),
        ("error", _code(error_of(run) or "")),
    ):
        if text:
            yield f"- {name}: {text}"


def _tree(run: Run) -> Iterator[str]:
    look = Look(width=_WIDTH)
    lines = [paint(line, colour=look.colour) for line in draw(run_branch(run.snapshot(), look), look)]
    fence = "`" * max(3, _longest_fence("\n".join(lines)) + 1)
    yield from (f"{fence}text", *lines, fence)


def _errors(run: Run) -> Iterator[str]:
    failed = views.errors(run.executions.values(), last_moment(run))
    if failed:
        yield "## Errors\n"
    for node in failed[:_MOST_ERRORS]:
        yield f"- {_code(_place(node))}: {_code((node.error or node.status)[:_ERROR_MOST])}"
    if len(failed) > _MOST_ERRORS:
        yield f"- {len(failed) - _MOST_ERRORS:,} more"


def _slowest(run: Run) -> Iterator[str]:
    now = last_moment(run)
    slowest = views.slowest(run.executions.values(), now)[:_SLOWEST]
    if slowest:
        yield "## Slowest\n"
    for node in slowest:
        tokens = figures.tokens(node.total_tokens)
        yield f"- {_code(_place(node))}: {figures.duration(now.facts(node).seconds)}{f', {tokens}' if tokens else ''}"


def _anomalies(run: Run) -> Iterator[str]:
    if run.anomaly_counts:
        yield "## Anomalies\n"
    for kind, times in run.anomaly_counts.items():
        first = next((anomaly for anomaly in run.anomalies if anomaly.kind == kind), None)
        detail = _code(first.detail[:_ERROR_MOST]) if first is not None else ""
        yield f"- {kind}, {figures.counted(times, 'time')}{f': {detail}' if detail else ''}"


def _place(node: NodeExecution) -> str:
    """Return where an execution stands, from the outside to the inside."""
    names = [name_of(node)]
    while node.parent is not None:
        if node.round is not None:
            names.append(name_of(node.round))
        node = node.parent
        names.append(name_of(node))
    return " / ".join(reversed(names))


def _code(text: str) -> str:
    """Return text in which Markdown and HTML mean nothing; nothing where there is none."""
    line = safe_line(text)
    fence = "`" * (_longest_fence(line) + 1)
    edge = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{edge}{line}{edge}{fence}" if line else ""


def _longest_fence(text: str) -> int:
    return max((len(found) for found in _BACKTICKS.findall(text)), default=0)


# ---- SVG


def without_fonts(picture: str) -> bytes:
    """Return a screenshot of Textual that fetches nothing: its fonts are the reader's own."""
    return _FONT_FACE.sub(lambda face: _FETCHED.sub("", face[0]), picture).encode()


# ---- files

EXPORTERS: Final[Mapping[str, Exporter]] = {
    "json": Exporter(".json", "all that is known, as `streamkit inspect --json`", _json, has_payloads=True),
    "markdown": Exporter(".md", "a summary for a ticket: no inputs, no outputs, no answer", _markdown),
}
"""What a run alone is enough for."""


def exporters(picture: str) -> Mapping[str, Exporter]:
    """Return all exporters.

    Args:
        picture: the screen, as `App.export_screenshot` draws it.
    """
    return {**EXPORTERS, "svg": Exporter(".svg", "a picture of the screen", lambda _run: without_fonts(picture))}


def export(run: Run, exporter: Exporter, folder: Path, whole: Whole = nullcontext) -> Path:
    """Write a file, and return where it is.

    Args:
        run: what is written.
        exporter: what kind of file.
        folder: where to.
        whole: brings the payloads of the run.

    Raises:
        OSError: it cannot be written; nothing is left of it.
    """
    name = _NOT_IN_NAMES.sub("", id_of(run) or "")[:_ID]
    with whole(run) if exporter.has_payloads else nullcontext():
        content = exporter.content(run)
    return write(folder, f"{run.dialect}-{name or 'run'}", exporter.suffix, content)


def write(folder: Path, stem: str, suffix: str, content: bytes) -> Path:
    """Write a file that nobody else can read, under a name that was free, and return where it is.

    Raises:
        OSError: it cannot be written; nothing is left of it.
    """
    path, file = _new_file(folder, stem, suffix)
    try:
        with os.fdopen(file, "wb") as out:
            out.write(content)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def _new_file(folder: Path, stem: str, suffix: str) -> tuple[Path, int]:
    number = 1
    while True:
        path = folder / f"{stem}{f'-{number}' if number > 1 else ''}{suffix}"
        try:
            return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        except FileExistsError:
            number += 1
