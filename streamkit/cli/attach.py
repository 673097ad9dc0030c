"""`streamkit attach`: a run that goes on already, or waits, watched from here."""

from pathlib import Path
from typing import Any

import click

from streamkit.cli import CONTEXT
from streamkit.cli.asking import flags
from streamkit.cli.asking.apps import App, BadConfig
from streamkit.cli.asking.dify import DifyTarget
from streamkit.cli.asking.performing import Outcome, perform, tape_of
from streamkit.cli.asking.reaching import reached
from streamkit.cli.asking.shown import Nothing, show_of_stdout
from streamkit.cli.options import show_secrets
from streamkit.cli.run import print_json


@click.command(context_settings=CONTEXT)
@flags.app_argument
@click.argument("run_id", metavar="RUN_ID")
@click.option("--wait", is_flag=True, help="Stay while it waits for a person who answers elsewhere.")
@click.option("--record", type=click.Path(path_type=Path), metavar="FILE", help="Record what comes in this file.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON, once it is over.")
@show_secrets
@flags.of_apps
def attach(
    name: str,
    run_id: str,
    wait: bool,
    record: Path | None,
    as_json: bool,
    show_secrets: bool,
    **how: Any,  # noqa: ANN401 - the flags of apps
) -> None:
    """Watch a run of a Dify workflow or chatflow that goes on already, or waits for a form.

    The server first tells how it stands, so one may come late. The user must be the one whose run it is. A form that
    waits can be answered here. Ctrl-C offers to stop it on the server; without being asked, nothing stops it.

    \b
    Examples:
      streamkit attach support 0da69be8-c2e9-4ac5-a254-073f57170ba8 --user ada
      streamkit attach dify 0da69be8-… --user ada --record rest.skrec
    """  # noqa: D301 - click looks for the character
    app = flags.app_or_exit(name, how)

    async def watch() -> Outcome:
        return await _watch(app, run_id, record, wait=wait, is_quiet=as_json)

    outcome = flags.finished(watch)
    if as_json:
        print_json([outcome.run], with_secrets=show_secrets)
    raise click.exceptions.Exit(outcome.exit_code)


async def _watch(app: App, run_id: str, record: Path | None, *, wait: bool, is_quiet: bool) -> Outcome:
    async with reached(app) as target:
        if not isinstance(target, DifyTarget):
            raise BadConfig(f"{app.name}: only Dify tells a run to who comes later")
        tape = tape_of(record, target)
        show = Nothing() if is_quiet else show_of_stdout()
        client = target.client
        return await perform(
            target,
            lambda: client.resume(run_id, across_pauses=wait, record=tape),
            show,
            tape,
            name=app.name,
            is_ours=False,
        )
