"""The command line: one command a file, each loaded when it is called.

Must stay light: `streamkit --help` imports click and nothing that a command needs. Results go to stdout, everything
else to stderr. Exit codes: 0 fine; 1 a run did not succeed, where that was asked; 2 wrong use or unreadable input.
"""

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import click

INTERRUPTED: Final = 130
"""128 + SIGINT, as shells report it."""

NOBODY_READS: Final = 141
"""128 + SIGPIPE: the reader of a pipe went away (`| head`)."""

CONTEXT: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
# Any: click's own settings


class _Entry(NamedTuple):
    module: str
    summary: str
    """What the list of commands says, so that listing imports none of them; a test compares it with the command."""


COMMANDS: Final[Mapping[str, _Entry]] = {
    "inspect": _Entry("inspect", "Show what happened in a run."),
    "demo": _Entry("demo", "Show real runs that come with streamkit."),
    "events": _Entry("events", "Print one JSON line for each event."),
    "frames": _Entry("frames", "Print one JSON line for each SSE frame."),
    "explain": _Entry("explain", "Say what an anomaly means."),
}
"""Every command, in the order in which `--help` lists them. A command is the function of its module's name."""


class _Group(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(importlib.import_module(f"streamkit.cli.{entry.module}"), entry.module)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever a command returns
        """Run a command; a closed pipe and Ctrl-C end it quietly."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _forget_stdout()
            ctx.exit(NOBODY_READS)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        return result


def _forget_stdout() -> None:
    """Send what is still buffered nowhere: the interpreter flushes once more when it ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError:  # no descriptor: nothing is buffered that could fail
        pass


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("chatflow-streamkit")
    except PackageNotFoundError:
        number = "of a source tree that is not installed"
    click.echo(f"streamkit {number}")
    ctx.exit()


@click.group(cls=_Group, context_settings=CONTEXT)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def main() -> None:
    """See inside a Dify run: every node, round, retry, form, token and cent.

    FILE is a response body as it came, or "-" for standard input. Saving one is all it takes:

    \b
      curl -N https://dify.example/v1/workflows/run … > x.sse
      streamkit inspect x.sse

    or watch it live:

    \b
      curl -N … | streamkit events -
    """
