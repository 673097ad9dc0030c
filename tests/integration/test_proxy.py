"""The proxy between a replay server and a client: every recording, every fault, many at once, a run in several bodies."""

import asyncio
import gzip
import json
import os
import resource
import sys
from contextlib import ExitStack, asynccontextmanager
from decimal import Decimal
from operator import itemgetter
from pathlib import Path

import aiohttp
import msgspec
import pytest
from yarl import URL

from streamkit import Tap
from streamkit.gateway.flight import FlightRecorder
from streamkit.gateway.listed import Bodies
from streamkit.gateway.proxy import Proxy
from streamkit.gateway.replayed import replayed
from streamkit.gateway.server import Address, listening
from streamkit.gateway.settings import Settings
from streamkit.gateway.shelf import SPOOL, Limits
from streamkit.gateway.spool import Spools
from streamkit.gateway.store import Store
from streamkit.gateway.tailing import Tails
from streamkit.gateway.told import Lines
from streamkit.recording import Recording, Redactor
from streamkit.replay import ReplayServer
from streamkit.replay.faults import _WORDS
from streamkit.replay.trying import example_of
from streamkit.run import stable

FIXTURES = Path(__file__).parents[2] / "fixtures"
VENDORS = ("dify", "ragflow", "openai", "lighton", "hostile")
KEY = "app-AbCdEfGhIjKlMnOpQrSt"


class Behind:
    """A proxy before a server, with what it told and kept."""

    def __init__(self, server, proxy, url, lines, bodies=None, tails=None):
        self.server = server
        self.proxy = proxy
        self.url = url
        self.lines = lines
        self._bodies = bodies
        self._tails = tails

    async def told(self):
        """What the admin listener tells of the last body, with what was said."""
        await self._tails.catch_up()
        return await replayed(self._bodies.all()[-1:])


@asynccontextmanager
async def behind(server, record=None, **settings):
    """A proxy before a replay server; records everything where it is told to."""
    lines, bodies, tails = [], Bodies(), None
    listeners = [bodies, Lines(lambda line: lines.append(json.loads(line)))]
    with ExitStack() as stack:
        flight = FlightRecorder() if record else None
        if flight is not None:
            spools = stack.enter_context(Spools(record / SPOOL, retain=1, limits=Limits(str(record), 1 << 30, 1e9)))
            listeners, tails = [flight, *listeners, spools], Tails(spools)
        async with server.run():
            upstream = URL(server.url)
            async with (
                Proxy(Settings(upstream=upstream, **settings), listeners=tuple(listeners)) as proxy,
                listening(proxy.application(), Address("127.0.0.1", 0)) as front,
            ):
                yield Behind(server, proxy, f"http://{front.address}", lines, bodies, tails)
        if flight is not None:
            flight.close()


async def fetched(client, url, example, **headers):
    """What a client gets, decoded."""
    headers = {"Authorization": f"Bearer {example.key or KEY}", **headers}
    async with client.request(example.method, url + example.path, json=example.body, headers=headers) as answer:
        return await answer.read()


def run_of(body):
    tap = Tap()
    tap.feed(body)
    tap.close()
    return tap.run


def inspected(body):
    """What `inspect --stable` says of a body, but for who asked: a proxy knows that from the request."""
    return known(run_of(body).snapshot())


def known(state):
    return {**stable(state), "user": None, "app": None}


def written(state):
    """A state as JSON: states have no order of their own."""
    return msgspec.json.encode(state, order="sorted")


def redacted(body):
    redactor = Redactor()
    return redactor.feed(body) + redactor.close()


# ---- every recording


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    "chunks",
    [pytest.param(None, id="as recorded"), pytest.param("random:6", id="at random", marks=pytest.mark.untraced)],
)
async def test_every_recording_passes_unchanged_is_known_and_is_recorded(vendor, chunks, tmp_path):
    server = ReplayServer([FIXTURES / vendor], chunk_size=chunks)
    wrong, meant = [], []
    async with behind(server, tmp_path) as site, aiohttp.ClientSession() as client:
        for take in server.takes:
            before = len(site.lines)
            site.proxy.store = Store()  # each recording by itself, also those that go on with another one
            body = await fetched(client, site.url, example_of(take, server.library))
            if body != take.body:
                wrong.append((take.name, "the bytes"))
            if len(site.lines) != before + 1:
                wrong.append((take.name, "was not told"))
            elif (fault := unlike(site.lines[-1], run_of(take.body))) is not None:
                wrong.append((take.name, fault, site.lines[-1]))
            meant.append(inspected(redacted(take.body)))
            if known(await site.told()) != meant[-1]:
                wrong.append((take.name, "its state"))
    kept = {path.relative_to(tmp_path): Recording.load(path) for path in tmp_path.glob("20*/*/*.skrec")}
    of_files = sorted(written(inspected(one.body)) for one in kept.values())
    assert of_files == sorted(map(written, meant))
    wrong += [(str(name), "its end") for name, one in kept.items() if one.end is None or one.end.reason != "eof"]
    assert wrong == []
    assert len(kept) == len(server.takes)
    assert {line["recording"] for line in site.lines} - {None} <= set(map(str, kept))


