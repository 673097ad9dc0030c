"""Every recording, streamed through a client: the same events, and the same run as of the file."""

import hashlib
from pathlib import Path

import anyio
import pytest

from streamkit import Tap
from streamkit.clients import DifyClient, ParadigmClient, Patience, RAGFlowClient
from streamkit.clients.client import Client
from streamkit.errors import RAGFlowError
from streamkit.recording import Recording
from streamkit.replay import ReplayServer
from streamkit.run import Run, stable
from streamkit.testing import recordings

FIXTURES = Path(__file__).parents[3] / "fixtures"
QUICK = Patience(linger=0.2, attempts=1)


def is_a_body(path: Path) -> bool:
    return path.suffix == ".sse" or (path.suffix == ".json" and not path.name.endswith(".golden.json"))


REFUSED = "missing_agent_json_not_sse"
"""RAGFlow's 200 with a JSON that says no: an exception, and no run."""

NO_RUNS = {REFUSED, "36_http200_json_error_instead_of_sse", "agent-unknown"}
OF_A_CONSOLE = {"datasource_failed", "21_pipeline_datasource_node_run"}
"""Of a data source: the console runs them, and no path of the service API does."""
OTHER_DOORS = ("/v1/canvas/", "/api/v1/chatbots/", "/v1/workflow/")
"""Paths of recordings that belong to web pages and take no API key, or on which a run only goes on: see `test_forms`."""

VENDORS = ("dify", "ragflow", "openai", "lighton")
PLAIN = [path for vendor in VENDORS for path in sorted((FIXTURES / vendor).rglob("*")) if is_a_body(path)]
BUNDLED = [
    bundled.path
    for vendor in ("dify", "ragflow", "openai")
    for bundled in recordings(vendor)
    if not (bundled.recording.header.source.url or "").startswith(OTHER_DOORS)
]
FILES = [path for path in [*PLAIN, *BUNDLED] if path.name.partition(".")[0] not in NO_RUNS | OF_A_CONSOLE]


def name_of(path: Path) -> str:
    """A name that no other recording has: a server knows a recording by the stem of its file."""
    return f"{path.name.partition('.')[0]}-{hashlib.sha256(str(path).encode()).hexdigest()[:6]}"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    return ReplayServer([link(path, folder) for path in FILES])


def link(path: Path, folder: Path) -> Path:
    """Give a recording its own name."""
    named = folder / f"{name_of(path)}.skrec"
    named.symlink_to(path)
    return named


def client_of(run: Run, url: str, name: str) -> Client:
    if run.dialect == "dify":
        return DifyClient(url, name, patience=QUICK)
    if run.dialect == "ragflow":
        return RAGFlowClient(url, name, patience=QUICK)
    return ParadigmClient(url, name, patience=QUICK)


async def stream_of(client: Client, run: Run, recording: Recording | None = None):
    """Ask for a run as it was asked for when it was recorded, where that is known."""
    asked = dict(recording.header.request.body or {}) if recording and recording.header else {}
    if isinstance(client, DifyClient):
        query = None if await client.mode() == "workflow" else asked.get("query") or "hello"
        return client.stream(query, inputs=asked.get("inputs") or {})
    if isinstance(client, ParadigmClient):
        is_chatflow = run.dialect == "lighton"
        messages = [{"role": "user", "content": "hello"}]
        return client.stream_chatflow("hello") if is_chatflow else client.stream(messages, model="m")
    which = {"agent": "a"} if run.mode == "agent" else {"chat": "c"}
    inputs = {"inputs": asked["inputs"]} if asked.get("inputs") else {}
    question = asked.get("question") or asked.get("query") or ""
    return client.stream(question, options=asked, **inputs, **which)


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-3:]))
async def test_a_client_sees_what_the_file_holds(path, server, tmp_path):
    recording = Recording.load(path)
    tap = Tap("auto")
    events = tap.feed(recording.body) + tap.close()
    if tap.run.dialect == "ragflow" or tap.run.status == "interrupted":  # told ones share sessions, and ids of runs
        server = ReplayServer([link(path, tmp_path)])
    server.reset()
    async with server.run():
        with anyio.fail_after(60):
            async with (
                client_of(tap.run, server.url, name_of(path)) as client,
                await stream_of(client, tap.run, recording) as stream,
            ):
                seen = [event async for event in stream]
    assert name_of(path) in [entry.recording for entry in server.requests]
    assert seen[: len(events)] == events
    assert stable(stream.run.snapshot()) == stable(tap.run.snapshot())


async def test_a_refusal_that_looks_like_success_is_an_exception():
    server = ReplayServer([FIXTURES / "ragflow" / f"{REFUSED}.sse"])
    async with server.run(), RAGFlowClient(server.url, "key") as client:
        with pytest.raises(RAGFlowError) as raised:
            async with client.stream("hello", agent="none"):
                pass
    assert (raised.value.code, raised.value.status) == ("103", 200)


@pytest.mark.parametrize("chunk_size", [1, 7, "random:1"])
@pytest.mark.parametrize("name", ["chat_ifelse", "wf_iter_seq5"])
async def test_however_a_network_cuts_it(name, chunk_size):
    path = FIXTURES / "dify" / f"{name}.sse"
    tap = Tap()
    tap.feed(path.read_bytes())
    tap.close()
    server = ReplayServer([path], chunk_size=chunk_size)
    async with (
        server.run(),
        DifyClient(server.url, "key", patience=QUICK) as client,
        await stream_of(client, tap.run) as stream,
    ):
        run = await stream.finish()
    assert stable(run.snapshot()) == stable(tap.run.snapshot())


async def test_what_a_client_records_is_what_the_server_played(tmp_path):
    path = FIXTURES / "dify" / "chat_unicode.sse"
    server = ReplayServer([path])
    async with (
        server.run(),
        DifyClient(server.url, "app-0123456789abcdefgh", patience=QUICK) as client,
        client.stream("hello", record=tmp_path / "x.skrec") as stream,
    ):
        await stream.finish()
    recording = Recording.load(tmp_path / "x.skrec")
    assert recording.body == path.read_bytes()
    assert recording.is_timed
    assert recording.end.reason == "eof"
    assert b"app-0123456789abcdefgh" not in (tmp_path / "x.skrec").read_bytes()


@pytest.mark.parametrize("name", ["chat_simple", "wf_text_chunk", "completion_plain"])
async def test_one_request_gives_the_run_without_its_nodes(name):
    """Blocking mode: the answer is the same, and what the server does not tell of is missing."""
    path = FIXTURES / "dify" / f"{name}.sse"
    tap = Tap()
    tap.feed(path.read_bytes())
    tap.close()
    server = ReplayServer([path])
    async with server.run(), DifyClient(server.url, "key") as client:
        run = await client.run(None if await client.mode() == "workflow" else "hello")
    assert run.status == tap.run.status
    assert (run.text == tap.run.text) if run.mode != "workflow" else (run.outputs == tap.run.outputs)
