"""Every fixture gives the run that its golden file says; goldens are written by `--update-golden` and read as a diff.

The files are the bytes of response bodies, `NAME.golden.json` beside each is the run after the last byte. A run that
pauses goes on in another body: chains fold several bodies into one run.
"""

from itertools import chain
from pathlib import Path

import pytest

from streamkit.dialects.base import Event, Malformed, Unknown
from streamkit.dialects.dify.events import DifyEvent
from streamkit.dialects.lighton import Chatflow
from streamkit.dialects.openai import events as openai
from streamkit.dialects.ragflow import events as ragflow
from streamkit.reader import Reader
from streamkit.run import KINDS
from tests.golden.goldens import FIXTURES, bodies, body_of, check, fold, golden_of, golden_text, has_golden, name_of

BODIES = {name_of(path): path for path in bodies()}
GOLDEN = [name for name, path in BODIES.items() if has_golden(path)]

CHAINS: dict[str, tuple[str, ...]] = {
    # A form is answered: a pause, the same run resumed, and what a late subscriber of the finished run is told.
    "dify/wf_human": ("wf_human_1_paused", "wf_human_2_resumed_approve", "wf_human_3_events_after_finish"),
    "dify/june26_wf_human": (
        "june26_wf_human_1_paused",
        "june26_wf_human_2_resumed_approve",
        "june26_wf_human_3_events_after_finish",
    ),
    # Nobody answers; in the second one the server repeats text that was already streamed.
    "dify/wf_human_timeout": ("wf_human_timeout_1_paused", "wf_human_timeout_2_resumed"),
    "dify/june26_chat_human_timeout": ("june26_chat_human_timeout_1_paused", "june26_chat_human_timeout_2_resumed"),
    # Two forms, two pauses: the second body is one long connection with a snapshot, a resume, a pause and a resume.
    "dify/wf_two_humans": ("wf_two_humans_1_paused", "wf_two_humans_2_long_connection"),
    "dify/june26_wf_two_humans": ("june26_wf_two_humans_1_paused", "june26_wf_two_humans_2_long_connection"),
    # A connection is cut, the next one begins with a snapshot, and the finished run is told once more.
    "dify/synthetic/reconnect": ("reconnect_1_cut", "reconnect_2_snapshot", "reconnect_3_replay"),
    # RAGFlow: a form is answered; the older server says workflow_started again.
    "ragflow/fillup": ("fillup_1_pause", "fillup_2_resume"),
    "ragflow/v0221_fillup": ("v0221_fillup_1_pause", "v0221_fillup_2_resume"),
    # Two pauses inside one Loop.
    "ragflow/protocol/15_agent_loop_hitl": (
        "15a_agent_loop_hitl_pause",
        "15b_agent_loop_hitl_resume_and_pause_again",
        "15c_agent_loop_hitl_resume_finish",
    ),
}
"""Bodies of one run, in order; the name of the golden run that they give together."""


NOT_SEEN: set[type[Event]] = {ragflow.NodeLogs, ragflow.AgentAnswer, openai.ChatCompletion, openai.Error}
"""Events that no fixture holds: known from source alone; unit tests make them up."""


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return request.config.getoption("--update-golden")


@pytest.mark.parametrize("name", GOLDEN)
def test_a_body_gives_its_golden_run(name, update):
    check(golden_of(name), golden_text(fold([BODIES[name]])), update=update)


@pytest.mark.untraced
@pytest.mark.parametrize("name", BODIES)
def test_a_body_gives_the_same_run_in_pieces(name):
    assert golden_text(fold([BODIES[name]], size=61)) == golden_text(fold([BODIES[name]]))


@pytest.mark.parametrize("name", CHAINS)
def test_the_bodies_of_one_run_give_its_golden_run(name, update):
    check(golden_of(name), golden_text(fold(paths_of(name))), update=update)


def paths_of(chain_name):
    folder = Path(chain_name).parent
    return [BODIES[str(folder / part)] for part in CHAINS[chain_name]]


def test_no_golden_run_is_left_over(update):
    left_over = set(FIXTURES.rglob("*.golden.json")) - {golden_of(name) for name in (*GOLDEN, *CHAINS)}
    for path in left_over if update else ():
        path.unlink()
    assert update or not left_over


# ---- what the fixtures cover


@pytest.fixture(scope="module")
def records():
    """Every record of every fixture."""
    return [record for path in BODIES.values() for record in read(body_of(path))]


def read(body):
    reader = Reader("auto")
    return list(chain(reader.feed(body), reader.close()))


def leaves(event):
    """The events below a root: what occurs on the wire, or a document that extends a chunk."""
    return {below for child in event.__subclasses__() for below in (child, *leaves(child))}


def test_every_event_occurs_in_a_fixture(records):
    roots = (DifyEvent, ragflow.RagflowEvent, openai.OpenAIEvent)
    events: set[type[Event]] = {Unknown, Malformed, Chatflow}.union(*map(leaves, roots))
    seen = {type(record.event) for record in records}
    assert seen <= events
    assert events - seen == NOT_SEEN


def test_every_anomaly_occurs_in_a_golden_run():
    """But those that need a lower limit than a fixture can set, and our own failure."""
    runs = [fold([path]) for path in BODIES.values()] + [fold(paths_of(name)) for name in CHAINS]
    seen = {kind for run in runs for kind in run.anomaly_counts}
    assert KINDS.keys() - seen == {"body-too-large", "frame-too-large", "observer-error"}
