"""What each body of a run spent: from the leaves, else from the server's totals, and how sure that is (C.7, C.8)."""

from streamkit.run.segments import SegmentCount, segments


def count(first_frame=0, before=0, *, total=None, lost=False):
    noted = SegmentCount(first_frame, before)
    noted.server_total = total
    noted.lost = lost
    return noted


def told(counts, leaf_tokens):
    return [(segment.tokens, segment.leaf_tokens, segment.tokens_source) for segment in segments(counts, leaf_tokens)]


def test_a_run_without_a_body_has_no_segment():
    assert segments([], 0) == []


def test_segments_are_numbered_and_know_where_they_begin():
    first, second = segments([count(0), count(17, 5)], 5)
    assert (first.index, first.first_frame) == (0, 0)
    assert (second.index, second.first_frame) == (1, 17)


def test_a_body_spent_what_its_leaves_became_known_to_have_spent():
    assert told([count(total=60), count(before=60, total=100)], 100) == [(60, 60, "leaf"), (40, 40, "leaf")]


def test_without_the_servers_word_on_the_end_the_sum_may_miss_something():
    assert told([count()], 12) == [(12, 12, "partial")]


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


def test_a_server_that_says_zero_says_no_more_than_the_leaves():
    assert told([count(total=0)], 0) == [(0, 0, "leaf")]
    assert told([count()], 0) == [(0, 0, "partial")]
