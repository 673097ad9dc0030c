"""How far long work is, in one line on stderr. Only a terminal shows it, only after a moment, and it leaves no trace."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

import click

from streamkit.cli.safe import safe_line

T = TypeVar("T")

_PATIENCE: Final = 0.5
"""Seconds before the line appears: most work is done by then."""
_BETWEEN: Final = 0.1
"""Seconds between two of them."""
_ERASE: Final = "\r\x1b[K"


def with_progress(names: Sequence[str]) -> Iterator[str]:
    """Yield names, and say while each is worked on how many there are."""
    numbered = enumerate(names, 1)
    for _, name in told(numbered, lambda item: f"{item[0]:,} of {len(names):,}  {safe_line(item[1])}"):
        yield name


def told(items: Iterable[T], line: Callable[[T], str]) -> Iterator[T]:
    """Yield items, and say while each is worked on what there is to say of it."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield from items
        return
    due, is_shown = time.monotonic() + _PATIENCE, False
    try:
        for item in items:
            now = time.monotonic()
            if now >= due:
                _show(line(item))
                due, is_shown = now + _BETWEEN, True
            yield item
    finally:
        if is_shown:
            click.echo(_ERASE, nl=False, err=True)


def _show(text: str) -> None:
    encoding = sys.stderr.encoding or "ascii"
    room = shutil.get_terminal_size().columns // 2  # some characters take two columns
    click.echo(_ERASE + text.encode(encoding, "replace").decode(encoding)[:room], nl=False, err=True)
