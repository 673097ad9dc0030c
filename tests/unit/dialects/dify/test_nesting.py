"""Which container stands in which: what is noted to move it goes as soon as no frame can ask for it.

The rules themselves are tested through the reducer, in `test_containers`.
"""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamkit import Run, Tap
from streamkit.dialects.dify.nesting import Nesting
from streamkit.dialects.dify.register import Register
from streamkit.run import Retention


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


# ---- what was so before


@st.composite
def scripts(draw):
    """Frames of containers and of executions that name them, in any order: an engine sends few of these."""
    frames = []
    for number in range(draw(st.integers(1, 30))):
        kind = draw(st.sampled_from(["iteration", "loop"]))
        container = {"node_id": draw(st.sampled_from([f"{kind} 1", f"{kind} 2"])), "node_type": kind}
        word = draw(st.sampled_from(["started", "next", "completed", *["node_started"] * 4, "node_finished"]))
        index = draw(st.integers(0, 2))
        if not word.startswith("node"):
            told = {"index": index} if word == "next" else {"status": "succeeded"}
            frames.append({"event": f"{kind}_{word}", "data": {**container, **told}})
            continue
        where = draw(
            st.sampled_from([{}, {"iteration_id": "iteration 1"}, {"loop_id": "loop 1"}, {"loop_id": "loop 2"}])
        )
        both = {**where, **draw(st.sampled_from([{}, {}, {"iteration_id": "iteration 2"}]))}
        execution = number if word == "node_started" else draw(st.integers(0, number))
        ended = {"status": "succeeded", "execution_metadata": {**both, f"{kind}_index": index}}
        data = {"id": f"e{execution}", "node_id": draw(st.sampled_from("ab")), "node_type": "code", **both}
        frames.append({"event": word, "data": data if word == "node_started" else data | ended})
    return b"".join(b"data: %b\n\n" % msgspec.json.encode({**one, "workflow_run_id": "r"}) for one in frames)


def folded(body, retention):
    tap = Tap("dify", retention=retention)
    tap.observe(body)
    tap.close()
    return msgspec.structs.replace(tap.run.snapshot(), revision=0)  # who looks for a place moves things more often


def kept(nodes):
    """Return what is kept, and where it stands."""
    rounds = [[(round.index, kept(round.nodes)) for round in node.rounds] for node in nodes]
    return [(node.id, node.status, kept(node.unassigned), inside) for node, inside in zip(nodes, rounds, strict=True)]


@given(scripts(), st.sampled_from([None, 0, 3]))
@settings(max_examples=150, deadline=None)
def test_a_place_that_is_known_is_the_one_that_would_be_found(body, most):
    retention = Retention(max_executions=most)
    known = folded(body, retention)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Nesting, "as_before", lambda *_: None)
        searched = folded(body, retention)
    assert kept(searched.nodes) == kept(known.nodes)
    if most is None:  # else who moves an execution may let an empty round go on the way, which is counted
        assert searched == known


def test_an_execution_that_begins_late_keeps_no_container_that_is_over():
    """It comes when the loop is completed, and none that ended is kept."""
    loop = {"node_id": "loop 1", "node_type": "loop"}
    node = {"node_id": "b", "node_type": "code", "loop_id": "loop 1"}
    script = [
        {"event": "loop_started", "data": loop},
        {"event": "node_started", "data": {"id": "e0", **node}},
        {"event": "node_finished", "data": {"id": "e0", "status": "succeeded", **node}},
        {"event": "loop_completed", "data": {"status": "succeeded", **loop}},
        {"event": "node_started", "data": {"id": "e1", **node}},
    ]
    body = b"".join(b"data: %b\n\n" % msgspec.json.encode({**frame, "workflow_run_id": "r"}) for frame in script)
    assert [node.id for node in folded(body, Retention(max_executions=0)).nodes] == ["loop 1#1"]


def test_where_a_node_lives_its_next_execution_is():
    run, _, places = nesting()
    outer = in_round(run, places, "outer")
    assert places.as_before("outer", None, "n") is None
    places.innermost(run, "outer", None, "n", None, certain=True)
    assert places.as_before("outer", None, "n") is outer
    assert places.as_before("outer", "outer", "n") is places.as_before("outer", None, "m") is None
    in_round(run, places, "outer")
    assert places.as_before("outer", None, "n") is None  # the second one may stand in another container
