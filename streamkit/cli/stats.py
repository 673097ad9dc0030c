"""`streamkit stats`: where time, tokens and money went, over many runs."""

import click

from streamkit.cli import CONTEXT, options
from streamkit.cli.collect import collect
from streamkit.cli.output import complain, print_json
from streamkit.cli.summary import OF_NODES, OF_RUNS, groups
from streamkit.where import Where


@click.command(context_settings=CONTEXT)
@options.paths
@click.option(
    "--by",
    type=click.Choice([*OF_NODES, *OF_RUNS]),
    required=True,
    help="node, model and type group executions; app and status group runs.",
)
@options.where
@options.as_json
@options.dialect
def stats(paths: tuple[str, ...], by: str, where: Where, as_json: bool, dialect: str) -> None:
    """Sum up many runs: time, errors, tokens and cost, in groups; first what took most time.

    A filter says which of the executions count, or with app and status which of the runs. Nodes with the same title
    are one group. Tokens and cost are counted where they were spent: an iteration or a loop has none of its own. An app
    that nobody names goes by the id of its workflow.

    \b
    Examples:
      streamkit stats logs/ --by node
      streamkit stats logs/ --by model --where 'user:u1'
      streamkit stats logs/ --by node --where 'type:http-request error~50.'
      streamkit stats logs/ --by status --json | jq -r '[.group, .count, .p95] | @tsv'
    """  # noqa: D301 - click looks for the character
    subjects, all_readable = collect(paths, dialect)
    found = groups(subjects, by, where)
    if as_json:
        print_json(found)
    else:
        from streamkit.cli.render.lists import print_groups

        print_groups(found, by)
    if not found and subjects:
        complain("nothing matches")
    if not all_readable:
        raise click.exceptions.Exit(2)
