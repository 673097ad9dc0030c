"""Bodies, folded in the ways that the properties compare."""

import json
from decimal import InvalidOperation
from pathlib import Path

import msgspec

from streamkit import Run, Tap
from streamkit.fold import Fold
from streamkit.reader import Reader

FIXTURES = Path(__file__).parents[2] / "fixtures"
BODIES = {str(path.relative_to(FIXTURES)): path.read_bytes() for path in sorted(FIXTURES.rglob("*.sse"))}
SMALL = [name for name, body in BODIES.items() if 0 < len(body) < 40_000]


def chunks_of(body, cuts):
    """Cut a body at some places, given as fractions."""
    places = sorted({int(cut * len(body)) for cut in cuts})
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


def fold(*chunks, run=None, name="auto", look=lambda run: None):
    """Fold a body; `look` may read the run after each chunk. Returns all events and the run."""
    tap = Tap(name, run=run, max_frame_bytes=100_000)
    events = []
    for chunk in chunks:
        events += tap.feed(chunk)
        look(tap.run)
    events += tap.close()
    return events, tap.run


def fold_plainly(*chunks, name="auto"):
    """Fold a body record by record: no pattern, no burst."""
    reader, run = Reader(name, max_frame_bytes=100_000), Run(name)
    fold_one = Fold(run, reader)
    records = [record for chunk in chunks for record in reader.feed(chunk)] + reader.close()
    events = [record.event for record in records if fold_one.fold(record)]
    fold_one.count(bytes=reader.size, heartbeats=reader.heartbeats)
    fold_one.close()
    return events, run


def published(run):
    """The run as JSON. Also proves that it is JSON: no NaN, no lone surrogate, no broken value of the vendor."""
    encoded = msgspec.json.encode(run.snapshot())
    json.loads(encoded.decode(), parse_constant=_refuse, parse_int=str, parse_float=str)
    return encoded


def _refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


def same(events, others):
    """Whether events are the same. A price that is no number equals nothing, and some raise if they are compared."""
    return len(events) == len(others) and all(map(_same, events, others))


def _same(event, other):
    try:
        return event == other or repr(event) == repr(other)
    except InvalidOperation:
        return repr(event) == repr(other)
