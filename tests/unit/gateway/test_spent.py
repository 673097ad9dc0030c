"""What each body spent, so that the sum over all bodies of a run is what the engine recorded."""

from decimal import Decimal

import pytest

from streamkit import Run, Tap
from streamkit.gateway.spent import Spent
from tests.golden.test_golden_runs import CHAINS
from tests.unit.gateway.sites import recording

ENGINE = {
    # The engine's own totals of these runs, as its database had them.
    "dify/wf_human": 0,
    "dify/june26_wf_human": 0,
    "dify/wf_human_timeout": 0,
    "dify/june26_chat_human_timeout": 21,
    "dify/wf_two_humans": 0,
    "dify/june26_wf_two_humans": 0,
}


def spent(body, run=None, *, resumes=False, counts=True):
    """Fold a body; return what it spent, and the run."""
    tap = Tap("auto", run=run)
    if resumes and run is None:
        tap.run.continue_unseen()
    found = Spent(tap.run, resumes=resumes, counts=counts)
    tap.feed(body)
    tap.close()
    return found, tap.run


def bodies(chain):
    folder = chain.partition("/")[0]
    return [recording(f"{folder}/{part}") for part in CHAINS[chain]]


def with_tokens(body, tokens):
    """The same body, of a run whose server says that it spent so much in all."""
    return body.replace(b'"total_tokens":0', b'"total_tokens":%d' % tokens).replace(
        b'"total_tokens": 0', b'"total_tokens": %d' % tokens
    )


@pytest.mark.parametrize("chain", ENGINE)
def test_the_sum_over_one_process_is_the_engines(chain):
    run, total = None, 0
    for number, body in enumerate(bodies(chain)):
        found, run = spent(body, run, resumes=number > 0)
        total += found.tokens
        assert found.index == number
    assert total == ENGINE[chain]


@pytest.mark.parametrize("chain", ENGINE)
@pytest.mark.parametrize("places", [(0, 1, 0), (0, 1, 2), (0, 0, 1), (0, 1, 1)], ids=str)
def test_the_sum_over_several_processes_is_the_engines(chain, places):
    """Each process knows the bodies that passed it, and no others."""
    known, total = {}, 0
    for number, body in enumerate(bodies(chain)):
        place = places[number]
        found, known[place] = spent(body, known.get(place), resumes=number > 0)
        total += found.tokens
    assert total == ENGINE[chain]


@pytest.mark.parametrize("places", [(0, 0, 0), (0, 1, 0), (0, 1, 2), (0, 1, 1)], ids=str)
def test_a_total_that_the_server_tells_again_is_not_spent_again(places):
    """A chatflow that spent 21 tokens before it paused; then 9 more; then its end is told once more."""
    paused, resumed = bodies("dify/june26_chat_human_timeout")
    node = (
        b'data: {"event":"node_finished","workflow_run_id":"16677147-2c17-4a9f-86ef-7cb6a9f74fef","data":{"id":"later",'
        b'"node_id":"llm2","node_type":"llm","title":"LLM 2","status":"succeeded","outputs":{},'
        b'"execution_metadata":{"total_tokens":9,"total_price":"0.9","currency":"USD"}}}\n\n'
    )
    start = resumed.index(b'data: {"event":"workflow_finished"')
    resumed = resumed[:start] + node + resumed[start:].replace(b'"total_tokens":21', b'"total_tokens":30')
    end = resumed[resumed.index(b'data: {"event":"workflow_finished"') :]
    known, total, cost = {}, 0, Decimal(0)
    for number, (body, place) in enumerate(zip([paused, resumed, end], places, strict=True)):
        found, known[place] = spent(body, known.get(place), resumes=number > 0)
        total += found.tokens
        cost += found.cost.get("USD", Decimal(0))
    assert total == 30
    assert cost == Decimal("0.00012") + Decimal("0.9")
    assert not found.ends_run  # the last body told the end again


def test_an_app_without_nodes_has_spent_what_its_server_says():
    found, run = spent(recording("dify/chat_app_plain"))
    assert found.tokens == run.usage.total_tokens > 0
    assert (found.source, found.cost, found.ends_run) == ("server", run.usage.cost, True)


def test_a_pause_is_no_end():
    found, _ = spent(recording("dify/wf_human_1_paused"))
    assert not found.ends_run


def test_a_body_beside_another_of_its_run_counts_nothing():
    found, _ = spent(recording("dify/chat_app_plain"), counts=False)
    assert (found.tokens, found.source, found.cost, found.ends_run) == (0, "elsewhere", {}, False)


def test_what_did_not_fit_is_counted_by_body():
    run = Run("dify")
    run.report("bad-utf8", "")
    found, run = spent(b'data: {"event":"novel","task_id":"t"}\n\n', run)
    assert found.anomalies == {"unknown-event": 1}


def test_before_anything_came_nothing_is_known():
    assert Spent(Run("dify")).tokens == 0
