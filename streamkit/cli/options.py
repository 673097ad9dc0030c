"""Options and arguments that several commands have, and what some of them need to be installed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from streamkit.dialects import DIALECTS
from streamkit.errors import BadWhere
from streamkit.where import Where, parse

INSTALL: Final = "pip install 'chatflow-streamkit[viewer]'"
INSTALL_WEB: Final = "pip install 'chatflow-streamkit[web]'"

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
"""What click's options are. Any: click passes whatever the options of a command say."""

dialect: Final[Decorator] = click.option(
    "--dialect",
    type=click.Choice(["auto", *DIALECTS]),
    default="auto",
    show_default=True,
    help="Whose stream it is; auto looks at the first frames.",
)

chunk_size: Final[Decorator] = click.option(
    "--chunk-size",
    type=click.IntRange(min=1),
    metavar="N",
    help="Read N bytes at a time. Changes nothing in the output; a check of streamkit itself.",
)

show_secrets: Final[Decorator] = click.option(
    "--show-secrets", is_flag=True, help='Show form tokens. Else they read "[hidden]".'
)

file: Final[Decorator] = click.argument("source", metavar="FILE|-", type=click.Path(path_type=str))

paths: Final[Decorator] = click.argument(
    "paths", metavar="PATH...|-", nargs=-1, required=True, type=click.Path(path_type=str)
)


def _where(_: click.Context, __: click.Parameter, text: str) -> Where:
    try:
        return parse(text)
    except BadWhere as error:
        raise click.BadParameter(str(error)) from None


where: Final[Decorator] = click.option(
    "--where",
    callback=_where,
    default="",
    metavar="FILTER",
    help="Only what matches, like 'status:failed dur>2s error~429'.",
)

as_json: Final[Decorator] = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")


def _secrets(_: click.Context, __: click.Parameter, path: str | None) -> tuple[str, ...]:
    if path is None:
        return ()
    from streamkit.recording.redact import LONGEST_SECRET

    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise click.BadParameter(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeError:
        raise click.BadParameter(f"{path} is no text in UTF-8") from None
    if any(len(line) > LONGEST_SECRET for line in lines):
        raise click.BadParameter(f"{path} has a line of more than {LONGEST_SECRET:,} characters")
    return tuple(filter(None, lines))


secrets: Final[Decorator] = click.option(
    "--secrets",
    callback=_secrets,
    metavar="FILE",
    help="More values to mask, one a line, however they are spelt in IN.",
)

force: Final[Decorator] = click.option("--force", is_flag=True, help="Replace OUT if it is there.")
