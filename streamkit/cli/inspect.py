"""`streamkit inspect`: what happened in a run, for a person or as JSON."""

from collections.abc import Iterator
from typing import Final

import click
import msgspec

from streamkit.cli import CONTEXT, options
from streamkit.cli.expect import BadExpectation, Expectation
from streamkit.cli.indented import indented
from streamkit.cli.output import JsonLines, complain, print_text
from streamkit.cli.runs import Runs
from streamkit.cli.sources import name_of
from streamkit.run import RunState, stable

_PASS: Final = ("succeeded", "partial-succeeded")
"""How a run may stand for `--check`."""


def _expectations(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[Expectation, ...]:
    try:
        return tuple(Expectation(text) for text in texts)
    except BadExpectation as error:
        raise click.BadParameter(str(error)) from None


@click.command(context_settings=CONTEXT)
@click.argument("sources", metavar="FILE...|-", nargs=-1, required=True, type=click.Path(path_type=str))
@click.option("--json", "as_json", is_flag=True, help="Print the state as JSON; several runs, one line each.")
@click.option("--stable", "as_stable", is_flag=True, help="JSON without ids and times, sorted: to compare runs.")
@click.option("--all", "everything", is_flag=True, help="Fold and shorten nothing.")
@click.option("--check", is_flag=True, help="Exit with 1 unless every run succeeded, if only partly.")
@click.option(
    "--expect",
    "expectations",
    callback=_expectations,
    multiple=True,
    metavar="FIELD<VALUE",
    help="Exit with 1 unless this holds for every run. < <= > >= == !=; repeatable.",
)
@options.dialect
@options.show_secrets
def inspect(
    sources: tuple[str, ...],
    as_json: bool,
    as_stable: bool,
    everything: bool,
    check: bool,
    expectations: tuple[Expectation, ...],
    dialect: str,
    show_secrets: bool,
) -> None:
    """Show what happened in a run: every node, round, retry and form, tokens and cost, and what did not fit.

    Several files of one run (it paused, and was resumed) are joined; several runs in one file are parted.

    \b
    Examples:
      streamkit inspect x.sse
      streamkit inspect paused.sse resumed.sse
      curl -N … | streamkit inspect -
      streamkit inspect x.sse --json | jq .usage
      streamkit inspect x.sse --check --expect 'leaf_tokens<5000' --expect 'usage.cost.USD<=0.05'
      diff <(streamkit inspect --stable a.sse) <(streamkit inspect --stable b.sse)

    An expectation names a field of the JSON, with dots for what is inside (usage.cost.USD, forms.0.status); a list
    compares by its length.
    """  # noqa: D301 - click looks for the character
    runs = Runs(dialect)
    unreadable: list[str] = []
    runs.read_each(sources, lambda source, why: unreadable.append(f"{name_of(source)}: {why}"))
    for line in unreadable:
        complain(line)
    states = [found.run.snapshot() for found in runs.found]
    if not show_secrets:
        states = [state.without_secrets() for state in states]
    if as_json or as_stable:
        _print_json(states, as_stable)
    else:
        _print_text(states, [found.names for found in runs.found], everything)
    wrong = [told for state in states for told in _wrong(state, check, expectations)]
    for told in wrong:
        complain(told)
    if wrong or unreadable:
        raise click.exceptions.Exit(2 if unreadable else 1)


def _print_json(states: list[RunState], as_stable: bool) -> None:
    out = JsonLines()
    for state in states:
        document = msgspec.json.encode(stable(state), order="sorted") if as_stable else msgspec.json.encode(state)
        out.write((indented(document) if len(states) == 1 else None) or document)
    out.flush()


def _print_text(states: list[RunState], names: list[list[str]], everything: bool) -> None:
    from streamkit.cli.render import Look, print_run

    look = Look.of_stdout(everything=everything)
    several = len(states) > 1 or any(len(of_run) > 1 for of_run in names)
    for index, state in enumerate(states):
        if index:
            print_text("")
        print_run(state, look, names[index] if several else ())


def _wrong(state: RunState, check: bool, expectations: tuple[Expectation, ...]) -> Iterator[str]:
    """Yield what is not as it was asked to be; end the command if an expectation means nothing."""
    name = (state.id or state.message_id or "run")[:8]
    if check and state.status not in _PASS:
        yield f"{name}: the run did not succeed: {state.status}"
    for expectation in expectations:
        try:
            unmet = expectation.unmet(state)
        except BadExpectation as error:
            complain(f"--expect {expectation.text}: {error}")
            raise click.exceptions.Exit(2) from None
        if unmet is not None:
            yield f"{name}: {unmet}"
