"""`streamkit diff`: what is different between two bodies: their shape, or what came of each node."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import msgspec

from streamkit.cli import CONTEXT, options
from streamkit.cli.body import BODIES, Body
from streamkit.cli.output import JsonLines, complain, print_text, width
from streamkit.cli.runs import Runs
from streamkit.cli.safe import safe_line
from streamkit.cli.sources import STDIN, Unreadable, chunks, name_of
from streamkit.run import Run
from streamkit.shape import Change, Shape, changes, shape_of

_EQUAL: Final = 0
_DIFFERENT: Final = 1
_UNREADABLE: Final = 2


class Compared(msgspec.Struct):
    """Two bodies, and what is different between their shapes."""

    old: str | None
    """The first file; null if only the second folder has one of this name."""
    new: str | None
    changes: list[Change]


@click.command(context_settings=CONTEXT)
@click.argument("old", type=click.Path(path_type=str))
@click.argument("new", type=click.Path(path_type=str))
@click.option(
    "--shape", "by_shape", is_flag=True, help="Compare events, fields, types, framing and order; values do not count."
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="PATTERN",
    help="With --shape: what may change, as it is printed, with * for any text; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="With --shape: print one JSON object for each pair of files.")
@options.dialect
def diff(old: str, new: str, by_shape: bool, ignore: tuple[str, ...], as_json: bool, dialect: str) -> None:
    """Show what is different between two bodies; exit with 1 if anything is.

    Without --shape, two runs stand beside each other, node by node: status, time, tokens, errors, what they put out. Time
    is shown, and does not count as a difference.

    With --shape, it is about the server and not about the run: does it still send the same events, with the same
    fields of the same types, in the same frames and the same order? Values, ids, times, numbers of tokens and rounds do
    not count, nor how parallel branches interleave. Made to run every night against a new recording of the same app.
    Files of two folders are compared by name.

    \b
    Examples:
      streamkit diff monday.sse tuesday.sse
      streamkit diff --shape recordings/ tonight/
      streamkit diff --shape old.sse new.sse --ignore 'node_finished (tool).data.outputs.*'
      streamkit diff --shape old.sse new.sse --json | jq '.changes[] | select(.change == "gone")'
    """  # noqa: D301 - click looks for the character
    if by_shape:
        code = _by_shape(old, new, ignore, as_json, dialect)
    elif ignore or as_json:
        raise click.UsageError("--ignore and --json go with --shape")
    else:
        code = _by_node(old, new, dialect)
    if code:
        raise click.exceptions.Exit(code)


# ---- shapes


def _by_shape(old: str, new: str, ignore: tuple[str, ...], as_json: bool, dialect: str) -> int:
    out, worst = JsonLines(), _EQUAL
    for before, after in _pairs(old, new):
        try:
            compared = Compared(before, after, _changes(before, after, ignore, dialect))
        except _Unreadable as error:
            complain(str(error))
            worst = _UNREADABLE
            continue
        worst = max(worst, _DIFFERENT if compared.changes else _EQUAL)
        if as_json:
            out.write(msgspec.json.encode(compared))
        else:
            _print(compared)
    out.flush()
    return worst


class _Unreadable(Exception):
    """A file that cannot be read; the message names it."""


def _changes(old: str | None, new: str | None, ignore: tuple[str, ...], dialect: str) -> list[Change]:
    if old is None or new is None:
        return [Change("added" if old is None else "gone", "file", None, None, None, None)]
    return changes(_shape(old, dialect), _shape(new, dialect), ignore)


def _shape(source: str, dialect: str) -> Shape:
    body = Body(dialect)
    try:
        read = b"".join(chunks(source))
    except Unreadable as error:
        raise _Unreadable(f"{name_of(source)}: {error}") from None
    body.feed(read)
    body.close()
    problem = body.problem()
    if problem is not None:
        raise _Unreadable(f"{name_of(source)}: {problem}")
    return shape_of(read, dialect)


def _print(compared: Compared) -> None:
    from streamkit.cli.render.look import Look
    from streamkit.cli.render.shapes import render_changes

    look = Look.of_stdout()
    names = f" {look.glyphs.arrow} ".join(safe_line(name) for name in (compared.old, compared.new) if name)
    print_text(f"{names}: {_told(compared)}")
    for line in render_changes(compared.changes, look):
        print_text(line)


def _told(compared: Compared) -> str:
    if compared.old is None or compared.new is None:
        return f"only in the {'second' if compared.old is None else 'first'} folder"
    count = len(compared.changes)
    return f"{count} change{'s' * (count != 1)}" if count else "the same shape"


# ---- which files


def _pairs(old: str, new: str) -> Iterator[tuple[str | None, str | None]]:
    """Yield what is compared: two files, or the files of two folders by their names."""
    if not Path(old).is_dir() and not Path(new).is_dir():
        yield old, new
        return
    if STDIN in (old, new) or not (Path(old).is_dir() and Path(new).is_dir()):
        raise click.UsageError("a folder is compared with a folder, a file with a file")
    before, after = _bodies(old), _bodies(new)
    if not before and not after:
        raise click.UsageError(f"there is no {' or '.join(BODIES)} in the folders")
    for name in sorted(before.keys() | after.keys()):
        yield before.get(name), after.get(name)


def _bodies(folder: str) -> dict[str, str]:
    """Return the bodies in a folder and below it by their path in it, without what says how they are kept."""
    return {
        str(path.relative_to(folder).with_suffix("")).removesuffix(".skrec"): str(path)
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file() and path.name.endswith(BODIES)
    }


# ---- runs


def _by_node(old: str, new: str, dialect: str) -> int:
    if Path(old).is_dir() or Path(new).is_dir():
        raise click.UsageError("folders are compared with --shape; name two files")
    try:
        return _print_nodes(_run(old, dialect), _run(new, dialect))
    except _Unreadable as error:
        complain(str(error))
        return _UNREADABLE


def _run(source: str, dialect: str) -> Run:
    runs = Runs(dialect)
    try:
        runs.read(source)
    except Unreadable as error:
        raise _Unreadable(f"{name_of(source)}: {error}") from None
    if len(runs.found) != 1:
        raise _Unreadable(f"{name_of(source)}: holds {len(runs.found)} runs; two runs can be compared")
    return runs.found[0].run


def _print_nodes(old: Run, new: Run) -> int:
    # The viewer knows how, and needs no terminal for it.
    from streamkit.cli.render.cells import paint
    from streamkit.cli.render.look import Look
    from viewer.diff import compare, head, row_line

    look, compared = Look.of_stdout(), compare(old, new)
    columns = width()
    print_text(paint(tuple(head(columns, look)), colour=look.colour))
    for row in compared.rows:
        print_text(paint(tuple(row_line(row, columns, look)), colour=look.colour))
    return _DIFFERENT if compared.differences else _EQUAL
