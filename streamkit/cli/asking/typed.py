"""Lines that a person types, read without a thread that nobody could end: who stops waiting leaves nothing behind."""

import os
import sys
from typing import Final, TextIO, cast

import anyio
import click

from streamkit.cli.output import print_text

_STDIN: Final = 0
_AT_ONCE: Final = 4096


def can_ask() -> bool:
    """Whether somebody sits at both ends: what is asked is seen, and what is typed is read."""
    stdin = cast("TextIO | None", sys.stdin)
    return stdin is not None and stdin.isatty() and sys.stdout.isatty()


async def typed(prompt: str) -> str | None:
    """Ask for a line.

    Args:
        prompt: what is asked.

    Returns:
        What was typed, without its end; None for Ctrl-D.
    """
    click.echo(prompt, nl=False)
    sys.stdout.flush()
    data = b""
    while not data.endswith(b"\n"):
        await anyio.wait_readable(_STDIN)
        piece = os.read(_STDIN, _AT_ONCE)
        if not piece:  # Ctrl-D
            click.echo()
            return data.decode("utf-8", "replace") or None
        data += piece
    return data.decode("utf-8", "replace").rstrip("\r\n")


async def confirmed(question: str) -> bool:
    """Ask a question whose answer is yes unless somebody says no."""
    answer = await typed(f"{question} [Y/n] ")
    return answer is not None and not answer.strip().lower().startswith("n")


async def several(prompt: str) -> str | None:
    """Ask for lines, up to an empty one; None for Ctrl-D at the first."""
    print_text(f"{prompt} (an empty line ends it):")
    lines: list[str] = []
    while (line := await typed("  ")) is not None:
        if not line:
            break
        lines.append(line)
    return None if line is None and not lines else "\n".join(lines)
