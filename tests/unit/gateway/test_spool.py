"""Bodies on the disk while they pass: masked, timed, and gone when nobody needs them."""

import asyncio
import os
import signal
import threading
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from streamkit.gateway.flight import FlightRecorder
from streamkit.gateway.shelf import SPOOL, Limits
from streamkit.gateway.spool import Spools
from streamkit.recording import Recording
from tests.unit.gateway.sites import recording, standing, until
from tests.unit.gateway.test_exchange import RUN, ask, playing, raw

BODY = recording("dify/wf_iter_fail_par_continue")
KEY = "app-AbCdEfGhIjKlMnOp"


def flush(spools):
    """Wait until all that was given is done."""
    done = threading.Event()
    spools.when_done(done.set)
    assert done.wait(60)


async def spooled(spools, *bodies, headers=None):
    """Send bodies through a proxy with spools; return the paths of their spools."""
    rest = iter(bodies)

    async def handler(request):
        return await playing(next(rest), headers=headers or {"Content-Type": "text/event-stream"})(request)

    async with standing(handler, spools) as site, aiohttp.ClientSession(auto_decompress=False) as client:
        for _ in bodies:
            await ask(client, site.url, RUN + "?token=t0k3nt0k3nt0k3n", headers={"Authorization": f"Bearer {KEY}"})
        flush(spools)
    return [Path(body.spool.path) for body in site.seen.ended]


async def test_a_body_is_a_recording_while_somebody_may_look_at_it(tmp_path):
    with Spools(tmp_path / "spool", retain=2) as spools:
        (path,) = await spooled(spools, BODY)
        kept = Recording.load(path)
        assert kept.body == BODY
        assert [chunk.at for chunk in kept.chunks] == sorted(chunk.at for chunk in kept.chunks)
        assert (kept.header.source.method, kept.header.response.status) == ("POST", 200)
        assert kept.header.request.body == {"inputs": {}, "user": "u-1"}
        text = path.read_text()
        assert KEY not in text
        assert "t0k3n" not in text
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()


async def test_it_is_recorded_as_it_was_said_and_not_as_it_was_packed(tmp_path):
    import gzip

    headers = {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}
    with Spools(tmp_path / "spool", retain=1) as spools:
        (path,) = await spooled(spools, gzip.compress(BODY), headers=headers)
        kept = Recording.load(path)
    assert kept.body == BODY
    assert "Content-Encoding" not in kept.header.response.headers


async def test_a_secret_need_not_be_text(tmp_path):
    """Bytes of a header that are no UTF-8 are masked like any others, and break nothing."""
    with Spools(tmp_path / "spool", retain=1) as spools:
        async with standing(playing(BODY), spools) as site:
            head = f"POST {RUN} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n"
            cookie = b"Cookie: session=\xff\xfes3cr3t-s3cr3t-s3cr3t\r\n\r\n"
            assert (await raw(site.url, head.encode() + cookie)).startswith(b"HTTP/1.1 200 ")
            flush(spools)
        path = site.seen.body.spool.path
        assert Recording.load(path).body == BODY
        assert b"s3cr3t-s3cr3t" not in path.read_bytes()
    assert (site.seen.body.errors, spools.problems) == (0, {})


async def test_of_those_that_ended_the_oldest_go(tmp_path):
    with Spools(tmp_path / "spool", retain=2) as spools:
        paths = await spooled(spools, *[BODY] * 4)
        assert [path.exists() for path in paths] == [False, False, True, True]


async def test_room_is_given_back(tmp_path):
    """The limit is for all together: four bodies do not fit at once, but one after the other."""
    with Spools(tmp_path / "spool", limit=len(BODY) + 1000) as spools:
        await spooled(spools, *[BODY] * 4)
        assert spools.problems == {}


async def test_what_has_no_room_beside_others_is_cut_and_counted(tmp_path):
    with Spools(tmp_path / "spool", limit=len(BODY) + 1000, retain=3) as spools:
        first, second, _ = await spooled(spools, *[BODY] * 3)
        assert Recording.load(first).body == BODY
        kept = Recording.load(second)
        assert BODY.startswith(kept.body)
        assert kept.end is None
    assert spools.problems == {"no room beside all others": 2}


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs signals")
async def test_a_disk_that_is_too_slow_loses_a_recording_and_holds_nobody_up(tmp_path):
    long = BODY * 40
    with Spools(tmp_path / "spool", retain=1, backlog=100_000) as spools:
        process = spools._scribe._process.pid
        flush(spools)  # it has begun
        async with standing(playing(long), spools) as site, aiohttp.ClientSession() as client:
            os.kill(process, signal.SIGSTOP)
            assert await ask(client, site.url) == long  # while nothing is written
            os.kill(process, signal.SIGCONT)
            flush(spools)
    assert spools.problems == {"faster than the disk": 1}


async def test_a_process_that_died_is_started_again_and_the_next_body_is_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("streamkit.gateway.spool._RESTART", 0.0)
    with Spools(tmp_path / "spool", retain=3) as spools:
        (first,) = await spooled(spools, BODY)
        spools._scribe._process.kill()
        await until(lambda: spools.is_dead)
        (second,) = await spooled(spools, BODY)
        assert Recording.load(first).body == Recording.load(second).body == BODY
    assert spools.problems == {}
    assert not second.exists()


async def test_what_was_written_when_the_process_died_is_kept_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr("streamkit.gateway.spool._RESTART", 0.0)
    go_on = asyncio.Event()

    async def handler(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(BODY[:9000])
        await go_on.wait()
        await response.write(BODY[9000:])
        return response

    limits = Limits(str(tmp_path), 1 << 30, 1e9)
    with Spools(tmp_path / SPOOL, limits=limits) as spools:
        async with standing(handler, FlightRecorder(), spools) as site, aiohttp.ClientSession() as client:
            first = await client.post(site.url + RUN)
            await first.content.readexactly(9000)
            flush(spools)
            spools._scribe._process.kill()
            await until(lambda: spools.is_dead)
            async with client.post(site.url + RUN) as second:  # with it another process begins
                go_on.set()
                assert await second.read() == BODY
            assert await first.read() == BODY[9000:]
    kept = sorted((Recording.load(path) for path in tmp_path.glob("20*/*/*.skrec")), key=lambda one: len(one.body))
    assert [one.end is not None for one in kept] == [False, True]
    assert (BODY.startswith(kept[0].body), kept[1].body) == (True, BODY)
    assert list((tmp_path / SPOOL).iterdir()) == []
    assert spools.problems == {"the process that writes recordings ended": 1}


async def test_without_a_folder_there_is_a_temporary_one_and_it_goes():
    with Spools(retain=5) as spools:
        (path,) = await spooled(spools, BODY)
        assert path.exists()
    assert not path.parent.exists()
