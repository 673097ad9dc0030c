"""The command line: one command a file, each loaded when it is called.

Must stay light: `streamkit --help` imports click and nothing that a command needs. Results go to stdout, everything
else to stderr. Exit codes: 0 fine; 1 a run did not succeed, where that was asked; 2 wrong use or unreadable input; 70 the
viewer has a bug.
"""

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import click

from streamkit.cli.output import complain

INTERRUPTED: Final = 130
"""128 + SIGINT, as shells report it."""

NOBODY_READS: Final = 141
"""128 + SIGPIPE: the reader of a pipe went away (`| head`)."""

_HELP_IS_ASKED: Final[Any] = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""What click raises for no arguments at all, since 8.2. Any: a class or nothing, for `isinstance`."""

CONTEXT: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
# Any: click's own settings


class _Entry(NamedTuple):
    module: str
    summary: str
    """What the list of commands says, so that listing imports none of them."""


COMMANDS: Final[Mapping[str, _Entry]] = {
    "run": _Entry("run", "Run an app, and show what happens."),
    "record": _Entry("record", "Run an app, and record it."),
    "attach": _Entry("attach", "Watch a run that goes on already, or waits for a form."),
    "curl": _Entry("curl", "Run the curl line of a vendor's page."),
    "inspect": _Entry("inspect", "Show what happened in a run."),
    "ls": _Entry("ls", "List runs, one line each."),
    "stats": _Entry("stats", "Sum up time, errors, tokens and cost over many runs."),
    "view": _Entry("view", "Look at runs in the terminal viewer, live or recorded."),
    "proxy": _Entry("proxy", "Stand between a client and its server, and know the runs."),
    "demo": _Entry("demo", "Show real runs that come with streamkit."),
    "serve": _Entry("serve", "Play recordings as a Dify or RAGFlow server, with speed and faults."),
    "events": _Entry("events", "Print one JSON line for each event."),
    "frames": _Entry("frames", "Print one JSON line for each SSE frame."),
    "diff": _Entry("diff", "Show what is different between two bodies, or between two servers."),
    "convert": _Entry("convert", "Keep a body as a recording, as JSON lines, or as it came."),
    "scrub": _Entry("scrub", "Make a recording that can be given away."),
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

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - click's own settings
    ) -> click.Context:
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            if isinstance(error, _HELP_IS_ASKED):
                raise
            raise click.exceptions.Exit(_refuse(error)) from None

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever a command returns
        """Run a command; wrong use is one line, and a closed pipe and Ctrl-C end it quietly."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except click.UsageError as error:
            ctx.exit(_refuse(error))
        except BrokenPipeError:
            _forget_stdout()
            ctx.exit(NOBODY_READS)
        except OSError as error:  # not of reading: sources name their own
            _forget_stdout()
            file = f" {error.filename}" if error.filename else ""
            complain(f"cannot write{file}: {(error.strerror or str(error)).lower()}")
            ctx.exit(2)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        return result


def _refuse(error: click.UsageError) -> int:
    """Say in one line what was wrong with a command, and return its exit code."""
    path = error.ctx.command_path if error.ctx else "streamkit"
    complain(f"{error.format_message().rstrip('.')}; see `{path} --help`")
    return error.exit_code


def _forget_stdout() -> None:
    """Send what is still buffered nowhere: the interpreter flushes once more when it ends."""
    try:
        stdout = sys.stdout.fileno()
    except OSError:  # no descriptor: nothing is buffered that could fail
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), stdout)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    from streamkit import sse

    try:
        number = version("chatflow-streamkit")
    except PackageNotFoundError:
        number = "of a source tree that is not installed"
    compiled = "" if sse.__file__.endswith(".py") else ", compiled"
    click.echo(f"streamkit {number}{compiled}")
    ctx.exit()


@click.group(cls=_Group, context_settings=CONTEXT)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def main() -> None:
    """See inside a Dify or RAGFlow run: every node, round, retry, form, token and cent.

    FILE is a response body as it came, a recording (.skrec, .skrec.zst), or "-" for standard input. Saving one is all
    it takes:

    \b
      curl -N https://dify.example/v1/workflows/run … > x.sse
      streamkit inspect x.sse

    or watch it live:

    \b
      curl -N … | streamkit events -
    """  # noqa: D301 - click looks for the character
