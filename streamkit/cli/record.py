"""`streamkit record`: an app, run and recorded."""

from pathlib import Path
from typing import Any

import click

from streamkit.cli import CONTEXT
from streamkit.cli.asking import flags
from streamkit.cli.asking.shown import Nothing
from streamkit.cli.output import complain, print_text
from streamkit.cli.run import Runner


@click.command(context_settings=CONTEXT)
@flags.app_argument
@click.argument("query", required=False)
@click.option(
    "-o",
    "--record",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Record the run in this file.",
)
@flags.of_questions
@flags.of_apps
def record(
    name: str,
    query: str | None,
    record: Path,
    **how: Any,  # noqa: ANN401 - the flags of apps and questions
) -> None:
    """Run an app and record it: every byte with its time, and what was asked beside it. Keys stay out.

    The same as `run --record`, without the show. Prints how the run ended. A run that pauses and goes on has a file for
    each of its bodies: refund.skrec, refund.2.skrec.

    \b
    Examples:
      streamkit record support "where is my refund?" -o refund.skrec
      streamkit record support "where is my refund?" -i lang=de -o refund.skrec.zst
      streamkit serve refund.skrec
    """  # noqa: D301 - click looks for the character
    app = flags.app_or_exit(name, how)
    (outcome,) = flags.finished(lambda: Runner(app, query, how, Nothing()).repeat(1, record))
    print_text(f"{record}: {outcome.run.status}")
    if outcome.run.error is not None:
        complain(outcome.run.error.message)
    raise click.exceptions.Exit(outcome.exit_code)
