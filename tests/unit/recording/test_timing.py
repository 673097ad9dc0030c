"""Times that another tool wrote down, for a body that has none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.errors import RecordingError
from streamkit.recording import Chunk
from streamkit.recording.timing import load_timing, timed


def load(tmp_path, text):
    (tmp_path / "t.json").write_text(text)
    return load_timing(str(tmp_path / "t.json"))


def test_milliseconds_become_seconds(tmp_path):
    assert load(tmp_path, "[[560.59, 585], [1000, 1]]") == [(0.56059, 585), (1.0, 1)]


@pytest.mark.parametrize("text", ["", "{}", "[[1]]", '[["1", 2]]', "[[1, 2.5]]", "[[1, 2, 3]]", "[" * 100_000])
def test_what_is_no_timing_says_so(tmp_path, text):
    with pytest.raises(RecordingError, match=r"t\.json: is no list of \[milliseconds, bytes\]$"):
        load(tmp_path, text)


@pytest.mark.parametrize("text", ["[[1, 0]]", "[[1, -5]]", "[[-1, 5]]"])
def test_times_and_sizes_are_not_negative(tmp_path, text):
    with pytest.raises(RecordingError, match="negative, or a chunk of no bytes"):
        load(tmp_path, text)


@given(st.lists(st.binary(min_size=1), max_size=8), st.integers(1, 50))
def test_a_body_is_cut_as_it_came_however_it_is_read(chunks, size):
    body = b"".join(chunks)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    expected = [Chunk(number / 2, chunk) for number, chunk in enumerate(chunks)]
    assert list(timed(pieces, [(chunk.at, len(chunk.data)) for chunk in expected], "t")) == expected


@pytest.mark.parametrize(
    ("sizes", "why"),
    [
        ([3, 3], "times more bytes than the 5 of the body"),
        ([3, 1], "times only 4 bytes of the body"),
        ([], "times only 0 bytes"),
    ],
)
def test_a_timing_of_another_body_is_refused(sizes, why):
    with pytest.raises(RecordingError, match=f"^t: {why}"):
        list(timed([b"abc", b"de"], [(0.0, size) for size in sizes], "t"))
