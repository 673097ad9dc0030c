"""`streamkit run`: an app, run and shown while it runs."""

from pathlib import Path
from typing import Any

import click
import msgspec

from streamkit.cli import CONTEXT, view
from streamkit.cli.asking import flags
from streamkit.cli.asking.apps import App
from streamkit.cli.asking.conversations import last, remember
from streamkit.cli.asking.inputs import BadInput
from streamkit.cli.asking.performing import Outcome, attach_line, numbered, perform, tape_of
from streamkit.cli.asking.questions import ask_for
from streamkit.cli.asking.reaching import reached
from streamkit.cli.asking.shown import Nothing, Show, show_of_stdout
from streamkit.cli.asking.targets import Question, Target
from streamkit.cli.indented import indented
from streamkit.cli.options import show_secrets
from streamkit.cli.output import JsonLines, complain, is_screen
from streamkit.cli.summary import groups
from streamkit.clients.tape import check_place
from streamkit.run import Run
from streamkit.subjects import RunSubject
from streamkit.where import parse


@click.command(context_settings=CONTEXT)
@flags.app_argument
@click.argument("query", required=False)
@flags.of_questions
@click.option("--record", type=click.Path(path_type=Path), metavar="FILE", help="Record the run in this file.")
@click.option(
    "--repeat", type=click.IntRange(min=1), default=1, metavar="N", help="Run it N times, and show the spread."
)
@click.option("--blocking", is_flag=True, help="Wait for one answer instead of a stream. Nodes are not told so.")
@click.option("--view", "in_viewer", is_flag=True, help="Show it in the viewer, and run it again from there.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON, once it is over.")
@show_secrets
@flags.of_apps
def run(
    name: str,
    query: str | None,
    record: Path | None,
    repeat: int,
    blocking: bool,
    in_viewer: bool,
    as_json: bool,
    show_secrets: bool,
    **how: Any,  # noqa: ANN401 - the flags of apps and questions
) -> None:
    """Run an app, and show what happens while it happens.

    APP is one of the apps in the configuration, or dify, ragflow or paradigm with flags and the environment. What kind of
    app it is, the server says; inputs that it needs and that are missing are asked for. When the run pauses, its form can
    be answered here, and the run goes on. Ctrl-C offers to stop it on the server.

    \b
    Examples:
      streamkit run support "where is my refund?" -i lang=de -f receipt.pdf
      streamkit run dify "hello" --base https://dify.example/v1 --api-key-env SUPPORT_KEY
      streamkit run support "and when?" --continue --record refund.skrec
      streamkit run ragflow "how deep is the lake?" --agent 3f1c…
      streamkit run faq "what is tea?" --repeat 10
      streamkit run support "hello" --view
      streamkit run support "hello" --json | jq .usage

    \b
    The configuration, ~/.config/streamkit/config.toml:
      [apps.support]
      kind = "dify"
      base = "https://dify.example/v1"
      key_env = "SUPPORT_KEY"

    Without it, keys and addresses are in DIFY_API_KEY, DIFY_BASE_URL, RAGFLOW_API_KEY, RAGFLOW_BASE_URL and
    PARADIGM_API_KEY. The exit code is 1 unless the run succeeded, if only partly.
    """  # noqa: D301 - click looks for the character
    if blocking and record is not None:
        raise click.UsageError("--record keeps streams, and --blocking asks for none")
    if in_viewer and (blocking or as_json or repeat > 1):
        raise click.UsageError("--view shows the stream of a run: not with --blocking, --json or --repeat")
    app = flags.app_or_exit(name, how)
    if in_viewer:
        raise click.exceptions.Exit(_view(app, query, how, record))
    runner = Runner(app, query, how, Nothing() if as_json or repeat > 1 else show_of_stdout())
    outcomes = flags.finished(lambda: runner.repeat(repeat, record, blocking=blocking))
    runs = [outcome.run for outcome in outcomes]
    if as_json:
        print_json(runs, with_secrets=show_secrets)
    elif repeat > 1:
        _print_spread(runs)
    raise click.exceptions.Exit(max(outcome.exit_code for outcome in outcomes))