def unlike(line, run):
    """Return what a line says otherwise than the run of the body alone; None if nothing."""
    said = (line["dialect"], line["status"], line["mode"], line["run_id"], line["events"])
    meant = (run.dialect, run.status, run.mode, run.id, sum(run.events.values()))
    return None if said == meant else f"{said} is not {meant}"


async def test_a_body_of_single_bytes_passes_and_is_known():
    server = ReplayServer([FIXTURES / "dify" / "wf_parallel3.sse"], chunk_size=1)
    async with behind(server) as site, aiohttp.ClientSession() as client:
        assert await fetched(client, site.url, example_of(server.takes[0], server.library)) == server.takes[0].body
        assert unlike(site.lines[0], run_of(server.takes[0].body)) is None


# ---- many at once


MEMORY = 250 * 1024
"""Bytes of one stream that is open, with its share of the recorder: 83 to 154 KiB here."""


class Alone:
    """A proxy that is a process of its own."""

    def __init__(self, process, folder):
        self._process = process
        self.url = json.loads((folder / "ready").read_text())["url"]
        self.folder = folder

    @property
    def memory(self):
        """The memory that it has now, in bytes; None where the system does not tell."""
        told = Path(f"/proc/{self._process.pid}/statm")
        return int(told.read_text().split()[1]) * resource.getpagesize() if told.exists() else None

    async def end(self):
        """End it; return its lines and its recordings."""
        self._process.terminate()
        assert await self._process.wait() == 0
        lines = [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]
        return lines, [Recording.load(path) for path in (self.folder / "runs").glob("20*/*/*.skrec")]


@asynccontextmanager
async def alone(server, folder):
    """Before a replay server, with a recorder."""
    files = ["--log", folder / "log", "--ready-file", folder / "ready", "--record", folder / "runs"]
    command = ["proxy", "--upstream", server.url, "--listen", "127.0.0.1:0", *map(str, files)]
    environment = os.environ | {"PYTHONPATH": str(FIXTURES.parent)}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "streamkit", *command, env=environment)
    try:
        while not (folder / "ready").exists():
            assert process.returncode is None
            await asyncio.sleep(0.01)
        yield Alone(process, folder)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.untraced
async def test_500_streams_at_once_lose_nothing_mix_up_nothing_and_stay_small(tmp_path):
    """Each stream has ids of its own, and all of them are in the middle at the same time."""
    name = "wf_iter_par10x4"
    server = ReplayServer([FIXTURES / "dify" / f"{name}.sse"], fresh_ids=7, chunk_size=2_000)
    example = example_of(server.takes[0], server.library)
    plays = [server.play(name, hold_before="workflow_finished") for _ in range(500)]
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        server.run(),
        alone(server, tmp_path) as site,
        aiohttp.ClientSession(connector=connector) as client,
    ):
        before = site.memory
        asking = [asyncio.ensure_future(fetched(client, site.url, example)) for _ in plays]
        for play in plays:
            await play.reached()
        grown = site.memory - before if before is not None else 0
        for play in plays:
            play.release()
        bodies = await asyncio.gather(*asking)
        lines, kept = await site.end()
    runs = [run_of(body) for body in bodies]
    assert len({run.id for run in runs}) == 500
    assert {len(body) for body in bodies} == {len(server.takes[0].body)}
    assert sorted((run.id, run.leaf_tokens, run.status, "eof") for run in runs) == sorted(
        (line["run_id"], line["segment_tokens"], line["status"], line["ended"]) for line in lines
    )
    assert sorted(one.body for one in kept) == sorted(bodies)
    assert grown / 500 < MEMORY


# ---- faults


async def seen(url, example, *, seconds):
    """What a client sees of an answer: status, type, bytes, and how it ended."""
    got = bytearray()
    async with aiohttp.ClientSession() as client:
        try:
            async with asyncio.timeout(seconds):
                async with client.request(example.method, url + example.path, json=example.body) as answer:
                    kind = answer.content_type
                    async for chunk in answer.content.iter_any():
                        got.extend(chunk)
            return answer.status, kind, bytes(got), "eof"
        except TimeoutError:
            return None, None, bytes(got), "silence"
        except aiohttp.ClientError:
            return None, None, bytes(got), "broken"


