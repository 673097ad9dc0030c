"""A body in another notation: the events of a stream as JSON lines, and JSON lines as an event stream."""

from collections.abc import Iterable, Iterator
from itertools import chain

from streamkit.cli.body import Body
from streamkit.cli.events import line_of
from streamkit.cli.output import complain
from streamkit.cli.sources import Unreadable
from streamkit.jsonbody import JsonBody
from streamkit.reader import MAX_FRAME_BYTES
from streamkit.records import Record


def as_json_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield one JSON line for each event, as `streamkit events` prints it, secrets and all.

    Raises:
        Unreadable: there is neither a frame nor a JSON object.
    """
    body = Body()
    for chunk in chunks:
        yield from _lines(body, body.feed(chunk))
    yield from _lines(body, body.close())
    problem = body.problem()
    if problem is not None:
        raise Unreadable(problem)
    for kind, detail in body.troubles:
        complain(f"{kind}: {detail}")


def _lines(body: Body, records: list[Record]) -> Iterator[bytes]:
    dialect = body.reader.dialect
    for record in records:
        if dialect is not None and not record.event.is_heartbeat:
            yield line_of(record, dialect.name, show_secrets=True) + b"\n"


def as_event_stream(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a body of JSON lines as frames; an event stream, or a single JSON document, as it is.

    Raises:
        Unreadable: a line is too long.
    """
    source, head = iter(chunks), b""
    while not head.strip() and (chunk := next(source, b"")):
        head += chunk
    if not head.lstrip().startswith(b"{"):
        yield from chain([head], source)
        return
    lines = JsonBody(MAX_FRAME_BYTES, start=0)
    for chunk in chain([head], source):
        for _, line in lines.feed(chunk):
            yield _frame(line)
    for _, rest in lines.close():
        yield rest if lines.is_document else _frame(rest)
    if lines.dropped:
        raise Unreadable(f"holds a line of more than {MAX_FRAME_BYTES:,} bytes")


def _frame(line: bytes) -> bytes:
    return b"data: " + line.strip() + b"\n\n"
