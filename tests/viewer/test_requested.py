"""Apps that are asked from the viewer, against the replay server: live, answered, stopped, and asked again."""

import errno
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from aiohttp import web

from streamkit import Tap
from streamkit.cli.asking.apps import App
from streamkit.cli.asking.targets import Question
from streamkit.errors import DifyError
from streamkit.recording import Recording
from streamkit.replay import ReplayServer
from streamkit.run import stable
from tests.integration.clients.served import serving as server_of
from tests.integration.clients.served import streamed
from tests.viewer.test_sources import beside, until
from viewer import requested
from viewer.requested import RequestSource
from viewer.stream import Watch

FIXTURES = Path(__file__).parents[2] / "fixtures"
APPROVED = ("wf_human_1_paused", "wf_human_2_resumed_approve")
STALLS = "stall-before=node_finished:Work#3"


def path_of(name):
    return FIXTURES / ("ragflow" if name.startswith("fillup") else "dify") / f"{name}.sse"


def folded(*names):
    """The run that recordings tell, one after the other."""
    run = None
    for name in names:
        tap = Tap(run=run)
        tap.feed(path_of(name).read_bytes())
        tap.close()
        run = tap.run
    return run


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(requested, "_AGAIN", 0.05)


@pytest.fixture
def found():
    made = Watch()
    yield made
    made.close()


@asynccontextmanager
async def serving(*names):
    """A server that plays recordings, the first of them to whoever asks."""
    server = ReplayServer([path_of(name) for name in names])
    with anyio.fail_after(60):
        async with server.run():
            yield server


def source_of(server, *, question=None, **how):
    kind = how.pop("kind", "dify")
    app = App(name="support", kind=kind, base=server.url, key="key-of-somebody", **how)
    return RequestSource(app, question or Question(inputs={"topic": "tea"}))


def stated(watched):
    return stable(watched.run.snapshot())


# ---- without a screen


async def test_what_a_client_reads_is_watched(found):
    async with serving("wf_iter_seq5") as server:
        source = source_of(server)
        async with beside(source, found):
            await until(lambda: found.runs and found.runs[0].run.status == "succeeded" and not found.runs[0].live)
            (watched,) = found.runs
            assert (watched.name, source.live, watched.problem) == ("support", True, None)
            assert stated(watched) == stable(folded("wf_iter_seq5").snapshot())
            assert stable(watched.at(5).snapshot()) != stated(watched)
            await until(lambda: not watched.request.goes_on)
    assert server.requests[-1].body["inputs"] == {"topic": "tea"}


@pytest.mark.parametrize("names", [APPROVED, ("wf_two_humans_1_paused", "wf_two_humans_2_long_connection")])
async def test_a_form_is_answered_and_the_same_run_goes_on(found, names):
    async with serving(*names) as server, beside(source_of(server), found):
        await until(lambda: found.runs and found.runs[0].run.status == "paused")
        watched = found.runs[0]
        for form in list(watched.run.forms):
            inputs = {told["output_variable_name"]: "fine" for told in form.inputs}
            await watched.submit(form, form.actions[0]["id"], {"inputs": inputs})
        await until(lambda: watched.run.status == "succeeded" and not watched.live)
        assert found.runs == [watched]
        assert stated(watched) == stable(folded(*names).snapshot())
        assert sum(one.method == "POST" and "form" not in one.path for one in server.requests) == 1


async def test_what_defaults_of_a_form_stand_for_is_asked(found, monkeypatch):
    from streamkit.clients.dify.answers import Form

    async def form(self, told):
        return Form(form_content="", inputs=(), user_actions=(), resolved_default_values={"comment": "as before"})

    monkeypatch.setattr("streamkit.clients.DifyClient.form", form)
    async with serving(*APPROVED) as server, beside(source_of(server), found):
        await until(lambda: found.runs and found.runs[0].defaults)
        (told,) = found.runs[0].run.forms
        assert found.runs[0].defaults == {told.form_id: {"comment": "as before"}}


async def test_a_form_whose_time_runs_out_is_followed(found):
    names = ("wf_human_timeout_1_paused", "wf_human_timeout_2_resumed")
    async with serving(*names) as server, beside(source_of(server), found):
        await until(lambda: found.runs and found.runs[0].run.status == "succeeded" and not found.runs[0].live)
        assert [form.status for form in found.runs[0].run.forms] == ["expired"]


async def test_where_a_pause_cannot_be_watched_the_answer_is_what_it_goes_on_with(found, monkeypatch):
    """Releases of Dify before 1.14 have no stream of events beside the first one."""
    from streamkit.cli.asking.dify import DifyTarget

    resume, refused = DifyTarget.resume, []

    def old(self, run, tape, *, across_pauses=False):
        if across_pauses:
            refused.append(run.id)
            raise DifyError("not_found", 404, "no such path")
        return resume(self, run, tape)

    monkeypatch.setattr(DifyTarget, "resume", old)
    async with serving(*APPROVED) as server, beside(source_of(server), found):
        await until(lambda: refused)
        (watched,) = found.runs
        (form,) = watched.run.forms
        await watched.submit(form, "approve", {"inputs": {"comment": "fine"}})
        await until(lambda: watched.run.status == "succeeded" and not watched.live)
        assert len(refused) == 1


