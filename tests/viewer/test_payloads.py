"""Payloads are where they can be read, and whoever looks at them sees what came."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.run.execution import OPEN
from tests.properties.folding import chunks_of
from tests.viewer.bodies import BODIES, RICH, frame, memory, node, state, watch, workflow
from tests.viewer.oracle import key_of
from viewer.export import EXPORTERS, export
from viewer.payloads import Held
from viewer.rows import Row
from viewer.session import Session
from viewer.stream import Watch
from viewer.yank import offers

DIFY = [name for name in RICH if watch(BODIES[name]).runs[0].run.dialect == "dify"]
SLOTS = ("inputs_json", "outputs_json", "process_data_json", "metadata_json")


def kept(each):
    return [getattr(each, slot) for slot in SLOTS]


def watched_with(most, *chunks, close=True, spool=None):
    """A run of which so many bytes of payloads are held."""
    found = Watch()
    found._held = Held(most)
    stream = found.open("body", spool or memory())
    for chunk in chunks:
        stream.feed(chunk)
    if close:
        stream.close()
    return stream.watched


def ran(*numbers, size=1000):
    """Frames of executions that end, each with inputs of a size."""
    for number in numbers:
        payload = {"inputs": {"of": "x" * size}, "outputs": {"number": number}}
        yield "node_started", node(number)
        yield "node_finished", node(number, status="succeeded", **payload)


@given(st.sampled_from(DIFY), st.lists(st.floats(0, 1), max_size=5), st.sampled_from([0, 700, 3000]))
def test_a_run_whose_payloads_were_put_by_is_as_it_was_once_they_are_fetched(name, cuts, most):
    body = BODIES[name]
    watched = watched_with(most, *chunks_of(body, cuts))
    with watched.payloads.all_of(watched.run):
        assert state(watched.run) == state(watch(body).runs[0].run)
    if not most:
        over = [each for each in watched.run.executions.values() if each.status not in OPEN]
        gone = [each for each in over if each.number not in watched._heirs]
        assert [kept(each) for each in gone] == [[None] * 4] * len(gone)


@given(st.sampled_from(DIFY))
def test_nothing_else_of_a_run_depends_on_where_payloads_are(name):
    bare, whole = (json.loads(state(watched_with(most, BODIES[name]).run)) for most in (0, 10**9))
    assert without_payloads(bare) == without_payloads(whole)


def without_payloads(told):
    """A published run without the payloads of its executions."""
    if isinstance(told, list):
        return [without_payloads(each) for each in told]
    if not isinstance(told, dict):
        return told
    gone = ("inputs", "outputs", "process_data", "metadata") if "node_id" in told else ()
    return {name: without_payloads(each) for name, each in told.items() if name not in gone}


def test_those_that_came_last_are_held():
    watched = watched_with(4000, workflow("r", *ran(*range(8))))
    assert [each.inputs_json is not None for each in watched.run.executions.values()] == [False] * 5 + [True] * 3


def test_the_runs_of_a_watch_share_the_room():
    found = Watch()
    found._held = Held(4000)
    for name in "ab":
        stream = found.open(name, memory())
        stream.feed(workflow(name, *ran(1, 2, 3)))
        stream.close()
    first, second = ([each.inputs_json is not None for each in run.run.executions.values()] for run in found.runs)
    assert (first, second) == ([False] * 3, [True] * 3)


def test_what_somebody_looks_at_stays_until_he_looks_elsewhere():
    watched = watched_with(0, workflow("r", *ran(1, 2)), close=False)
    first, second = watched.run.executions.values()
    watched.payloads.fetch(first)
    watched.feed(frame("node_finished", workflow_run_id="r", data=node(1, status="succeeded", outputs={"late": 1})))
    assert (first.outputs, second.outputs) == ({"late": 1}, None)
    watched.payloads.fetch(second)
    assert (first.outputs, second.outputs) == (None, {"number": 2})


def test_what_comes_after_payloads_were_put_by_is_read_with_them():
    watched = watched_with(0, workflow("r", *ran(1)), close=False)
    late = {"outputs": {"late": 1}, "status": "succeeded"}
    watched.feed(frame("node_finished", workflow_run_id="r", data=node(1, **late)))
    (only,) = watched.run.executions.values()
    assert kept(only) == [None] * 4
    watched.payloads.fetch(only)
    assert (only.inputs, only.outputs) == ({"of": "x" * 1000}, {"late": 1})


@pytest.mark.parametrize("name", [name for name in RICH if name.startswith("ragflow/")])
def test_where_frames_do_not_say_what_they_are_of_nothing_is_put_by(name):
    assert state(watched_with(0, BODIES[name]).run) == state(watch(BODIES[name]).runs[0].run)


def test_where_the_disk_is_full_nothing_is_put_by():
    spool = memory()
    body = workflow("r", *ran(1, 2))
    half = body.index(b'"x2"')
    watched = watched_with(0, body[:half], close=False, spool=spool)
    spool.problem = "no space left on device"
    watched.feed(body[half:])
    first, second = watched.run.executions.values()
    assert (first.outputs, second.outputs) == (None, {"number": 2})


def test_payloads_that_cannot_be_read_again_are_told_of():
    spool = memory()
    watched = watched_with(0, workflow("r", *ran(1)), spool=spool)
    spool.close()
    (only,) = watched.run.executions.values()
    watched.payloads.fetch(only)
    assert kept(only) == [None] * 4
    assert watched.problem == "not kept any more, so inputs and outputs of some executions are missing"


# ---- who looks


def test_a_session_fetches_what_it_looks_at_now_and_then():
    watched = watched_with(0, workflow("r", *ran(1, 2)))
    session = Session()
    session.take_in([watched])
    first, second = watched.run.executions.values()
    for each in (first, second):
        item, _ = session.item_of(Row(key_of(each, ()), each, 1, (), True, None))
        assert item.outputs == {"number": each.number}
    session.seek(watched.events - 1)
    item, is_of_now = session.item_of(Row(key_of(first, ()), first, 1, (), True, None))
    assert (item.outputs, is_of_now) == ({"number": 1}, False)


def test_what_is_copied_and_written_is_whole(tmp_path):
    body = BODIES["dify/wf_iter_fail_par_continue"]
    small, large = watched_with(0, body), watched_with(10**9, body)
    written = []
    for watched in (small, large):
        copied = [
            offer.text()
            for key in (("run",), *(("x", each) for each in watched.run.executions))
            for offer in offers(watched.run, key, watched.payloads.all_of)
            if offer.name == "JSON"
        ]
        path = export(watched.run, EXPORTERS["json"], tmp_path, watched.payloads.all_of)
        written.append((copied[1:], {**msgspec.json.decode(path.read_bytes()), "revision": 0}))
    assert written[0] == written[1]
    assert all(kept(each) == [None] * 4 for each in small.run.executions.values() if each.number not in small._heirs)
