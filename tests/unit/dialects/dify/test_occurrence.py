"""What is noted of a container: those that are open in order, and blocks of executions whose round is not told."""

from hypothesis import given
from hypothesis import strategies as st

from streamkit.dialects.dify.occurrence import Blocks, Line, Occurrence
from streamkit.run.execution import NodeExecution


def execution(name, number=0):
    return NodeExecution(f"{name}{number}", name, type="", title="")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5))))
def test_a_line_holds_those_that_came_and_did_not_leave_in_the_order_in_which_they_came(steps):
    containers = [Occurrence(execution("c", number), "loop", number, number) for number in range(6)]
    line, model = Line(), []
    for comes, number in steps:
        occurrence = containers[number]
        if comes:
            line.add(occurrence)
            model += [] if occurrence in model else [occurrence]
        else:
            line.remove(occurrence)
            model = [other for other in model if other is not occurrence]
        assert list(reversed(line)) == model[::-1]


def begun(blocks, name, number=0, status="succeeded"):
    node = execution(name, number)
    blocks.add(node)
    node.status = status
    return node


def test_a_node_that_runs_again_begins_the_next_block():
    blocks = Blocks()
    nodes = [begun(blocks, name, number) for number in range(3) for name in "ab"]
    assert blocks.count == 3
    assert list(blocks.untold([2, None, 0])) == [(nodes[0], 2), (nodes[1], 2), (nodes[4], 0), (nodes[5], 0)]


def test_a_block_of_which_one_is_told_is_in_that_round():
    blocks = Blocks()
    first, second = begun(blocks, "a"), begun(blocks, "b")
    blocks.tell(first, 7)
    third = begun(blocks, "c")
    assert list(blocks.untold([None])) == [(second, 7), (third, 7)]


def test_nothing_is_noted_of_what_is_told_or_let_go():
    blocks = Blocks()
    for number in range(100):
        one, two = begun(blocks, "a", number), begun(blocks, "b", number)
        blocks.tell(one, number)
        blocks.forget(two) if number % 2 else blocks.tell(two, number)
    assert (len(blocks._waiting), len(blocks._told), len(blocks._number_of)) == (1, 1, 0)
    assert blocks.count == 100


def test_blocks_that_interleave_mean_nothing():
    blocks = Blocks()
    begun(blocks, "a", 0, "running")
    begun(blocks, "a", 1)
    assert blocks.mixed
    begun(blocks, "b")
    assert list(blocks.untold([])) == []
