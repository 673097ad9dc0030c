"""`streamkit convert`: the same body kept in another way, with its times, without its secrets."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from streamkit.cli import CONTEXT, options
from streamkit.cli.output import complain
from streamkit.cli.rewriting import Original, write
from streamkit.cli.sources import Unreadable, name_of, reason
from streamkit.dialects import DIALECTS
from streamkit.errors import RecordingError
from streamkit.reader import Reader
from streamkit.recording import Chunk, End, Header, Redactor, Source
from streamkit.recording.format import Entry
from streamkit.recording.masking import masked
from streamkit.recording.timing import load_timing, timed

_LOOKED_AT: Final = 1024 * 1024
"""Bytes of a body by which one tries to tell whose it is."""

_PLACES: Final[Mapping[str, tuple[str, str]]] = {
    "kind": ("source", "kind"),
    "method": ("source", "method"),
    "url": ("source", "url"),
    "request_headers": ("request", "headers"),
    "request_body": ("request", "body"),
    "status": ("response", "status"),
    "response_headers": ("response", "headers"),
}
"""Where in the header stands what an option says."""


def _body(_: click.Context, __: click.Parameter, text: str | None) -> Any:  # noqa: ANN401 - a JSON value
    if text is None:
        return None
    try:
        return msgspec.json.decode(Path(text[1:]).read_bytes() if text.startswith("@") else text)
    except OSError as error:
        raise click.BadParameter(f"{text[1:]}: {(error.strerror or str(error)).lower()}") from None
    except (msgspec.MsgspecError, RecursionError):
        raise click.BadParameter("is no JSON") from None


def _headers(_: click.Context, __: click.Parameter, lines: tuple[str, ...]) -> dict[str, str]:
    pairs = [line.partition(":") for line in lines]
    if not all(name.strip() and colon for name, colon, _ in pairs):
        raise click.BadParameter("is no NAME: VALUE")
    return {name.strip(): value.strip() for name, _, value in pairs}


@click.command(context_settings=CONTEXT)
@click.argument("source", metavar="IN", type=click.Path(path_type=str))
@click.argument("out", metavar="OUT", type=click.Path(path_type=str))
@click.option(
    "--timing", metavar="FILE", help="When the bytes of IN came: [[milliseconds, bytes], ...], one for each chunk."
)
@click.option("--kind", type=click.Choice([*DIALECTS]), help="Whose body it is. Else what the body itself shows.")
@click.option("--method", metavar="WORD", help="How it was requested: POST, GET.")
@click.option("--url", metavar="URL", help="What was requested; a path is enough.")
@click.option(
    "--request-header", "request_headers", callback=_headers, multiple=True, metavar="NAME:VALUE", help="Repeatable."
)
@click.option("--request-body", callback=_body, metavar="JSON|@FILE", help="What was sent.")
@click.option("--status", type=click.IntRange(100, 599), metavar="N", help="What was answered: 200.")
@click.option(
    "--response-header", "response_headers", callback=_headers, multiple=True, metavar="NAME:VALUE", help="Repeatable."
)
@options.secrets
@click.option("--no-redact", is_flag=True, help="Mask nothing.")
@options.force
def convert(
    source: str,
    out: str,
    timing: str | None,
    secrets: tuple[str, ...],
    no_redact: bool,
    force: bool,
    **facts: Any,  # noqa: ANN401 - what the options of `_PLACES` say
) -> None:
    """Keep a body in another way: as it came, as JSON lines, or as a recording.

    \b
    What OUT is shows in its name:
      .skrec, .skrec.zst   a recording, with times and what was requested; the second one compressed
      .ndjson, .jsonl      one JSON line for each event, as `streamkit events` prints it
      .sse                 an event stream; JSON lines become one frame each
      anything else, -     the body as it came

    Secrets are masked: keys, tokens, cookies, signed URLs; docs/recordings.md says which. IN is read twice for that, so
    they are also masked where they stand before the place that gave them away.

    \b
    Examples:
      streamkit convert x.sse x.skrec --url https://dify.example/v1/chat-messages --method POST
      streamkit convert x.sse x.skrec.zst --timing x.timing.json --request-body '{"query": "Hi"}'
      streamkit convert x.skrec.zst x.sse
      streamkit convert x.skrec - | streamkit frames -
    """  # noqa: D301 - click looks for the character
    redactor = None if no_redact else Redactor(secrets)
    if redactor is None:
        complain("nothing is masked: keys, tokens and signed URLs are kept as they are")
    try:
        original = Original(source)
        entries = original.entries if timing is None else _timed(original, timing)
        header = _header(original, facts, is_timed=timing is not None)
        converted = entries("converting")
        if redactor is not None:
            redactor.learn(header, entries("looking for secrets in"))
            header, converted = redactor.header(header), masked(converted, redactor)
        write(out, header, converted, force=force)
    except Unreadable as error:
        complain(f"{name_of(source)}: {error}")
        raise click.exceptions.Exit(2) from None
    except RecordingError as error:
        complain(str(error))
        raise click.exceptions.Exit(2) from None


def _timed(original: Original, timing: str) -> Callable[[str], Iterator[Entry]]:
    """Return what gives the entries of a body at the times that a file names.

    Raises:
        RecordingError: the file is something else.
        Unreadable: it cannot be read.
    """
    try:
        times = load_timing(timing)
    except OSError as error:
        raise Unreadable(f"{timing}: {reason(error)}") from None

    def entries(doing: str) -> Iterator[Entry]:
        pieces = (entry.data for entry in original.entries(doing) if isinstance(entry, Chunk))
        yield from timed(pieces, times, timing)
        yield End("eof", None, times[-1][0] if times else 0.0)

    return entries


def _header(original: Original, facts: Mapping[str, Any], *, is_timed: bool) -> Header:
    """Return what is known of a body: what its recording says, and what the options say."""
    replace = msgspec.structs.replace
    header = original.header or Header(Source(kind=_kind_of(original)), is_timed=False)
    if is_timed:
        header = replace(header, is_timed=True)
    for option, (part, field) in _PLACES.items():
        if facts[option] not in (None, {}):
            header = replace(header, **{part: replace(getattr(header, part), **{field: facts[option]})})
    return header


def _kind_of(original: Original) -> str | None:
    """Return whose body it is, if that shows in its first frames."""
    reader = Reader()
    for entry in original.entries("looking at"):
        if isinstance(entry, Chunk):
            reader.feed(entry.data)
        if reader.dialect is not None or reader.size > _LOOKED_AT:
            break
    return reader.dialect.name if reader.dialect is not None else None