class Runner:
    """Runs an app as often as it is asked to."""

    def __init__(self, app: App, query: str | None, how: dict[str, Any], show: Show) -> None:
        """Prepare.

        Args:
            app: which one.
            query: the question.
            how: the flags of questions.
            show: shows each run.
        """
        self._app = app
        self._query = query
        self._how = how
        self._show = show

    async def repeat(self, times: int, record: Path | None, *, blocking: bool = False) -> list[Outcome]:
        """Run it so many times, one after the other, as long as nobody leaves."""
        outcomes: list[Outcome] = []
        for number, place in enumerate(_places(record, times), 1):
            async with reached(self._app) as target:  # each begins anew: what it is asked may be files to upload
                outcomes.append(await self._once(target, place, blocking=blocking))
            if outcomes[-1].left is not None:
                break
            if times > 1:
                complain(f"{number} of {times}: {outcomes[-1].run.status}")
        return outcomes

    async def _once(self, target: Target, record: Path | None, *, blocking: bool) -> Outcome:
        tape = tape_of(record, target)
        how = self._how
        question = await ask_for(
            target, self._app, self._query, how["inputs"], how["files"], _conversation(self._app, target, how)
        )
        if blocking:
            outcome = await self._whole(target, question)
        else:
            outcome = await perform(target, lambda: target.begin(question, tape), self._show, tape, name=self._app.name)
        remember(self._app, target.client.connection.base, outcome.run)
        return outcome

    async def _whole(self, target: Target, question: Question) -> Outcome:
        run = await target.whole(question)
        run.app = self._app.name
        self._show.end(run)
        return Outcome(run)


def _view(app: App, query: str | None, how: dict[str, Any], record: Path | None) -> int:
    """Run an app in the viewer; return the exit code."""
    if not is_screen():
        raise click.UsageError("--view needs a terminal")
    if not view.is_installed():
        return 2

    async def prepared() -> Question:
        _places(record, 1)
        async with reached(app) as target:
            return await ask_for(target, app, query, how["inputs"], how["files"], _conversation(app, target, how))

    question = flags.finished(prepared)
    from viewer.requested import RequestSource

    source = RequestSource(app, question, record=record)
    code = view.show((), more=lambda: [source])
    runs = [requested.run for requested in source.requests]
    for one in runs:
        if app.kind == "dify" and one is not None and one.id is not None and not one.ended_by_server:
            complain(f"nobody watches it any more; `{attach_line(app.name, one.id, app.user)}` does")
    last_run = runs[-1] if runs else None
    return code or (1 if last_run is None else Outcome(last_run).exit_code)


def _places(record: Path | None, times: int) -> list[Path | None]:
    """Return the file of each of several runs; find what would keep one from being made before the first run is begun.

    Raises:
        OSError: one cannot be made.
        RecordingError: a `.zst` needs an extra.
    """
    if record is None:
        return [None] * times
    places = [numbered(record, number) for number in range(1, times + 1)] if times > 1 else [record]
    for place in places:
        check_place(place)
    return [*places]


def _conversation(app: App, target: Target, how: dict[str, Any]) -> str | None:
    if not how["goes_on"]:
        return how["conversation"]  # type: ignore[no-any-return]  # click's value of a text
    known = last(app, target.client.connection.base)
    if known is None:
        raise BadInput(
            "there is no conversation to continue: none with this app and user was begun here, or could go on"
        )
    return known


def print_json(runs: list[Run], *, with_secrets: bool) -> None:
    """Print runs as JSON: one indented, several a line each."""
    out = JsonLines()
    for one in runs:
        state = one.snapshot() if with_secrets else one.snapshot().without_secrets()
        document = msgspec.json.encode(state)
        out.write((indented(document) if len(runs) == 1 else None) or document)
    out.flush()


def _print_spread(runs: list[Run]) -> None:
    from streamkit.cli.render.lists import print_groups

    subjects = [RunSubject(one) for one in runs]
    print_groups(groups(subjects, "status", parse("")), "status")
    print_groups(groups(subjects, "node", parse("")), "node")
