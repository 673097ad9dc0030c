"""Flags of all commands that talk to an app, and how their mistakes are told."""

from collections.abc import Awaitable, Callable
from functools import reduce
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

import anyio
import click

from streamkit.cli.asking.apps import App, BadConfig, choose, load
from streamkit.cli.asking.inputs import BadInput
from streamkit.cli.options import Decorator
from streamkit.cli.output import complain
from streamkit.clients.dify.request import Mode
from streamkit.clients.ragflow.request import Api
from streamkit.errors import RecordingError, UpstreamError, line_of

T = TypeVar("T")

_OF_APPS: Final = ("base", "key", "key_env", "key_file", "user", "agent", "chat", "api", "mode", "model", "tool")

_FLAGS: Final = (
    click.option("--base", metavar="URL", help="Where the server is."),
    click.option("--api-key-env", "key_env", metavar="NAME", help="The variable that holds the key."),
    click.option("--api-key-file", "key_file", metavar="FILE", help="The file that holds the key."),
    click.option("--api-key", "key", metavar="KEY", help="The key itself, which others on this machine can see then."),
    click.option("--user", metavar="NAME", help="On whose behalf; of Dify by default streamkit."),
    click.option(
        "--mode", type=click.Choice(get_args(Mode)), help="What a Dify app is; by default the server is asked."
    ),
    click.option("--agent", metavar="ID", help="Which agent of RAGFlow."),
    click.option("--chat", metavar="ID", help="Which chat of RAGFlow."),
    click.option("--api", type=click.Choice(get_args(Api)), help="Which API a RAGFlow server has.  [default: current]"),
    click.option("--model", metavar="NAME", help="Which model of Paradigm; without, a chatflow answers."),
    click.option("--tool", metavar="NAME", help="Which tool a chatflow of Paradigm uses."),
    click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Apps by name, in place of the user's own config.toml.",
    ),
)


def of_apps(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the flags that say which app, where and with which key."""
    return reduce(lambda given, flag: flag(given), reversed(_FLAGS), command)


_OF_QUESTIONS: Final = (
    click.option(
        "-i", "--input", "inputs", multiple=True, metavar="NAME=VALUE", help="An input; NAME=@FILE, NAME:=JSON."
    ),
    click.option(
        "-f",
        "--file",
        "files",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A file to send along.",
    ),
    click.option("--continue", "goes_on", is_flag=True, help="Go on with the last conversation with this app."),
    click.option("--conversation", metavar="ID", help="Go on with this conversation, or session."),
)


def of_questions(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the flags that say what an app is asked."""
    return reduce(lambda given, flag: flag(given), reversed(_OF_QUESTIONS), command)


app_argument: Final[Decorator] = click.argument("name", metavar="APP")


def app_of(name: str, flags: dict[str, Any]) -> App:
    """Return the app that is meant, and take what says so out of the flags.

    Raises:
        BadConfig: there is none.
    """
    config: Path | None = flags.pop("config")
    return choose(name, load(config), {flag: flags.pop(flag) for flag in _OF_APPS})


def app_or_exit(name: str, flags: dict[str, Any]) -> App:
    """Return the app that is meant, as `app_of` does; end the command where there is none."""
    try:
        return app_of(name, flags)
    except BadConfig as error:
        complain(str(error))
        raise click.exceptions.Exit(2) from None


def finished(work: Callable[[], Awaitable[T]]) -> T:
    """Do something that talks to a server, and end the command where that cannot be done.

    Args:
        work: what to do.
    """
    try:
        return anyio.run(work)
    except (BadConfig, BadInput, RecordingError) as error:
        complain(str(error))
        code = 2
    except OSError as error:
        if error.filename is None:  # of standard output, say
            raise
        complain(f"{error.filename}: {(error.strerror or str(error)).lower()}")
        code = 2
    except UpstreamError as error:
        complain(line_of(error))
        code = 1
    raise click.exceptions.Exit(code)