FAULTS = [
    "cut-after=3000",
    "cut-after=0",
    "cut-before=node_finished#2",
    "reset-after=3000",
    "reset-before=node_finished#2",
    "status=429",
    "status=500",
    "html=502",
    "slow-headers=0.2",
    "stall-before=workflow_finished,seconds=0.2",
    "stall-before=workflow_finished",
    "stall-after=3000",
    "drop=node_finished#2",
    "duplicate=node_finished#2",
    "gzip",
    "content-type=text/plain",
]


def test_no_fault_of_the_replay_server_is_left_out():
    assert {fault.partition("=")[0] for fault in FAULTS} == set(_WORDS)


UNSEEN = ("slow-headers=0.2", "gzip", "stall-before=workflow_finished,seconds=0.2")
"""Faults after which the decoded answer is the same."""


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_client_sees_each_fault_as_without_the_proxy(fault):
    server = ReplayServer([FIXTURES / "dify" / "chat_simple.sse"], faults=[fault])
    example = example_of(server.takes[0], server.library)
    whole = (200, "text/event-stream", server.takes[0].body, "eof")
    async with behind(server, on_client_gone="close") as site:
        direct = await seen(server.url, example, seconds=1.5)
        through = await seen(site.url, example, seconds=1.5)
        await site.proxy.finish()
    assert (direct == whole) is (fault in UNSEEN)
    if fault.startswith("reset"):  # what a reset leaves in buffers is lost, more or less of it
        assert (through[3], direct[3]) == ("broken", "broken")
        assert server.takes[0].body.startswith(through[2])
    else:
        assert through == direct
    (line,) = site.lines
    broken = {"broken": "upstream-broke", "silence": "client-gone", "eof": "eof"}[through[3]]
    assert line["ended"] == broken


async def test_a_compressed_answer_is_relayed_compressed_and_known():
    server = ReplayServer([FIXTURES / "dify" / "chat_simple.sse"], faults=["gzip"])
    example = example_of(server.takes[0], server.library)
    async with behind(server) as site, aiohttp.ClientSession(auto_decompress=False) as client:
        body = await fetched(client, site.url, example, **{"Accept-Encoding": "gzip"})
    assert gzip.decompress(body) == server.takes[0].body
    assert site.lines[0]["segment_tokens"] == run_of(server.takes[0].body).leaf_tokens


# ---- the client leaves


async def left_behind(policy):
    """A client asks for a run, reads half of it and leaves; return what was asked of the server, the line, and the run."""
    server = ReplayServer([FIXTURES / "dify" / "chat_llm_400_chunks.sse"])
    take = server.takes[0]
    example = example_of(take, server.library)
    play = server.play(take, hold_before=200)
    async with behind(server, on_client_gone=policy) as site:
        async with aiohttp.ClientSession() as client:
            answer = await client.request(example.method, site.url + example.path, json=example.body)
            await answer.content.readany()
            await play.reached()
            (body,) = site.proxy.open.values()
            answer.close()
        while body.client_gone_at is None:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)
        if policy == "drain":
            play.release()
        await site.proxy.finish()
    (line,) = site.lines
    assert line["client_gone_at"] is not None
    return [(entry.method, entry.path) for entry in server.requests], line, run_of(take.body)


async def test_a_client_that_leaves_in_the_middle_leaves_a_run_whose_usage_is_known():
    asked, line, run = await left_behind("drain")
    assert asked == [("POST", "/v1/chat-messages")]
    assert (line["status"], line["usage_complete"]) == ("succeeded", True)
    assert (line["segment_tokens"], line["run_tokens"]) == (run.leaf_tokens, run.total_tokens)
    assert line["cost"] == {currency: str(amount) for currency, amount in run.leaf_cost.items()}


async def test_a_client_that_leaves_has_its_run_stopped_where_that_is_wished():
    asked, line, run = await left_behind("stop")
    assert asked == [("POST", "/v1/chat-messages"), ("POST", f"/v1/chat-messages/{run.task_id}/stop")]
    assert (line["status"], line["stop_status"]) == ("stopped", 200)


async def test_a_client_that_leaves_takes_its_connection_along_where_that_is_wished():
    asked, line, _ = await left_behind("close")
    assert asked == [("POST", "/v1/chat-messages")]
    assert (line["status"], line["ended"], line["usage_complete"]) == ("interrupted", "client-gone", False)


# ---- one run, several bodies

