"""Bursts that know their places say the same as frames that are read one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.placed import PlacingReader
from streamkit.reader import Reader
from streamkit.records import PlacedBurst, Record
from tests.properties.folding import BODIES, SMALL, chunks_of, same

CUTS = st.lists(st.floats(0, 1), max_size=12)


def speech(*texts):
    return b"".join(b'data: {"event":"message","message_id":"m","answer":%b}\n\n' % text for text in texts)


def one_by_one(found):
    """Each event with the place of its frame."""
    for item in found:
        if isinstance(item, PlacedBurst):
            yield from zip(item.pattern.events(item.texts), item.offsets, strict=True)
        else:
            yield item.event, item.offset


def told(reader):
    return reader.troubles, reader.size, reader.frames, reader.heartbeats, reader.opening_heartbeats


@given(st.sampled_from(SMALL), CUTS, st.sampled_from([100_000, 900]))
def test_it_reads_what_a_reader_reads(name, cuts, limit):
    plain, placing = (make("auto", max_frame_bytes=limit) for make in (Reader, PlacingReader))
    for chunk in chunks_of(BODIES[name], cuts):
        records, found = plain.feed(chunk), list(placing.place(chunk))
        assert same([record.event for record in records], [event for event, _ in one_by_one(found)])
        assert [record.offset for record in records] == [offset for _, offset in one_by_one(found)]
        alone = [item for item in found if isinstance(item, Record)]
        noted = [(record.offset, record.notes, record.before) for record in records if record.notes or record.before]
        assert noted == [(item.offset, item.notes, item.before) for item in alone if item.notes or item.before]
        assert told(placing) == told(plain)
    assert same(plain.close(), placing.close())
    assert told(placing) == told(plain)


def test_deltas_come_in_bursts_and_each_knows_its_place():
    reader = PlacingReader("dify")
    bodies = [speech(b'"a"'), speech(b'"b"'), speech(b'"c"', b'"de"') + b": hi\n" + speech(b'"f"')]
    *_, (burst,) = [reader.place(body) for body in bodies]
    assert burst.texts == ["c", "de", "f"]
    whole = b"".join(bodies)
    assert [whole[place:].removeprefix(b": hi\n")[:7] for place in burst.offsets] == [b"data: {"] * 3
    assert (reader.frames, reader.heartbeats) == (5, 1)


def test_what_is_no_text_in_the_place_of_one_is_read_by_itself():
    reader = PlacingReader("dify")
    reader.place(speech(b'"a"', b'"b"', b'"c"'))
    found = list(one_by_one(reader.place(speech(b'"d"', b"7", b'"e"'))))
    assert [event.kind for event, _ in found] == ["message"] * 3
    assert [event.answer for event, _ in found][::2] == ["d", "e"]


def test_nothing_is_read_after_the_end():
    reader = PlacingReader("dify")
    reader.place(speech(b'"a"', b'"b"'))
    reader.close()
    with pytest.raises(RuntimeError):
        reader.place(speech(b'"c"'))
