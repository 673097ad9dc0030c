"""Which execution of a node is meant, shared words, and a memory that does not grow with what ended."""

from itertools import pairwise

from streamkit import Run
from streamkit.run.execution import NodeExecution
from streamkit.run.places import Several


def executions(count):
    return [NodeExecution(f"e{number}", "n", type="", title="", number=number) for number in range(count)]


def test_the_open_execution_that_began_last_is_meant_else_the_last_one():
    first, second, third = executions(3)
    several = Several(first, second)
    several.begin(third)
    assert several.current() is third
    third.status = "succeeded"
    assert several.current() is second
    first.status = second.status = "failed"
    assert several.current() is third


def test_what_goes_on_is_meant_before_what_began_later():
    first, second = executions(2)
    several = Several(first, second)
    several.go_on(first)
    assert several.current() is first


def test_executions_that_overlap_without_end_do_not_pile_up():
    nodes = executions(1000)
    several = Several(*nodes[:2])
    for before, node in pairwise(nodes[1:]):
        several.begin(node)
        before.status = "succeeded"
    assert len(several._earlier) < 20


def test_a_node_of_which_nothing_is_left_is_forgotten():
    first, second = executions(2)
    several = Several(first, second)
    assert not several.forget(second)
    assert several.current() is first
    assert several.forget(first)


def test_executions_of_a_node_share_its_words():
    run = Run("dify")
    words = [("".join(["no", "de"]), "".join(["ti", "tle"])) for _ in range(2)]
    first, second = (
        run.open_execution(f"e{n}", node_id, type="x", title=title) for n, (node_id, title) in enumerate(words)
    )
    assert first.node_id is second.node_id
    assert first.title is second.title
    run.describe(second, title="".join(["ti", "tle"]))
    assert first.title is second.title
    assert run.open_execution("e2", "node", type="x", title="another").title == "another"


def test_a_read_top_level_is_not_changed_by_what_comes_later():
    run = Run("dify")
    run.open_execution("a", "a", type="x", title="")
    before = run.nodes
    run.open_execution("b", "b", type="x", title="")
    assert ([node.id for node in before], [node.id for node in run.nodes]) == (["a"], ["a", "b"])


def test_the_top_level_itself_is_what_a_view_looks_at_and_a_read_one_is_a_copy():
    run = Run("dify")
    first, second = (run.open_execution(name, "n", type="", title="") for name in "ab")
    read = run.nodes
    run.retract(first)
    assert list(run.top) == [second]
    assert read == [first, second]


def test_payloads_that_are_elsewhere_change_nothing_but_what_is_published_of_them():
    run, other = Run("dify"), Run("dify")
    for each in (run, other):
        node = each.open_execution("a", "a", type="llm", title="A")
        each.describe(node, inputs=b'{"of":1}', outputs=b'{"text":"said"}', process_data=b"[]", metadata=b"{}")
        each.close_execution(node, "succeeded")
    node, before = run.executions["a"], run.snapshot().nodes[0]
    assert node.outputs == {"text": "said"}
    run.put_by(node)
    assert (node.inputs, node.outputs, node.process_data, node.metadata) == (None, None, None, None)
    assert node.facts.text_length == 4
    published = run.snapshot().nodes[0]
    assert (published.inputs, published.status) == (None, "succeeded")
    run.give_back(node, other.executions["a"])
    assert node.outputs == {"text": "said"}
    assert run.snapshot().nodes[0] == before


def test_what_was_told_of_a_text_is_not_asked_twice():
    run = Run("dify")
    node = run.open_execution("a", "a", type="llm", title="A")
    for outputs, length in ((b'{"text":"said"}', 4), (b'{"text":"more said"}', 9)):
        run.describe(node, outputs=outputs)
        run.put_by(node)
        assert node.facts.text_length == length
