"""Each fault of the replay server against the clients: no hang, the right status, a typed error, and never a second POST."""

from pathlib import Path

import anyio
import pytest

from streamkit import Tap
from streamkit.clients import DifyClient, Patience, RAGFlowClient
from streamkit.errors import DifyError, Interrupted, RAGFlowError
from streamkit.replay import ReplayServer
from streamkit.run import Run, stable

FIXTURES = Path(__file__).parents[3] / "fixtures"
QUICK = Patience(answer=3, silence=0.3, progress=1, linger=0.1, attempts=3, first_delay=0.001, longest_delay=0.01)
WORKFLOW, CHATFLOW, CHAT = "wf_iter_seq5", "chat_simple", "chat_app_plain"
AGENT, RAG = "simple_message", "chat_kb_delta_final_reference"
BREAKS = [
    "cut-after=0",
    "cut-after=1500",
    "cut-before=workflow_finished",
    "reset-after=1500",
    "stall-after=1500",
    "stall-before=workflow_finished",
]


def path_of(name: str) -> Path:
    return next(path for vendor in ("dify", "ragflow") for path in [FIXTURES / vendor / f"{name}.sse"] if path.exists())


def folded(name: str) -> Run:
    tap = Tap()
    tap.feed(path_of(name).read_bytes())
    tap.close()
    return tap.run


class Played:
    """What came of a run with a fault."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.server = ReplayServer([path_of(name)])
        self.stream = None

    async def with_fault(self, fault: str, patience: Patience = QUICK) -> Run:
        kind = DifyClient if path_of(self.name).parts[-2] == "dify" else RAGFlowClient
        self.server.add_fault(fault)
        with anyio.fail_after(15):
            async with self.server.run(), kind(self.server.url, "key", patience=patience) as client:
                self.stream = await self._ask(client)
                async with self.stream:
                    return await self.stream.finish()

    async def _ask(self, client):
        if isinstance(client, DifyClient):
            return client.stream(None if await client.mode() == "workflow" else "hello")
        which = {"agent": "a"} if self.name == AGENT else {"chat": "c"}
        return client.stream("hello", **which)

    def posts(self) -> list[str]:
        """The POSTs that ran something."""
        runs = ("/run", "-messages", "/completions")
        return [one.path for one in self.server.requests if one.method == "POST" and one.path.endswith(runs)]


# ---- a broken Dify run continues by its events, and ends whole


@pytest.mark.parametrize("fault", BREAKS[1:])
@pytest.mark.parametrize("name", [WORKFLOW, CHATFLOW])
async def test_a_broken_run_of_a_workflow_ends_whole(name, fault):
    played = Played(name)
    run = await played.with_fault(f"{fault},times=1")
    whole = folded(name)
    assert run.status == whole.status == "succeeded"
    assert run.text == whole.text
    assert [(node.node_id, node.status) for node in run.walk()] == [
        (node.node_id, node.status) for node in whole.walk()
    ]
    assert played.stream.broken is not None
    assert played.stream.reconnects == 1
    assert len(played.posts()) == 1


async def test_a_run_that_breaks_off_before_it_is_named_cannot_be_found_again():
    played = Played(WORKFLOW)
    run = await played.with_fault("cut-after=0,times=1")
    assert run.status == "interrupted"
    assert run.id is None
    assert len(played.posts()) == 1


async def test_a_run_of_which_every_body_breaks_off_is_told_by_the_server_s_record():
    played = Played(WORKFLOW)
    run = await played.with_fault("cut-before=workflow_finished")
    asked = [one.path.partition("?")[0] for one in played.server.requests]
    assert len([path for path in asked if path.endswith("/events")]) == QUICK.attempts
    assert asked[-1] == f"/v1/workflows/run/{run.id}"
    assert run.status == "succeeded"
    assert run.outputs == folded(WORKFLOW).outputs
    assert len(played.posts()) == 1


# ---- what has no events ends interrupted


@pytest.mark.parametrize("fault", ["cut-after=900", "reset-after=900", "stall-after=900"])
@pytest.mark.parametrize("name", [CHAT, AGENT, RAG])
async def test_a_run_that_cannot_be_gone_on_with_is_interrupted(name, fault):
    played = Played(name)
    run = await played.with_fault(fault)
    assert run.status == "interrupted"
    assert played.stream.broken is not None
    assert played.stream.reconnects == 0
    assert len(played.posts()) == 1


# ---- refusals and pages


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
@pytest.mark.parametrize(("name", "kind"), [(WORKFLOW, DifyError), (CHAT, DifyError), (AGENT, RAGFlowError)])
async def test_a_refusal_is_raised_with_its_status(name, kind, status):
    played = Played(name)
    with pytest.raises(kind) as raised:
        await played.with_fault(f"status={status}")
    assert raised.value.status in (status, 200)  # RAGFlow refuses with 200, too
    assert raised.value.message
    assert len(played.posts()) == 1


@pytest.mark.parametrize("status", [502, 504])
async def test_the_page_of_a_proxy_is_raised_with_its_status(status):
    played = Played(WORKFLOW)
    with pytest.raises(DifyError) as raised:
        await played.with_fault(f"html={status}")
    assert (raised.value.code, raised.value.status) == ("", status)
    assert "<" not in raised.value.message
    assert len(played.posts()) == 1


# ---- what proxies do to streams


@pytest.mark.parametrize(
    "fault", ["gzip", "content-type=text/plain", "content-type=application/json", "slow-headers=0.2"]
)
@pytest.mark.parametrize("name", [WORKFLOW, CHAT, AGENT, RAG])
async def test_what_a_proxy_does_to_a_stream_does_not_matter(name, fault):
    played = Played(name)
    run = await played.with_fault(fault)
    assert stable(run.snapshot()) == stable(folded(name).snapshot())
    assert len(played.posts()) == 1


async def test_headers_that_come_too_late_leave_it_open_what_the_server_does():
    played = Played(WORKFLOW)
    with pytest.raises(Interrupted, match="no answer in time"):
        await played.with_fault("slow-headers=30", Patience(answer=0.2))
    assert len(played.posts()) == 1


@pytest.mark.parametrize(
    "fault", ["drop=node_finished#1", "duplicate=node_started#1", "drop=message#2", "duplicate=message#1"]
)
async def test_frames_that_are_lost_or_come_twice_break_nothing(fault):
    played = Played(CHATFLOW)
    run = await played.with_fault(fault)
    assert run.status == "succeeded"
    assert len(played.posts()) == 1
