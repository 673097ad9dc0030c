"""The runs in files and folders, for commands that look at many of them: what is large and not shown is not kept."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from streamkit.cli.body import BODIES
from streamkit.cli.output import complain
from streamkit.cli.progress import with_progress
from streamkit.cli.runs import OnUnreadable, Runs
from streamkit.cli.sources import name_of, reason
from streamkit.grep import LOOKED_AT
from streamkit.run import Retention
from streamkit.subjects import RunSubject

_GIST: Final = Retention(payloads="drop", max_text=LOOKED_AT)


def collect(paths: Sequence[str], dialect: str) -> tuple[list[RunSubject], bool]:
    """Read the runs in files and folders, parted and joined; name what cannot be read.

    Args:
        paths: files, folders, or "-".
        dialect: a dialect, or "auto".

    Returns:
        The runs in the order in which they were first seen, and whether all was readable.
    """
    unreadable: list[str] = []

    def note(source: str, why: str) -> None:
        unreadable.append(f"{name_of(source)}: {why}")

    runs = Runs(dialect, retention=_GIST)
    sources = dict.fromkeys(source for path in paths for source in _bodies(path, note))
    runs.read_each(with_progress(tuple(sources)), note)
    for line in unreadable:
        complain(line)
    return [RunSubject(found.run, found.names) for found in runs.found], not unreadable


def _bodies(path: str, on_unreadable: OnUnreadable) -> Iterator[str]:
    """Yield the bodies in a folder and in all below it, by name; of anything else, itself."""
    if not Path(path).is_dir():
        yield path
        return
    is_empty = True
    for folder, folders, files in os.walk(path, onerror=lambda error: on_unreadable(error.filename, reason(error))):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith(BODIES) and not name.startswith("."):
                is_empty = False
                yield os.path.join(folder, name)  # noqa: PTH118 - pathlib would drop the "./" that somebody wrote
    if is_empty:
        on_unreadable(path, f"holds no {', '.join(BODIES[:-1])} or {BODIES[-1]} file")
