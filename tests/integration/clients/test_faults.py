"""Each fault of the replay server against the clients: no hang, the right status, a typed error, and never a second POST."""

from pathlib import Path

import anyio
import pytest

from streamkit import Tap
from streamkit.clients import DifyClient, ParadigmClient, Patience, RAGFlowClient
from streamkit.errors import DifyError, Interrupted, ParadigmError, RAGFlowError, Refused, ReplayError, UpstreamError
from streamkit.replay import ReplayServer
from streamkit.replay.faults import Fault
from streamkit.run import Run, stable

FIXTURES = Path(__file__).parents[3] / "fixtures"
QUICK = Patience(answer=3, silence=0.3, progress=1, linger=0.1, attempts=3, first_delay=0.001, longest_delay=0.01)
WORKFLOW, CHATFLOW, CHAT = "wf_iter_seq5", "chat_simple", "chat_app_plain"
COMPLETION = "completion_plain"
AGENT, RAG = "simple_message", "chat_kb_delta_final_reference"
MODEL, DOCUMENT = "openai_compatible", "38_lighton_chatflow_response"
CLIENTS = {"dify": DifyClient, "ragflow": RAGFlowClient, "openai": ParadigmClient, "lighton": ParadigmClient}
BREAKS = [
    "cut-after=0",
    "cut-after=1500",
    "cut-before=workflow_finished",
    "reset-after=1500",
    "stall-after=1500",
    "stall-before=workflow_finished",
]


def path_of(name: str) -> Path:
    return next(path for path in FIXTURES.rglob(f"{name}.*") if ".golden" not in path.name)


def folded(name: str) -> Run:
    tap = Tap("auto")
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
        kind = CLIENTS[path_of(self.name).relative_to(FIXTURES).parts[0]]
        self.server.add_fault(fault)
        with anyio.fail_after(60):
            async with self.server.run(), kind(self.server.url, "key", patience=patience) as client:
                self.stream = await self._ask(client)
                async with self.stream:
                    return await self.stream.finish()

    async def _ask(self, client):
        if isinstance(client, DifyClient):
            return client.stream(None if await client.mode() == "workflow" else "hello")
        if isinstance(client, ParadigmClient):
            messages = [{"role": "user", "content": "hello"}]
            return client.stream_chatflow("hello") if self.name == DOCUMENT else client.stream(messages, model="m")
        which = {"agent": "a"} if self.name == AGENT else {"chat": "c"}
        return client.stream("hello", **which)

    def posts(self) -> list[str]:
        """The POSTs that ran something."""
        runs = ("/run", "-messages", "/completions", "/chatflows/")
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


# ---- every fault, on every kind of app

APPS = [WORKFLOW, CHATFLOW, CHAT, COMPLETION, AGENT, RAG, MODEL, DOCUMENT]
RESUMED = [WORKFLOW, CHATFLOW]
"""What Dify tells again, from where it broke off or from its records."""
FAULTS = {
    "cut-after": "={half}",
    "cut-before": "={frame}",
    "stall-after": "={half}",
    "stall-before": "={frame}",
    "reset-after": "={half}",
    "reset-before": "={frame}",
    "status": "=429",
    "html": "=502",
    "slow-headers": "=30",
    "drop": "={frame}",
    "duplicate": "={frame}",
    "gzip": "",
    "content-type": "=text/plain",
}
"""Each with what it is given: half of the body, a frame in the middle of it."""
CASES = [(app, fault) for app in APPS for fault, where in FAULTS.items() if app != DOCUMENT or "frame" not in where]
"""A document has no frames."""


def test_each_fault_that_the_server_knows_is_tried():
    with pytest.raises(ReplayError) as raised:
        Fault.parse("unknown")
    assert str(raised.value).partition("is none of ")[2].split(", ") == list(FAULTS)


@pytest.mark.parametrize(("name", "fault"), CASES)
async def test_no_fault_makes_a_client_hang_or_ask_twice(name, fault):
    body = path_of(name).read_bytes()
    text = fault + FAULTS[fault].format(half=len(body) // 2, frame=max(body.count(b"\n\n") // 2, 2))
    patience = Patience(answer=0.3) if fault == "slow-headers" else QUICK
    played = Played(name)
    if (expected := raised_by(name, fault)) is not None:
        with pytest.raises(expected):
            await played.with_fault(text, patience)
    else:
        run = await played.with_fault(text, patience)
        assert run.status == status_after(name, fault)
        assert run.text or run.outputs or run.status == "interrupted"
    assert len(played.posts()) == 1


def raised_by(name: str, fault: str) -> type[UpstreamError] | None:
    if fault in ("status", "html"):
        kind = CLIENTS[path_of(name).relative_to(FIXTURES).parts[0]]
        return {DifyClient: DifyError, RAGFlowClient: RAGFlowError, ParadigmClient: ParadigmError}[kind]
    is_broken = name == DOCUMENT and fault in ("cut-after", "stall-after", "reset-after")
    return Interrupted if fault == "slow-headers" or is_broken else None


def status_after(name: str, fault: str) -> str:
    is_broken = fault.partition("-")[0] in ("cut", "stall", "reset")
    return "interrupted" if is_broken and name not in RESUMED else "succeeded"


@pytest.mark.parametrize(
    "fault", ["cut-after=900", "stall-after=900", "reset-after=900", "status=503", "slow-headers=30"]
)
async def test_an_answer_to_a_form_is_not_sent_twice(fault):
    """RAGFlow's answer is the request in which its run goes on."""
    server = ReplayServer([path_of("fillup_1_pause"), path_of("fillup_2_resume")])
    patience = Patience(answer=0.3, silence=0.3, linger=0.1)
    with anyio.fail_after(60):
        async with server.run(), RAGFlowClient(server.url, "key", patience=patience) as client:
            async with client.stream("trip to Oslo", agent="a") as stream:
                run = await stream.finish()
            answer = {field["key"]: field.get("value") or "by train" for field in run.forms[0].inputs}
            server.add_fault(fault)
            try:
                async with client.resume(run, answer, agent="a") as stream:
                    await stream.finish()
            except (Refused, Interrupted):
                assert run.status == "paused"  # as it was: the caller may ask, and nobody did
            else:
                assert run.status == "interrupted"
    assert [one.method for one in server.requests] == ["POST", "POST"]
