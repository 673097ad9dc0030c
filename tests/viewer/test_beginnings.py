"""Which rounds had begun is what a look at every round says, however the run went on between two questions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit import Run
from viewer.beginnings import Beginnings

OPERATIONS = st.tuples(st.sampled_from(["begin", "begin", "move", "retract", "ask"]), st.integers(0, 40))


class World:
    """A container to whose rounds executions come, and which they leave."""

    def __init__(self):
        self.run = Run("dify")
        self.loop = self.run.open_execution("loop", "loop", type="loop", title="", is_container=True)
        self.nodes = []
        self.begun = 0
        self.beginnings = Beginnings()

    def begin(self, pick):
        self.begun += 1
        self.nodes.append(self.run.open_execution(f"e{self.begun}", "n", type="t", title=""))
        self.place(self.nodes[-1], pick)

    def place(self, node, pick):
        left = node.round
        self.run.place(node, self.loop, pick % 7)
        for turn in filter(None, (left, node.round)):
            self.beginnings.forget(turn)

    def move(self, pick):
        if self.nodes:
            self.place(self.nodes[pick % len(self.nodes)], pick // 2)

    def retract(self, pick):
        if self.nodes:
            node = self.nodes.pop(pick % len(self.nodes))
            left = node.round
            self.run.retract(node)
            self.beginnings.forget(left)

    def ask(self, pick):
        for limit in (pick // 2, math.inf):
            rounds, count = self.beginnings.begun(self.loop, limit)
            begun = [turn for turn in self.loop.rounds if turn.nodes[0].number <= limit]
            assert list(rounds[:count]) == begun


@given(st.lists(OPERATIONS, max_size=40))
def test_what_had_begun_is_found_whatever_happened_since(operations):
    world = World()
    for what, pick in [*operations, ("ask", 11)]:
        getattr(world, what)(pick)


@pytest.mark.parametrize("is_in_order", [True, False])
def test_rounds_that_begin_one_after_the_other_are_copied_into_no_list(is_in_order):
    world = World()
    for index in range(6) if is_in_order else (1, 0, 2, 3, 4, 5):
        world.begin(index)
    rounds, count = world.beginnings.begun(world.loop, 4)
    assert count == 3
    assert (rounds is world.loop.container.in_order()) is is_in_order


def test_what_is_no_container_has_no_rounds():
    world = World()
    world.begin(0)
    assert world.beginnings.begun(world.nodes[0], math.inf)[1] == 0
