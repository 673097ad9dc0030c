"""The flight recorder: every run is spooled, and those that matter stay."""

import os
import resource
import signal
from datetime import UTC, datetime

import aiohttp
import pytest

from streamkit.gateway.flight import FlightRecorder
from streamkit.gateway.shelf import SPOOL, Limits
from streamkit.gateway.spool import Spools
from streamkit.recording import Recording, Redactor
from streamkit.run import stable
from streamkit.where import parse
from tests.unit.gateway.sites import recording, standing, until
from tests.unit.gateway.test_exchange import RUN, ask, playing, stated

GOOD = recording("dify/wf_iter_fail_par_continue")
BAD = recording("dify/wf_failed")
PAUSED = recording("dify/wf_human_1_paused")
RESUMED = recording("dify/wf_human_2_resumed_approve")
LARGE = {"max_bytes": 1 << 30, "max_seconds": 1e9}
KEY = "app-AbCdEfGhIjKlMnOpQrStUvWx"


def by_path(bodies):
    """A server that plays a recording for each path."""

    async def handler(request):
        return await playing(bodies[request.path])(request)

    return handler


async def flown(folder, requests, limits=None, **how):
    """Send requests through a proxy with a recorder; return the proxy's listener."""
    bodies = {f"/{number}{path}": body for number, (path, body) in enumerate(requests)}
    flight = FlightRecorder(**how)
    with Spools(folder / SPOOL, limits=Limits(str(folder), **{**LARGE, **(limits or {})})) as spools:
        async with standing(by_path(bodies), flight, spools) as site, aiohttp.ClientSession() as client:
            for path in bodies:
                method = client.get if path.endswith("/events") else client.post
                async with method(site.url + path, headers={"Authorization": f"Bearer {KEY}"}) as answer:
                    assert await answer.read() == bodies[path]
            await site.proxy.finish()
        flight.close()
    return site.seen, flight, spools


def masked(body):
    """The body as a recording has it."""
    redactor = Redactor()
    return redactor.feed(body) + redactor.close()


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_a_run_is_kept_under_its_day_its_app_and_its_status(tmp_path):
    seen, _, spools = await flown(tmp_path, [("/console/api/apps/shop/workflows/draft/run", GOOD)])
    day, run = f"{datetime.now(UTC):%Y-%m-%d}", stated(GOOD)
    assert files(tmp_path) == [f"{day}/shop/{run.status}-{run.id}.skrec"]
    assert seen.body.recording == files(tmp_path)[0]
    assert (spools.kept, spools.problems) == (1, {})
    path = tmp_path / files(tmp_path)[0]
    assert path.stat().st_mode & 0o777 == 0o600
    kept = Recording.load(path)
    assert kept.body == GOOD
    assert kept.is_timed
    assert (kept.header.source.kind, kept.header.source.method, kept.end.reason) == ("dify", "POST", "eof")
    assert KEY not in path.read_text()
    again = stated(kept.body)
    assert stable(again.snapshot()) == stable(stated(GOOD).snapshot())


async def test_only_what_matters_stays(tmp_path):
    await flown(tmp_path, [(RUN, GOOD), (RUN, BAD)], keep=parse("!status:succeeded !status:partial-succeeded"))
    (name,) = files(tmp_path)
    assert f"/failed-{stated(BAD).id}.skrec" in name


async def test_of_what_does_not_matter_a_sample_stays_and_the_same_one_everywhere(tmp_path):
    runs = [(RUN, GOOD.replace(stated(GOOD).id.encode(), f"{number:036d}".encode())) for number in range(40)]
    chosen = []
    for place in ("a", "b"):
        await flown(tmp_path / place, runs, keep=parse("status:failed"), sample=0.25)
        chosen.append([name.rpartition("/")[2] for name in files(tmp_path / place)])
    assert chosen[0] == chosen[1]
    assert 2 <= len(chosen[0]) <= 20


async def test_a_run_that_pauses_is_decided_on_when_it_ends(tmp_path):
    run = stated(PAUSED)
    path = f"/v1/workflow/{run.id}/events"
    await flown(tmp_path / "kept", [(RUN, PAUSED), (path, RESUMED)], keep=parse("status:succeeded"))
    first, second = [name.rpartition("/")[2] for name in files(tmp_path / "kept")]
    assert {len(first), len(second)} == {len(f"succeeded-{run.id}.skrec"), len(f"succeeded-{run.id}-0123456789.skrec")}
    bodies = [Recording.load(tmp_path / "kept" / name).body for name in files(tmp_path / "kept")]
    assert sorted(bodies) == sorted(map(masked, [PAUSED, RESUMED]))  # but for the token of the form
    await flown(tmp_path / "not", [(RUN, PAUSED), (path, RESUMED)], keep=parse("status:paused"))
    assert files(tmp_path / "not") == []


