"""Entries on their way through a redactor: in order, at their times, and as long as they were."""

from hypothesis import given
from hypothesis import strategies as st

from streamkit.recording import Chunk, End, Exchange, Marker, Redactor, Request, Response
from streamkit.recording.masking import Masking, masked
from streamkit.recording.spelling import placeholder

TOKEN = "urs23CZGRvbLOu5kHsetNq"  # noqa: S105 - as a server makes them
BODIES = st.lists(st.sampled_from([b"data: ", b"\n", TOKEN.encode(), TOKEN[:5].encode(), b"x" * 300, b"\xff", b"\r\n"]))


@given(BODIES, st.booleans())
def test_chunks_keep_their_borders_and_times_and_others_their_places(chunks, has_end):
    entries = [
        entry for number, data in enumerate(chunks) for entry in (Chunk(number / 2, data), Marker(number / 2, ""))
    ]
    entries += [End("eof", None, 99.0)] * has_end
    found = list(masked(entries, Redactor([TOKEN])))
    assert [(type(entry), entry.at) for entry in found] == [(type(entry), entry.at) for entry in entries]
    assert [len(entry.data) for entry in found if isinstance(entry, Chunk)] == [len(data) for data in chunks]
    body = b"".join(entry.data for entry in found if isinstance(entry, Chunk))
    redactor = Redactor([TOKEN])
    assert body == redactor.feed(b"".join(chunks)) + redactor.close()


def test_what_comes_behind_a_line_that_has_not_ended_waits_for_it():
    masking = Masking(Redactor())
    assert list(masking.add(Chunk(1.0, b"data: 1\ndata: "))) == []
    assert list(masking.add(Marker(1.5, "m"))) == []
    assert list(masking.add(Chunk(2.0, b"2\n"))) == [
        Chunk(1.0, b"data: 1\ndata: "),
        Marker(1.5, "m"),
        Chunk(2.0, b"2\n"),
    ]
    assert list(masking.add(Chunk(3.0, b"data: 3"))) == []
    assert list(masking.add(End("eof", None, 4.0))) == [Chunk(3.0, b"data: 3"), End("eof", None, 4.0)]
    assert list(masking.close()) == []


def test_a_recording_that_breaks_off_gives_what_waits():
    masking = Masking(Redactor())
    assert list(masking.add(Chunk(1.0, b"data: "))) == []
    assert list(masking.close()) == [Chunk(1.0, b"data: ")]


def test_everything_is_masked():
    entries = [
        Exchange(
            Request({"authorization": f"Bearer {TOKEN}"}, None, "GET", "/v1/info"),
            Response(200, {}, {"seen": TOKEN}),
            0.5,
        ),
        Chunk(1.0, f"data: {TOKEN}\n".encode()),
        Marker(1.5, f"with {TOKEN}"),
        End("error", f"no {TOKEN}", 2.0),
    ]
    instead = placeholder(TOKEN, len(TOKEN))
    assert list(masked(entries, Redactor())) == [
        Exchange(
            Request({"authorization": f"Bearer {instead}"}, None, "GET", "/v1/info"),
            Response(200, {}, {"seen": instead}),
            0.5,
        ),
        Chunk(1.0, f"data: {instead}\n".encode()),
        Marker(1.5, f"with {instead}"),
        End("error", f"no {instead}", 2.0),
    ]
