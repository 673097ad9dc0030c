"""What is said when the viewer crashes: where it was, and nothing of what it held.

Rule 1: no value of a variable is shown: it may be what people asked, a form token, a key. Textual's own traceback shows
them all.
Rule 2: what an error says of itself is shown, made safe and cut: without it nobody finds the bug.
"""

import traceback
from collections.abc import Iterator
from typing import Final

from streamkit.cli.safe import safe_text

EXIT_CODE: Final = 70
"""A mistake of the program itself: EX_SOFTWARE of sysexits.h."""
WHAT_TO_DO: Final = (
    "the viewer crashed, which is a bug: please report the lines above, after a look whether the error quotes"
    " something of the run. What was kept on disk for it is deleted; files of --record stay"
)
_LONGEST: Final = 200
"""Characters of a line: a message may hold a whole payload."""
_MOST: Final = 200
"""Lines, half of them from the beginning and half from the end: who calls himself calls often."""


def report(error: BaseException) -> str:
    """Return where an error was raised, with those that led to it: lines for a terminal."""
    lines = list(_lines(error))
    if len(lines) > _MOST:
        lines[_MOST // 2 : -_MOST // 2] = [f"  … {len(lines) - _MOST:,} lines more …"]
    return "\n".join(lines)


def _lines(error: BaseException) -> Iterator[str]:
    told = traceback.TracebackException.from_exception(error, capture_locals=False, compact=True)
    for line in safe_text("".join(told.format())).rstrip("\n").split("\n"):
        yield line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
