"""`streamkit frames`: what the event stream itself says, one JSON line for each frame. Interprets nothing."""

import click
import orjson

from streamkit.cli import CONTEXT, options
from streamkit.cli.output import JsonLines, complain
from streamkit.cli.sources import Unreadable, chunks, name_of
from streamkit.frames import Frame
from streamkit.sse import Parser


@click.command(context_settings=CONTEXT)
@options.file
@options.chunk_size
def frames(source: str, chunk_size: int | None) -> None:
    """Print one JSON line for each SSE frame: {"event", "data", "id"}.

    "event" is "message" where the frame names none, "id" the last event ID when it was dispatched ("" before the
    first), "data" its text, with U+FFFD for what is not UTF-8.

    This is raw: it masks nothing, form tokens and signed URLs included. `streamkit events` masks form tokens.

    \b
    Examples:
      streamkit frames x.sse
      curl -N … | streamkit frames - | jq -r .data
      streamkit frames x.sse | streamkit inspect -
    """  # noqa: D301 - click looks for the character
    parser, out = Parser(), JsonLines()
    try:
        for chunk in chunks(source, chunk_size):
            for frame in parser.feed(chunk):
                out.write(_line(frame))
            out.flush()
        parser.close()
        _report(source, parser)
    except Unreadable as error:
        complain(f"{name_of(source)}: {error}")
        raise click.exceptions.Exit(2) from None


def _line(frame: Frame) -> bytes:
    return orjson.dumps({"event": frame.event or "message", "data": frame.text, "id": frame.id})


def _report(source: str, parser: Parser) -> None:
    """Name frames that were dropped.

    Raises:
        Unreadable: there was no frame.
    """
    for dropped in parser.take_dropped():
        complain(
            f"{name_of(source)}: dropped a frame of {dropped.size:,} bytes at byte {dropped.offset:,}: "
            f"more than {dropped.limit:,}"
        )
    if not parser.bytes:
        raise Unreadable("is empty")
    if not parser.frames:
        raise Unreadable(f"holds no frame in {parser.bytes:,} bytes")