async def test_a_run_that_still_waits_is_decided_on_at_the_end(tmp_path):
    await flown(tmp_path, [(RUN, PAUSED)], keep=parse("status:paused"))
    (name,) = files(tmp_path)
    assert f"paused-{stated(PAUSED).id}" in name


async def test_two_bodies_of_one_name_are_two_files(tmp_path):
    await flown(tmp_path, [(RUN, GOOD), (RUN, GOOD)])
    assert len(files(tmp_path)) == 2


async def test_there_is_a_limit_to_all_of_them_and_the_oldest_go(tmp_path):
    runs = [(RUN, GOOD.replace(stated(GOOD).id.encode(), f"{number:036d}".encode())) for number in range(6)]
    _, _, spools = await flown(tmp_path, runs, limits={"max_bytes": 6 * len(GOOD)})
    kept = files(tmp_path)
    assert 1 <= len(kept) < 6
    assert f"{5:036d}" in "".join(kept)
    assert spools.swept == 6 - len(kept)
    assert sum((tmp_path / name).stat().st_size for name in kept) <= 6 * len(GOOD)


async def test_what_is_too_old_goes_and_what_is_not_ours_stays(tmp_path):
    old = tmp_path / "2001-01-01" / "app" / "failed-x.skrec"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    os.utime(old, (0, 0))
    (tmp_path / "notes.skrec").write_text("mine")
    os.utime(tmp_path / "notes.skrec", (0, 0))
    await flown(tmp_path, [(RUN, GOOD)], limits={"max_seconds": 1000.0})
    assert not old.exists()
    assert (tmp_path / "notes.skrec").exists()


async def test_a_disk_that_takes_nothing_is_counted_and_no_stream_feels_it(tmp_path):
    (tmp_path / SPOOL).write_text("a file where a folder should be")
    seen, _, spools = await flown(tmp_path, [(RUN, GOOD)])
    assert seen.body.run.status == stated(GOOD).status
    assert sum(spools.problems.values()) == 1
    assert spools.kept == 0


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux")
async def test_a_full_disk_is_counted_and_no_stream_feels_it(tmp_path, monkeypatch):
    """The system lets the writing process have no file of more than 4 KB, as if there was no more room."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # or it would cut the bytecode of what nobody imported before
    flight, limits = FlightRecorder(), Limits(str(tmp_path), **LARGE)
    with Spools(tmp_path / SPOOL, limits=limits) as spools:
        resource.prlimit(spools._scribe._process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
        async with standing(playing(GOOD), flight, spools) as site, aiohttp.ClientSession() as client:
            assert await ask(client, site.url) == GOOD
            assert await ask(client, site.url) == GOOD
    assert spools.problems == {"not written: file too large": 2}


@pytest.mark.skipif(not hasattr(os, "kill"), reason="needs signals")
async def test_a_writing_process_that_dies_is_counted_and_no_stream_feels_it(tmp_path):
    flight, limits = FlightRecorder(), Limits(str(tmp_path), **LARGE)
    with Spools(tmp_path / SPOOL, limits=limits) as spools:
        async with standing(playing(GOOD), flight, spools) as site, aiohttp.ClientSession() as client:
            assert await ask(client, site.url) == GOOD
            os.kill(spools._scribe._process.pid, signal.SIGKILL)
            spools._scribe._process.wait()
            assert await ask(client, site.url) == GOOD
            await until(lambda: spools.problems)
    assert list(spools.problems) == ["the process that writes recordings ended"]


async def test_a_body_that_is_too_long_is_spooled_as_far_as_it_may_be(tmp_path):
    flight, limits = FlightRecorder(), Limits(str(tmp_path), **LARGE)
    with Spools(tmp_path / SPOOL, limits=limits, body_limit=5_000) as spools:
        async with standing(playing(GOOD), flight, spools) as site, aiohttp.ClientSession() as client:
            assert await ask(client, site.url) == GOOD
            await site.proxy.finish()
    (name,) = files(tmp_path)
    kept = Recording.load(tmp_path / name)
    assert GOOD.startswith(kept.body)
    assert len(kept.body) <= 5_000
    assert kept.end is None
    assert spools.problems == {"longer than what is spooled of a body": 1}


async def test_names_from_outside_lead_nowhere(tmp_path):
    flight, limits = FlightRecorder(), Limits(str(tmp_path), **LARGE)
    with Spools(tmp_path / SPOOL, limits=limits) as spools:
        settings = {"apps": {"a": "../../x/\x00y"}}
        body = GOOD.replace(stated(GOOD).id.encode(), b"../../../../etc/passwd/aaaaaaaaaaaaa")
        async with standing(playing(body), flight, spools, **settings) as site, aiohttp.ClientSession() as client:
            await ask(client, site.url, "/console/api/apps/a/workflows/draft/run")
            await site.proxy.finish()
    (name,) = files(tmp_path)
    assert name.split("/")[1:] == ["_.._x_y", f"{stated(GOOD).status}-_.._.._.._etc_passwd_aaaaaaaaaaaaa.skrec"]
