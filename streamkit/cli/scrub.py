"""`streamkit scrub`: a recording that can be given away."""

import click

from streamkit.cli import CONTEXT, options
from streamkit.cli.output import complain
from streamkit.cli.rewriting import Original, write
from streamkit.cli.sources import Unreadable, name_of
from streamkit.recording import Header, Redactor
from streamkit.recording.masking import masked
from streamkit.recording.scrub import scrubbed


@click.command(context_settings=CONTEXT)
@click.argument("source", metavar="IN", type=click.Path(path_type=str))
@click.argument("out", metavar="OUT", type=click.Path(path_type=str))
@click.option("--content", is_flag=True, help="Also replace what people and models wrote by filler of the same length.")
@options.secrets
@options.force
def scrub(source: str, out: str, content: bool, secrets: tuple[str, ...], force: bool) -> None:
    """Make a recording that can be given away: without secrets, and with --content without text of people.

    Letters become x, digits 1, Chinese characters 字, and so on; lengths, blanks and signs stay. So do the keys of JSON,
    numbers, times, ids, statuses, types, models, prices, and the titles of nodes. It is the same run: inspect shows the
    same tree, with the same tokens, rounds and lengths of texts. Questions, answers, thoughts, errors, files, inputs and
    outputs are filler, and so is every other text, also under names that streamkit does not know.

    OUT may be a recording or a body, as for `streamkit convert`.

    \b
    Examples:
      streamkit scrub --content x.skrec.zst bug-report.skrec.zst
      streamkit scrub --content x.sse - | streamkit inspect -
    """  # noqa: D301 - click looks for the character
    try:
        original = Original(source)
        header = original.header or Header(is_timed=False)
        redactor = Redactor(secrets)
        redactor.learn(header, original.entries("looking for secrets in"))
        header, entries = redactor.header(header), masked(original.entries("scrubbing"), redactor)
        if content:
            header, entries = scrubbed(header, entries)
        write(out, header, entries, force=force)
    except Unreadable as error:
        complain(f"{name_of(source)}: {error}")
        raise click.exceptions.Exit(2) from None
