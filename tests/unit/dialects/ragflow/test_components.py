"""Executions, rounds and containers, concluded from starts and finishes (protocol C.5)."""

import pytest

from streamkit import Run
from streamkit.dialects.ragflow.components import Components
from streamkit.dialects.ragflow.events import NodeFinishedData, NodeStartedData
from streamkit.run.state import MAX_DEPTH

KINDS = {"I": "Iteration", "i": "IterationItem", "L": "Loop", "l": "LoopItem", "X": "ExitLoop", "U": "UserFillUp"}


def facts(name):
    return {"component_id": name, "component_type": KINDS.get(name[0], "Agent"), "component_name": f"The {name}"}


class Script:
    """A run of components: "+A" starts A, "-A" finishes it."""

    def __init__(self, script=""):
        self.run, self.components = Run("ragflow"), Components()
        self.play(script)

    def play(self, script):
        for step in script.split():
            getattr(self, "start" if step[0] == "+" else "finish")(step[1:])
        return self

    def start(self, name, **more):
        return self.components.start(self.run, NodeStartedData(**facts(name), **more), 1.0)

    def finish(self, name, **more):
        return self.components.finish(self.run, NodeFinishedData(**facts(name), **more), 2.0)


def tree(script, nodes=None):
    """Where executions stand: an id, or (id, one list for each round)."""
    nodes = script.run.nodes if nodes is None else nodes
    return [(node.id, [tree(script, turn.nodes) for turn in node.rounds]) if node.rounds else node.id for node in nodes]


def shape(script):
    return tree(Script(script))


def status(script, execution):
    return script.run.executions[execution].status


# ---- one after the other


def test_an_execution_is_its_component_and_a_count():
    assert shape("+A -A +B -B +A -A") == ["A#0", "B#0", "A#1"]


def test_what_a_start_and_a_finish_say_is_learnt():
    script = Script()
    node = script.start("A", created_at=5, inputs=b'{"q":1}')
    assert (node.type, node.title, node.started_at, node.seen_at, node.inputs) == ("Agent", "The A", 5, 1.0, {"q": 1})
    script.finish("A", outputs=b'{"a":2}', elapsed_time=0.5)
    assert (node.status, node.outputs, node.elapsed_time, node.ended_at) == ("succeeded", {"a": 2}, 0.5, 2.0)


def test_an_error_makes_an_execution_failed():
    node = Script("+A").finish("A", error="boom")
    assert (node.status, node.error) == ("failed", "boom")


def test_a_component_that_names_nothing_is_an_execution_all_the_same():
    script = Script()
    node = script.components.start(script.run, NodeStartedData(), None)
    assert (node.id, node.title, node.type) == ("#0", "", "")
    assert script.components.finish(script.run, NodeFinishedData(), None) is node


def test_a_finish_closes_what_is_open_in_this_round_and_then_what_is_older():
    """What was left open in a round before was not ready, or died."""
    script = Script("+I +i1 -i1 +A +B -B +i1 -i1 +A -A")
    assert (status(script, "A#0"), status(script, "A#1")) == ("running", "succeeded")
    script.play("-A")
    assert status(script, "A#0") == "succeeded"


def test_a_finish_closes_what_is_left_of_earlier_rounds_the_oldest_first():
    script = Script("+I +i1 -i1 +A +B -B +i1 -i1 +A +B -B +i1 -i1 -A")
    assert (status(script, "A#0"), status(script, "A#1")) == ("succeeded", "running")


def test_a_start_of_an_open_component_is_a_restart_of_it_and_keeps_its_place():
    """Fan-in (correction 6)."""
    assert shape("+Z +X -X +Z -Z") == ["Z#0", "X#0"]


def test_a_start_of_an_open_component_in_a_new_round_is_another_execution():
    assert shape("+I +i1 +A -i1 +i1 +A") == [("I#0", [["i1#0", "A#0"], ["i1#1", "A#1"]])]


def test_round_0_of_another_container_is_another_round():
    assert shape("+I +i1 +J1 -i1 -I +I +i1 +J1") == [("I#0", [["i1#0", "J1#0"]]), ("I#1", [["i1#1", "J1#1"]])]


def test_a_finish_without_a_start_is_an_execution():
    script = Script("-A -A")
    assert tree(script) == ["A#0", "A#1"]
    assert status(script, "A#1") == "succeeded"


# ---- containers


def test_a_container_holds_what_starts_between_its_first_item_and_its_end():
    assert shape("+I +i1 -i1 +A -A +i1 -i1 +A -A +i1 -i1 -I +B") == [
        ("I#0", [["i1#0", "A#0"], ["i1#1", "A#1"]]),
        "B#0",
    ]


def test_what_starts_in_the_batch_of_a_container_stands_beside_it():
    assert shape("+I +B +i1 -i1 +A -A -B -I") == [("I#0", [["i1#0", "A#0"]]), "B#0"]


def test_a_container_without_items_holds_nothing():
    assert shape("+I -I +A") == ["I#0", "A#0"]