ENGINE = {
    # The engine's own totals of these runs, as its database had them.
    ("wf_human_1_paused", "wf_human_2_resumed_approve", "wf_human_3_events_after_finish"): 0,
    ("june26_wf_human_1_paused", "june26_wf_human_2_resumed_approve", "june26_wf_human_3_events_after_finish"): 0,
    ("june26_chat_human_timeout_1_paused", "june26_chat_human_timeout_2_resumed"): 21,
    ("wf_two_humans_1_paused", "wf_two_humans_2_long_connection"): 0,
}


@pytest.mark.parametrize("names", ENGINE)
@pytest.mark.parametrize("proxies", [1, 2])
async def test_tokens_of_all_bodies_add_up_to_the_engines_through_one_proxy_and_through_two(names, proxies):
    lines = await told_of([FIXTURES / "dify" / f"{name}.sse" for name in names], proxies)
    assert sum(line["segment_tokens"] for line in lines) == ENGINE[names]


@pytest.mark.parametrize("proxies", [1, 2])
async def test_so_do_tokens_before_and_behind_a_pause_and_an_end_that_is_told_again(proxies, tmp_path):
    """Those recordings spent nothing where they have three parts. So nodes of theirs are made to."""
    spent, total, paths = {"Prepare": 7, "yes": 5, "End": 30}, 0, []
    for name in next(iter(ENGINE)):
        body, total = spending((FIXTURES / "dify" / f"{name}.sse").read_bytes(), spent, total)
        paths.append(tmp_path / f"{name}.sse")
        paths[-1].write_bytes(body)
    lines = await told_of(paths, proxies)
    assert [line["segment_tokens"] for line in sorted(lines, key=itemgetter("at"))] == [7, 35, 0]
    assert total == 42
    prices = [Decimal(line["cost"].get("USD", 0)) for line in lines]
    assert sum(prices) == Decimal("0.042")


def spending(body, spent, total):
    """Return a body in which nodes spend tokens, by their titles, and the total of the run as the server has it then."""
    frames = []
    for frame in body.split(b"\n\n"):
        if frame.startswith(b"data: "):
            event = json.loads(frame.removeprefix(b"data: "))
            tokens = spent.get(event["data"].get("title"), 0) if event["event"] == "node_finished" else 0
            total += tokens
            if tokens:
                price = {"total_price": f"{tokens / 1000}", "currency": "USD"}
                event["data"]["execution_metadata"] = {"total_tokens": tokens, **price}
            if "total_tokens" in event["data"]:
                event["data"]["total_tokens"] = total
            frame = b"data: " + json.dumps(event).encode()
        frames.append(frame)
    return b"\n\n".join(frames), total


async def told_of(paths, proxies):
    """Play the bodies of one run through proxies in turn; return the lines."""
    server = ReplayServer(paths)
    takes = [server.library.named(path.stem)[0] for path in paths]
    run = waiting = run_of(takes[0].body)
    async with behind(server) as first, other_before(server) as second, aiohttp.ClientSession() as client:
        sites = [first, second if proxies == 2 else first]
        for number, take in enumerate(takes):
            url = sites[number % 2].url
            if number == 0:
                server.play(take)
                body = await fetched(client, url, example_of(take, server.library))
            else:
                await answer_forms(client, url, waiting.forms, run_of(take.body).forms)
                snapshot = "?include_state_snapshot=true&continue_on_pause=true" if "long" in take.name else ""
                async with client.get(f"{url}/v1/workflow/{run.id}/events{snapshot}") as answer:
                    body = await answer.read()
            waiting = run_of(body)
            assert body == take.body
    lines = [*first.lines, *second.lines]
    assert len(lines) == len(takes)
    assert {line["run_id"] for line in lines} == {run.id}
    if proxies == 1:
        assert [line["segment"] for line in lines] == list(range(len(takes)))
    return lines


async def answer_forms(client, url, waiting, answered):
    """Submit the forms that wait, as they were answered in the recording of what came then."""
    actions = {form.node_id: form.action_id for form in answered if form.action_id}
    for form in waiting:
        if form.status == "waiting" and form.node_id in actions:
            content = {"inputs": {}, "action": actions[form.node_id], "user": "u"}
            async with client.post(f"{url}/v1/form/human_input/{form.token}", json=content) as answer:
                assert answer.status == 200, await answer.text()


@asynccontextmanager
async def other_before(server):
    """One more proxy before a server that runs."""
    lines = []
    listeners = (Lines(lambda line: lines.append(json.loads(line))),)
    async with (
        Proxy(Settings(upstream=URL(server.url)), listeners=listeners) as proxy,
        listening(proxy.application(), Address("127.0.0.1", 0)) as front,
    ):
        yield Behind(server, proxy, f"http://{front.address}", lines)
