"""Containers by their node: which one a frame means, and what is left of those that the run lets go."""

from streamkit.dialects.dify.register import Register
from streamkit.run.execution import NodeExecution


def begun(register, count, node_id="lp"):
    for _ in range(count):
        node = NodeExecution(register.next_id(node_id), node_id, type="loop", title="")
        register.add(node, "loop")
    return list(register.last(node_id))[::-1]


def test_occurrences_are_counted():
    register = Register()
    assert [one.node.id for one in begun(register, 3)] == ["lp#0", "lp#1", "lp#2"]
    assert [one.node.id for one in begun(register, 1, "other")] == ["other#0"]
    assert (register.knows("lp"), register.knows("no")) == (True, False)


def test_a_frame_means_the_last_open_one_else_the_last_one():
    register = Register()
    first, second, third = begun(register, 3)
    register.close(third)
    assert register.matching("lp") is second
    register.close(first)
    register.close(second)
    assert register.matching("lp") is third
    assert register.matching("no") is None
    register.open(first)
    assert register.matching("lp") is first


def test_what_is_let_go_is_not_found_and_its_number_is_not_given_again():
    register = Register()
    first, second, third = begun(register, 3)
    register.forget(first.node)
    register.forget(second.node)
    assert list(register.last("lp")) == [third]
    assert list(register.last_open()) == [third]
    assert register.next_id("lp") == "lp#3"


def test_rows_are_matched_from_the_first_occurrence_on_whatever_was_let_go():
    register = Register()
    first, second, third = begun(register, 3)
    register.forget(first.node)
    register.begin_snapshot()
    assert [register.of_row(f"row{number}", "lp") for number in range(4)] == [None, second, third, None]
    assert register.of_row("row1", "lp") is second
    register.forget(second.node)
    assert register.of_row("row1", "lp") is None


def test_starts_in_a_replay_are_counted():
    register = Register()
    begun(register, 2)
    register.replay()
    assert [register.is_replayed("lp") for _ in range(3)] == [True, True, False]
    assert not register.is_replayed("no")
