"""Which container stands in which: what is noted to move it goes as soon as no frame can ask for it.

The rules themselves are tested through the reducer, in `test_containers`.
"""

from streamkit import Run
from streamkit.dialects.dify.nesting import Nesting
from streamkit.dialects.dify.register import Register


def nesting():
    run, register = Run("dify"), Register()
    return run, register, Nesting(register)


def in_round(run, places, node_id):
    outer = places.create(run, "iteration", node_id, None, None)
    outer.announced, outer.current = True, 0
    return outer


def descend(run, places, number):
    node = run.open_execution(f"e{number}", "n", type="code", title="")
    return node, places.innermost(run, "outer", None, "n", node, certain=True)


def test_an_execution_that_names_the_container_around_is_in_the_one_inside_until_that_is_disproved():
    run, _, places = nesting()
    outer, inner = in_round(run, places, "outer"), in_round(run, places, "inner")
    node, home = descend(run, places, 0)
    run.place(node, home.node, 0)
    assert (home, inner.parent, inner.descended) == (inner, outer, {node: 0})
    assert places.innermost(run, "inner", None, "m", None, certain=True) is inner
    assert (inner.parent, inner.descended, node.parent) == (None, None, outer.node)


def test_what_cannot_be_disproved_is_not_noted():
    run, _, places = nesting()
    in_round(run, places, "outer")
    inner = in_round(run, places, "inner")
    inner.named = True
    assert descend(run, places, 0)[1] is inner
    assert inner.descended is None


def test_a_closed_container_notes_nothing_once_it_began_again():
    run, register, places = nesting()
    in_round(run, places, "outer")
    inner = in_round(run, places, "inner")
    descend(run, places, 0)
    register.close(inner)
    assert inner.descended
    in_round(run, places, "inner")
    assert inner.descended is None
