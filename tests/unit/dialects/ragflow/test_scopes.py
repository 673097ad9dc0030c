"""Which container and round an execution stands in, concluded from what starts after what (protocol C.5)."""

import pytest

from streamkit import Run
from streamkit.dialects.ragflow.components import Components
from streamkit.dialects.ragflow.events import NodeFinishedData, NodeStartedData

KINDS = {"I": "Iteration", "i": "IterationItem", "L": "Loop", "l": "LoopItem", "X": "ExitLoop", "M": "Message"}


class Batches:
    """Batches of components: "A B" starts both and finishes them; "A! B" does not finish A; "A I/" ends I after A."""

    def __init__(self, *batches):
        self.run, self.components = Run("ragflow"), Components()
        for batch in batches:
            self.play(batch.split())

    def play(self, steps):
        for step in steps:
            if not step.endswith("/"):
                self.components.start(self.run, NodeStartedData(**facts(step.rstrip("!"))), None)
        for step in steps:
            if (step[0] not in "IL" and not step.endswith("!")) or step.endswith("/"):
                self.components.finish(self.run, NodeFinishedData(**facts(step.rstrip("/"))), None)

    def homes(self):
        """Where each execution stands, but for the items: "" or the container and the round."""
        found = {}
        for node in self.run.walk():
            if not node.type.endswith("Item"):
                home = f"{node.parent.id}.{node.round_index}" if node.parent else ""
                found.setdefault(home, []).append(node.id)
        return found


def facts(name):
    return {"component_id": name, "component_type": KINDS.get(name[0], "Agent")}


def homes(*batches):
    return Batches(*batches).homes()


def test_a_branch_beside_a_container_stands_beside_it():
    assert homes("I1 A1", "i1 A2", "B1 A3", "i1 A4", "B1 A5", "i1 I1/", "Z") == {
        "": ["I1#0", "A1#0", "A2#0", "A3#0", "A4#0", "A5#0", "Z#0"],
        "I1#0.0": ["B1#0"],
        "I1#0.1": ["B1#1"],
    }


def test_a_branch_before_a_container_stands_beside_it():
    assert homes("A1 I1", "A2 i1", "A3 B1", "i1")[""] == ["A1#0", "I1#0", "A2#0", "A3#0"]


def test_a_branch_that_ends_leaves_no_container_without_a_successor():
    assert homes("A1 I1", "A2 i1", "B1", "C1") == {"": ["A1#0", "I1#0", "A2#0"], "I1#0.0": ["B1#0", "C1#0"]}


@pytest.mark.parametrize("batch", ["B1 A3 A4", "A3 A4 B1"])
def test_a_branch_parts_rather_than_a_container(batch):
    around = ("I1 A1", "i1 A2") if batch.startswith("B") else ("A1 I1", "A2 i1")
    assert homes(*around, batch)["I1#0.0"] == ["B1#0"]


def test_containers_at_once_have_their_items_in_order():
    assert homes("I1 I2", "i1 i2", "A B", "i1 i2", "A B", "i1 I1/ i2", "Z B", "i2 I2/") == {
        "": ["I1#0", "I2#0", "Z#0"],
        "I1#0.0": ["A#0"],
        "I1#0.1": ["A#1"],
        "I2#0.0": ["B#0"],
        "I2#0.1": ["B#1"],
        "I2#0.2": ["B#2"],
    }


def test_the_sentinel_of_a_container_is_taken_back_though_a_branch_goes_on_beside_it():
    batches = Batches("I1 A1", "i1 A2", "B1 A3", "i1 A4 I1/")
    assert [turn.index for turn in batches.run.executions["I1#0"].rounds] == [0]


def test_what_ran_in_a_container_runs_there_again():
    """In the second round the batch would fit otherwise too."""
    assert homes("I1 A1", "i1 A2", "B1", "C1", "i1", "B1 C1")["I1#0.1"] == ["B1#1", "C1#1"]


def test_a_container_beside_another_one_takes_what_is_inside_along():
    """It began where the order allowed two places, and the next start tells which one it is."""
    assert homes("I1 A1", "i1 A2", "I2 A3", "i2 A4", "B A5") == {
        "": ["I1#0", "A1#0", "A2#0", "A3#0", "A4#0", "A5#0"],
        "I1#0.0": ["I2#0"],
        "I2#0.0": ["B#0"],
    }


def test_a_container_that_first_seems_to_be_inside_goes_on_beside_another_one():
    assert homes("A1 I1", "A2 i1", "I2 i1", "i2 B1", "A")["I2#0.0"] == ["A#0"]


def test_a_batch_of_which_nothing_is_told_ends_before_an_item():
    """A container says nothing, nor does an LLM whose Message streams it."""
    assert homes("A! I1 M i1", "M2 B")["I1#0.0"] == ["B#0"]
    assert homes("I1 A! i1 M", "B M2")["I1#0.0"] == ["B#0"]


def test_exit_loop_leaves_the_loop_that_it_stands_in():
    assert homes("L1 L2", "l1 l2", "X A", "B C") == {
        "": ["L1#0", "L2#0", "B#0"],
        "L1#0.0": ["X#0"],
        "L2#0.0": ["A#0", "C#0"],
    }


def test_an_item_whose_container_is_over_begins_no_round_of_another_one():
    batches = Batches("I1", "i1", "I2 A", "i2 i1", "i2")
    assert [turn.index for turn in batches.run.executions["I1#0"].rounds] == [0, 1]
