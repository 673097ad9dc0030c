"""Keys name what stands in a run, now and in a run that was folded anew."""

import pytest

from tests.viewer.bodies import BODIES, RICH, watch
from viewer.rows import RUN, key_of_home, named
from viewer.tree import RunTree


@pytest.mark.parametrize("name", RICH[::4])
def test_every_row_is_named_by_its_key_and_by_no_other(name):
    (watched,) = watch(BODIES[name]).runs
    rows = list(RunTree(watched.run).walk())
    assert len({row.key for row in rows}) == len(rows)
    for row in rows:
        assert named(watched.run, row.key) is row.item
        if row.key[0] in ("x", "r"):
            assert key_of_home(row.item) == row.key


def test_the_same_key_names_what_it_was_then():
    (watched,) = watch(BODIES["dify/wf_iter_seq5"]).runs
    then = watched.at(watched.events // 2)
    found = 0
    for row in RunTree(then).walk():
        now = named(watched.run, row.key)
        assert type(now) is type(row.item)
        assert now is not row.item
        found += row.key[0] == "r"
    assert found > 0


@pytest.mark.parametrize("key", [("x", "no"), ("r", "no", 0), ("r", "x1", 5), ("t", "x1", 1), ("l", "x1", "a")])
def test_what_is_not_there_has_no_name(key):
    (watched,) = watch(BODIES["dify/chat_simple"]).runs
    first = next(iter(watched.run.executions))
    assert named(watched.run, tuple(first if part == "x1" else part for part in key)) is None
    assert named(watched.run, RUN) is watched.run
