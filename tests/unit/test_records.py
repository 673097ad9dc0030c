"""Records as values: what is kept of a frame, and what is not. Which records there are is the reader's test."""

import pytest

from streamkit.dialects.base import Malformed
from streamkit.placed import PlacingReader
from streamkit.reader import Reader
from streamkit.records import Noted, PlacedBurst, Record

DELTA = b'data: {"event":"message","task_id":"t","answer":"%d"}\n\n'


def test_a_record_says_what_its_event_was_made_of():
    reader = Reader("dify")
    reader.feed(DELTA % 1)
    (record,) = reader.feed(b"data: no JSON\n\n")
    assert isinstance(record, Noted)
    assert isinstance(record.event, Malformed)
    assert (record.frame, record.data, record.offset) == (1, b"no JSON", len(DELTA % 1))
    assert [kind for kind, _ in record.notes] == ["malformed-event"]


def test_records_are_values_that_nobody_changes():
    one, two = (Reader("dify").feed(DELTA % 1)[0] for _ in range(2))
    assert one == two
    assert one != Record(one.event, one.frame)
    with pytest.raises(AttributeError):
        one.offset = 7


def test_a_placed_burst_gives_the_events_of_its_frames():
    reader = PlacingReader("dify")
    reader.read(DELTA % 0 + DELTA % 1)
    (burst,) = reader.place(DELTA % 2 + DELTA % 3)
    assert isinstance(burst, PlacedBurst)
    assert [event.answer for event in burst.pattern.events(burst.texts)] == ["2", "3"]
    assert [offset // len(DELTA % 0) for offset in burst.offsets] == [2, 3]
