"""Options and arguments that several commands have."""

from collections.abc import Callable
from typing import Any, Final

import click

from streamkit.dialects import DIALECTS

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
