import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.testing import rechunk


@given(
    st.binary(max_size=300), st.none() | st.integers(1, 400) | st.lists(st.integers(1, 50), min_size=1), st.integers()
)
def test_nothing_is_lost_and_no_piece_is_empty(data, sizes, seed):
    pieces = rechunk(data, sizes, seed=seed)
    assert b"".join(pieces) == data
    assert all(pieces)


def test_sizes_are_repeated():
    assert rechunk(b"abcdefgh", 3) == [b"abc", b"def", b"gh"]
    assert rechunk(b"abcdefgh", [1, 3]) == [b"a", b"bcd", b"e", b"fgh"]


def test_a_seed_gives_the_same_pieces_and_another_one_others():
    data = bytes(1000)
    assert rechunk(data, seed=1) == rechunk(data, seed=1)
    assert rechunk(data, seed=1) != rechunk(data, seed=2)


@pytest.mark.parametrize("sizes", [0, -1, [], [1, 0]])
def test_a_size_that_would_never_end_is_refused(sizes):
    with pytest.raises(ValueError, match="at least one byte"):
        rechunk(b"abc", sizes)