def test_the_sentinel_stands_while_the_container_is_open_and_is_taken_back_at_its_end():
    script = Script("+I +i1 -i1 +A -A +i1 -i1")
    assert tree(script) == [("I#0", [["i1#0", "A#0"], ["i1#1"]])]
    script.play("-I")
    assert tree(script) == [("I#0", [["i1#0", "A#0"]])]
    assert "i1#1" not in script.run.executions


def test_an_iteration_over_nothing_has_no_round():
    assert shape("+I +i1 -i1 -I") == ["I#0"]


def test_a_sentinel_that_never_finished_takes_no_finish_of_a_later_one():
    script = Script("+I +i1 -i1 +A -A +i1 -I -i1")
    assert tree(script) == [("I#0", [["i1#0", "A#0"]]), "i1#2"]
    assert set(script.run.executions) == {"I#0", "i1#0", "A#0", "i1#2"}


def test_exit_loop_ends_the_innermost_open_loop_which_never_says_so():
    """Correction 4."""
    script = Script("+L +l1 -l1 +A -A +X -X +B")
    assert tree(script) == [("L#0", [["l1#0", "A#0", "X#0"]]), "B#0"]
    loop = script.run.executions["L#0"]
    assert (loop.status, loop.inferred, loop.ended_at) == ("succeeded", True, 2.0)


def test_a_loop_that_was_left_is_not_open_when_it_comes_again():
    assert shape("+L +l1 +X -X +L +l1 +A") == [("L#0", [["l1#0", "X#0"]]), ("L#1", [["l1#1", "A#0"]])]


def test_a_finish_of_a_loop_that_was_left_is_an_execution_of_its_own():
    script = Script("+L +l1 +X -X -L")
    assert [node.id for node in script.run.nodes] == ["L#0", "L#1"]


def test_exit_loop_leaves_the_containers_inside_the_loop_and_not_those_around_it():
    assert shape("+I +i1 -i1 +L +l1 -l1 +J1 -J1 +X -X +A") == [
        ("I#0", [["i1#0", ("L#0", [["l1#0", "J1#0", "X#0"]]), "A#0"]]),
    ]
    script = Script("+L +l1 +I +i1 +X -X +A")
    assert tree(script)[1:] == ["A#0"]


@pytest.mark.parametrize("around", ["", "+I +i1 "])
def test_exit_loop_without_a_loop_leaves_nothing(around):
    script = Script(around + "+X -X +A")
    assert status(script, "X#0") == "succeeded"
    assert len(tree(script)) == (1 if around else 2)


def test_containers_nest():
    assert shape("+L +l1 +I +i1 +A -A +i1 -i1 -I +l1 +I +i1 +A -A +i1 -i1 -I +l1 -L +Z") == [
        ("L#0", [["l1#0", ("I#0", [["i1#0", "A#0"]])], ["l1#1", ("I#1", [["i1#2", "A#1"]])]]),
        "Z#0",
    ]


def test_the_next_round_outside_ends_what_is_open_inside():
    assert shape("+L +l1 -l1 +I +i1 -i1 +A -A +l1 -l1 +B") == [
        ("L#0", [["l1#0", ("I#0", [["i1#0", "A#0"]])], ["l1#1", "B#0"]]),
    ]


def test_the_same_round_of_another_nested_container_is_no_restart():
    """An LLM that died is left open; the next container's round 0 is not the same one."""
    assert shape("+L +l1 +I +i1 +A -I +l1 +I +i1 +A") == [
        ("L#0", [["l1#0", ("I#0", [["i1#0", "A#0"]])], ["l1#1", ("I#1", [["i1#1", "A#1"]])]]),
    ]


# ---- what was not shown


@pytest.mark.parametrize("script", ["+l1 +A", "-l1 -A", "+I +l1 +A"])
def test_items_whose_container_did_not_show_itself_make_no_round(script):
    """Correction 8."""
    assert shape(script)[-2:] == ["l1#0", "A#0"]


def test_a_container_that_appears_with_its_finish_holds_nothing():
    assert shape("-l1 -A -L +B") == ["l1#0", "A#0", "L#0", "B#0"]


def test_deeper_nesting_than_is_drawn_costs_no_execution():
    depth = MAX_DEPTH + 8
    script = Script(" ".join(f"+I{n} +i{n}" for n in range(depth)))
    assert len(script.run.executions) == 2 * depth
    assert len(script.components._scopes.open) == MAX_DEPTH
    script.play(" ".join(f"-I{n}" for n in reversed(range(depth))) + " +A")
    assert script.components._scopes.open == []
    assert script.run.nodes[-1].id == "A#0"
    script.run.snapshot()


# ---- who waits


def test_the_user_fill_up_that_is_open_waits():
    script = Script("+A +U1 +U2")
    assert script.components.waiting().id == "U1#0"
    script.play("-U1")
    assert script.components.waiting().id == "U2#0"
    script.play("-U2")
    assert script.components.waiting() is None
