"""What each body of a run spent: from the leaves, else from the server's totals, and how sure that is (C.7, C.8)."""

from streamkit.run.segments import SegmentCount, segments
from streamkit.run.state import Segment


def count(first_frame=0, before=0, *, total=None, ended=True, lost=False, continued=False):
    """A body of which the server said how it ended, unless told otherwise."""
    noted = SegmentCount(first_frame, before)
    noted.server_total, noted.ended, noted.lost, noted.continued = total, ended, lost, continued
    return noted


def told(counts, leaf_tokens):
    return [(segment.tokens, segment.leaf_tokens, segment.tokens_source) for segment in segments(counts, leaf_tokens)]


def test_a_run_without_a_body_has_no_segment():
    assert segments([], 0) == []


def test_a_new_body_has_told_nothing():
    assert segments([SegmentCount(3, 0)], 0) == [Segment(index=0, first_frame=3)]


def test_segments_are_numbered_and_know_where_they_begin():
    first, second = segments([count(0), count(17, 5)], 5)
    assert (first.index, first.first_frame) == (0, 0)
    assert (second.index, second.first_frame) == (1, 17)


def test_a_body_spent_what_its_leaves_became_known_to_have_spent():
    assert told([count(total=60), count(before=60, total=100)], 100) == [(60, 60, "leaf"), (40, 40, "leaf")]


def test_without_the_servers_word_on_the_end_the_sum_may_miss_something():
    assert told([count(ended=False)], 12) == [(12, 12, "partial")]


def test_executions_that_were_left_open_may_have_spent_more():
    assert told([count(total=12, lost=True)], 12) == [(12, 12, "partial")]


def test_the_leaves_count_and_not_a_server_that_doubles():
    """Correction 1: with two levels of containers the server's total is twice the truth."""
    assert told([count(total=72)], 36) == [(36, 36, "leaf")]


def test_where_no_leaf_tells_the_server_does():
    assert told([count(total=853)], 0) == [(853, 0, "server")]


def test_the_servers_total_is_of_the_whole_run_so_earlier_bodies_are_taken_off():
    """A resumed run reports the sum over all bodies, where the body shows one segment (C.7)."""
    assert told([count(total=100), count(total=250)], 0) == [(100, 0, "server"), (150, 0, "server")]
    assert told([count(total=60), count(before=60, total=100)], 60) == [(60, 60, "leaf"), (40, 0, "server")]


def test_a_total_below_what_is_known_is_not_negative():
    """A stopped run reports 0 or a part (C.7)."""
    assert told([count(total=60), count(before=60, total=20)], 60) == [(60, 60, "leaf"), (0, 0, "server")]


def test_where_neither_leaf_nor_server_tells_nothing_is_invented():
    assert told([count(), count(ended=False)], 0) == [(None, 0, "partial"), (None, 0, "partial")]


def test_a_server_that_says_zero_is_believed_unless_executions_were_left_open():
    assert told([count(total=0)], 0) == [(0, 0, "server")]
    assert told([count(total=0, lost=True)], 0) == [(0, 0, "partial")]


def test_of_a_run_that_began_unseen_the_servers_total_says_nothing():
    """It covers the body that was missed (C.8)."""
    assert told([count(total=250, continued=True)], 0) == [(0, 0, "leaf")]
    assert told([count(total=250, continued=True)], 40) == [(40, 40, "leaf")]
    assert told([count(total=250, continued=True, ended=False)], 0) == [(0, 0, "partial")]
