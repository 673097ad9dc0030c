"""The user's own editor, for texts of several lines: what `VISUAL` names, else `EDITOR`.

The text stands meanwhile in a file for its owner alone, in a folder for its owner alone, which are deleted.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from viewer.spool import reason


class EditorFailed(Exception):
    """The text was not edited; the message says why, in one line."""


def command() -> Sequence[str]:
    """Return the editor with its arguments; empty if none is named."""
    try:
        return shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    except ValueError:  # a quote that is never closed
        return ()


def edit(text: str) -> str:
    """Let the user edit a text on the terminal, and return it when the editor is closed.

    Raises:
        EditorFailed: there is none, it cannot be started, or it says that it failed; the text is to stay as it was.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder, "answer.md")
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        _run([*command(), str(path)])
        try:
            edited = path.read_text(encoding="utf-8")
        except OSError as error:
            raise EditorFailed(f"the text is gone: {reason(error)}") from None
        except UnicodeError:
            raise EditorFailed("the text is no UTF-8") from None
    return edited if text.endswith("\n") else edited.removesuffix("\n")  # editors end a file with a line end


def _run(words: Sequence[str]) -> None:
    if len(words) < 2:
        raise EditorFailed("neither VISUAL nor EDITOR names an editor")
    try:
        ended = subprocess.run(words, stdin=sys.__stdin__, check=False)  # noqa: S603 - the user's own choice
    except OSError as error:
        raise EditorFailed(f"{words[0]}: {reason(error)}") from None
    if ended.returncode:
        raise EditorFailed(f"{words[0]} ended with {ended.returncode}")
