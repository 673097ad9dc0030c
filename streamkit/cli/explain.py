"""`streamkit explain`: what an anomaly means."""

import difflib
import textwrap

import click

from streamkit.cli import CONTEXT
from streamkit.cli.output import complain, print_text, width
from streamkit.cli.safe import safe_line
from streamkit.run import KINDS


@click.command(context_settings=CONTEXT)
@click.argument("kind", required=False)
def explain(kind: str | None) -> None:
    """Say what an anomaly means; without KIND, all of them.

    An anomaly is something in a stream that did not fit. It is kept, counted and shown; it never stops anything.

    \b
    Examples:
      streamkit explain unknown-event
      streamkit explain
    """  # noqa: D301 - click looks for the character
    if kind is None:
        print_text("\n\n".join(_paragraph(name) for name in KINDS))
    elif kind in KINDS:
        print_text(_paragraph(kind))
    else:
        near = difflib.get_close_matches(kind, KINDS, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else "`streamkit explain` lists them"
        complain(f"there is no anomaly {safe_line(kind)!r}; {hint}")
        raise click.exceptions.Exit(2)


def _paragraph(kind: str) -> str:
    sentence = textwrap.fill(KINDS[kind], width() - 2, initial_indent="  ", subsequent_indent="  ")
    return f"{click.style(kind, bold=True)}\n{sentence}"
