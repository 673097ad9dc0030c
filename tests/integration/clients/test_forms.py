"""Forms, end to end: a run pauses, its form is answered through the client, and it goes on as the same run."""

from pathlib import Path

import anyio
import pytest
from aiohttp import web

from streamkit import Tap
from streamkit.clients import DifyClient, Patience, RAGFlowClient
from streamkit.errors import DifyError, Interrupted
from streamkit.replay import ReplayServer
from streamkit.run import Run, stable
from tests.integration.clients.served import serving

FIXTURES = Path(__file__).parents[3] / "fixtures"
QUICK = Patience(linger=0.1, attempts=3, first_delay=0.001)


def path_of(name: str) -> Path:
    return FIXTURES / ("dify" if name.startswith(("wf", "chat", "june26")) else "ragflow") / f"{name}.sse"


def folded(*names: str) -> Run:
    run = None
    for name in names:
        tap = Tap(run=run)
        tap.feed(path_of(name).read_bytes())
        tap.close()
        run = tap.run
    return run


async def begin(client: DifyClient) -> Run:
    async with client.stream(None if await client.mode() == "workflow" else "hello") as stream:
        return await stream.finish()


@pytest.mark.parametrize(
    "names",
    [
        ("wf_human_1_paused", "wf_human_2_resumed_approve"),
        ("june26_wf_human_1_paused", "june26_wf_human_2_resumed_approve"),
        ("wf_two_humans_1_paused", "wf_two_humans_2_long_connection"),
    ],
)
async def test_a_run_pauses_is_answered_and_goes_on(names):
    server = ReplayServer([path_of(name) for name in names])
    with anyio.fail_after(60):
        async with server.run(), DifyClient(server.url, "key", user="ada", patience=QUICK) as client:
            run = await begin(client)
            assert run.status == "paused"
            for form in run.forms:
                shown = await client.form(form)
                assert shown.user_actions == tuple(form.actions)
                inputs = {told["output_variable_name"]: "fine" for told in form.inputs}
                await client.submit_form(form, form.actions[0]["id"], inputs)
            async with client.resume(run) as stream:
                await stream.finish()
    assert run.status == "succeeded"
    assert [form.status for form in run.forms] == ["submitted"] * len(run.forms)
    assert stable(run.snapshot()) == stable(folded(*names).snapshot())


@pytest.mark.parametrize("name", ["wf_human_timeout", "june26_chat_human_timeout"])
async def test_a_form_whose_time_runs_out_is_followed(name):
    """Nobody answers: whoever watches sees the branch of the timeout."""
    names = (f"{name}_1_paused", f"{name}_2_resumed")
    server = ReplayServer([path_of(part) for part in names])
    with anyio.fail_after(60):
        async with server.run(), DifyClient(server.url, "key", patience=QUICK) as client:
            run = await begin(client)
            async with client.resume(run, across_pauses=True) as stream:
                await stream.finish()
    assert run.status == "succeeded"
    assert [form.status for form in run.forms] == ["expired"]
    assert stable(run.snapshot()) == stable(folded(*names).snapshot())


async def test_what_cannot_be_answered_is_refused_with_its_reason():
    server = ReplayServer([path_of("wf_human_1_paused"), path_of("wf_human_2_resumed_approve")])
    async with server.run(), DifyClient(server.url, "key", patience=QUICK) as client:
        run = await begin(client)
        (form,) = run.forms
        with pytest.raises(DifyError) as raised:
            await client.submit_form(form, "neither")
        assert raised.value.code == "invalid_form_data"
        assert not client.is_answered(run)
        await client.submit_form(form, "approve")
        with pytest.raises(DifyError) as raised:
            await client.submit_form(form, "reject")
        assert (raised.value.code, raised.value.status) == ("human_input_form_submitted", 412)
        with pytest.raises(DifyError) as raised:
            await client.submit_form("no-such-token", "approve")
        assert raised.value.status == 404
        assert "no-such-token" not in str(raised.value)


async def hang(request):
    await anyio.sleep_forever()


async def cut(request):
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "20"})
    await response.prepare(request)
    request.transport.close()
    return response


async def fail(request):
    return web.json_response({"code": "internal_server_error", "message": "oops", "status": 500}, status=500)


@pytest.mark.parametrize(("answer", "kind"), [(hang, Interrupted), (cut, Interrupted), (fail, DifyError)])
async def test_an_answer_of_which_nobody_knows_whether_it_came_is_not_sent_again(answer, kind):
    """The form takes one: a second one would be refused, or press another button."""
    async with (
        serving(answer) as served,
        DifyClient(served.url, "key", patience=Patience(answer=0.2)) as client,
    ):
        with pytest.raises(kind):
            await client.submit_form("token", "approve")
    assert served.asked == [("POST", "/v1/form/human_input/token")]


async def test_a_run_is_joined_by_its_id():
    """Somebody else began it: its snapshot says how it stands."""
    server = ReplayServer([path_of("wf_human_1_paused"), path_of("wf_human_2_resumed_approve")])
    async with server.run(), DifyClient(server.url, "key", patience=QUICK) as client:
        begun = await begin(client)
        await client.submit_form(begun.forms[0], "approve")
        async with client.resume(begun.id) as stream:
            run = await stream.finish()
    assert run is not begun
    assert (run.id, run.status) == (begun.id, "succeeded")


async def test_the_server_may_say_for_a_moment_that_it_still_waits():
    """The worker that goes on with a run has not begun when its events are asked for."""
    paused, resumed = path_of("wf_human_1_paused"), path_of("wf_human_2_resumed_approve")
    server = ReplayServer([paused, resumed])
    async with server.run(), DifyClient(server.url, "key", patience=QUICK) as client:
        run = await begin(client)
        await client.submit_form(run.forms[0], "approve")
        server.play("wf_human_2_resumed_approve", faults=["cut-before=human_input_form_filled"])
        async with client.resume(run) as stream:
            await stream.finish()
    assert run.status == "succeeded"


async def test_an_agent_of_ragflow_asks_and_goes_on():
    names = ("fillup_1_pause", "fillup_2_resume")
    server = ReplayServer([path_of(name) for name in names])
    with anyio.fail_after(60):
        async with server.run(), RAGFlowClient(server.url, "key", patience=QUICK) as client:
            async with client.stream("trip to Oslo", agent="a") as stream:
                run = await stream.finish()
            assert run.status == "paused"
            (form,) = run.forms
            answer = {field["key"]: field.get("value") or "by train" for field in form.inputs}
            async with client.resume(run, answer, agent="a") as stream:
                await stream.finish()
    assert run.status == "succeeded"
    assert stable(run.snapshot()) == stable(folded(*names).snapshot())
    assert [one.method for one in server.requests] == ["POST", "POST"]