async def test_an_agent_of_ragflow_asks_and_goes_on(found):
    names = ("fillup_1_pause", "fillup_2_resume")
    question = Question(query="trip to Oslo")
    async with (
        serving(*names) as server,
        beside(source_of(server, question=question, kind="ragflow", agent="a"), found),
    ):
        await until(lambda: found.runs and found.runs[0].run.status == "paused" and not found.runs[0].live)
        (watched,) = found.runs
        (form,) = watched.run.forms
        answer = {field["key"]: {**field, "value": field.get("value") or "by train"} for field in form.inputs}
        await watched.submit(form, "", {"inputs": answer})
        await until(lambda: watched.run.status == "succeeded" and not watched.live)
        assert found.runs == [watched]
        assert stated(watched) == stable(folded(*names).snapshot())


AGENT = (
    b'data:{"event":"node_started","message_id":"m","task_id":"t","session_id":"s","created_at":1,'
    b'"data":{"component_id":"Agent:A","component_name":"A","component_type":"Agent"}}\n\n'
    b'data:{"event":"workflow_finished","message_id":"m","task_id":"t","session_id":"s","created_at":2,'
    b'"data":{"inputs":{},"outputs":{"content":"x"},"elapsed_time":1,"created_at":2}}\n\ndata:[DONE]\n\n'
)
CALLS = {"code": 0, "data": [{"component_id": "Agent:A", "trace": [{"tool_name": "search", "elapsed_time": 0.5}]}]}


async def test_calls_of_tools_which_are_on_no_stream_are_seen(found, tmp_path):
    async def answer(request):
        return web.json_response(CALLS) if "/logs/" in request.path else await streamed(request, AGENT)

    async with server_of(answer) as server:
        source = source_of(server, question=Question(query="why?"), kind="ragflow", agent="a")
        source._record = tmp_path / "x.skrec"
        async with beside(source, found):
            await until(lambda: source.requests and source.requests[0].over.is_set())
    (watched,) = found.runs
    assert [log.label for log in watched.run.nodes[0].logs] == ["search"]
    assert Recording.load(tmp_path / "x.skrec").body == AGENT


async def test_it_is_recorded_and_what_is_asked_again_beside_it(found, tmp_path):
    async with serving("wf_iter_seq5") as server:
        source = source_of(server)
        source._record = tmp_path / "x.skrec"
        async with beside(source, found):
            await until(lambda: source.requests and not source.requests[0].goes_on)
            began = []
            again = await found.runs[0].request.repeat('{"inputs":{"topic":"coffee"}}', began.append)
        assert again is found.runs[1]
        assert began == [again]
        assert server.requests[-1].body["inputs"] == {"topic": "coffee"}
    for name in ("x.skrec", "x-2.skrec"):
        assert Recording.load(tmp_path / name).body == path_of("wf_iter_seq5").read_bytes()
        assert b"key-of-somebody" not in (tmp_path / name).read_bytes()


async def test_a_disk_that_is_full_ends_the_recording_and_not_the_run(found, tmp_path, monkeypatch):
    from streamkit.clients.tape import FileTape

    def full(self, chunk):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FileTape, "write", full)
    async with serving("wf_iter_seq5") as server:
        source = source_of(server)
        source._record = tmp_path / "x.skrec"
        async with beside(source, found):
            await until(lambda: source.requests and not source.requests[0].goes_on)
    (watched,) = found.runs
    assert watched.run.status == "succeeded"
    assert watched.problem == "not recorded any more: no space left on device"


async def test_what_cannot_be_asked_is_an_entry_that_says_why(found, tmp_path):
    app = App(name="support", kind="dify", base="http://127.0.0.1:9", key="key-of-somebody", mode="workflow")
    source = RequestSource(app, Question())
    async with beside(source, found):
        await until(lambda: source.requests and not source.requests[0].goes_on)
        (watched,) = found.runs
        assert "127.0.0.1:9" in watched.problem
        with pytest.raises(RuntimeError):
            await watched.request.stop()
        with pytest.raises(RuntimeError):
            await watched.submit(None, "", {})
        kept = tmp_path / "mine.skrec"
        kept.write_bytes(b"mine")
        source._record = tmp_path / "mine.skrec"
        source.requests.clear()
        await source.ask(Question(), lambda _: None).over.wait()
        assert found.runs[1].problem == f"{kept}: is there already"
        assert kept.read_bytes() == b"mine"


async def test_a_run_that_breaks_off_for_good_says_so(found):
    async with serving("chat_app_plain") as server:
        server.play("chat_app_plain", faults=["cut-before=message_end"])
        async with beside(source_of(server, question=Question(query="hello"), mode="chat"), found):
            await until(lambda: found.runs and not found.runs[0].live and found.runs[0].problem)
            assert found.runs[0].run.status == "interrupted"


async def test_what_somebody_makes_of_the_question_is_looked_at():
    async with serving("wf_iter_seq5") as server:
        asked = requested.Requested(
            source_of(server), Watch(), Question(query="why?", inputs={"n": [1]}), None, lambda _: None
        )
        assert asked.asked == '{"query":"why?","inputs":{"n":[1]}}'
        assert asked.problem(asked.asked) is None
        assert asked.problem("{}") is None
        assert asked.problem('{"inputs":[]}')
        assert asked.problem('{"files":[]}')
        assert asked.problem("{")


async def test_who_leaves_in_the_middle_leaves_nothing_behind(found, tmp_path):
    async with serving("wf_iter_seq5") as server:
        server.play("wf_iter_seq5", faults=[STALLS])
        source = source_of(server)
        source._record = tmp_path / "x.skrec"
        async with beside(source, found):
            await until(lambda: found.runs and "Work" in [node.title for node in found.runs[0].run.walk()])
        assert not source.requests[0].goes_on
        assert not found.runs[0].live
        kept = Recording.load(tmp_path / "x.skrec")
        assert path_of("wf_iter_seq5").read_bytes().startswith(kept.body)
        assert kept.end.reason == "cancelled"
