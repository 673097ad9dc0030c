"""Bodies are followed while they are written: from their beginning, to their end."""

import asyncio

import aiohttp
from aiohttp import web

from streamkit.gateway.spool import Spools
from streamkit.gateway.tailing import Tails
from streamkit.recording import Recording
from tests.unit.gateway.sites import STREAM, proxied, recording, standing, until
from tests.unit.gateway.test_exchange import RUN, ask, playing

BODY = recording("dify/wf_iter_fail_par_continue")
FRAMES = [frame + b"\n\n" for frame in BODY.split(b"\n\n")[:-1]]


async def whole(tails, body, path):
    """Follow a body to its end; return what was followed as a recording."""
    path.write_bytes(b"".join([piece async for piece in tails.follow(body)]))
    return Recording.load(path)


async def test_a_body_is_followed_while_it_comes(tmp_path):
    go_on = asyncio.Queue()

    async def handler(request):
        response = web.StreamResponse(headers=STREAM)
        await response.prepare(request)
        for frame in FRAMES:
            await response.write(frame)
            await go_on.get()
        return response

    with Spools(tmp_path / "spool") as spools:
        tails = Tails(spools)
        async with (
            standing(handler, spools) as site,
            aiohttp.ClientSession() as client,
            client.post(site.url + RUN) as answer,
        ):
            followed = tails.follow(site.seen.began[0])
            seen = b""
            for frame in FRAMES:
                # Each frame is there before the server sends the next one.
                while frame.split(b'"', 4)[3] not in seen if b'"' in frame else False:
                    seen += await anext(followed)
                go_on.put_nowait(None)
            rest = seen + b"".join([piece async for piece in followed])
            await answer.read()
    (tmp_path / "seen.skrec").write_bytes(rest)
    assert Recording.load(tmp_path / "seen.skrec").body == BODY


async def test_who_comes_late_gets_it_from_the_beginning_and_to_the_end(tmp_path):
    with Spools(tmp_path / "spool", retain=1) as spools:
        tails = Tails(spools)
        async with standing(playing(BODY), spools) as site, aiohttp.ClientSession() as client:
            await ask(client, site.url)
            await site.proxy.finish()
            kept = await whole(tails, site.seen.body, tmp_path / "seen.skrec")
    assert (kept.body, kept.end.reason) == (BODY, "eof")


async def test_several_follow_the_same_one(tmp_path):
    with Spools(tmp_path / "spool", retain=1) as spools:
        tails = Tails(spools)
        async with standing(playing(BODY), spools) as site, aiohttp.ClientSession() as client:
            asked = asyncio.ensure_future(ask(client, site.url))
            await until(lambda: site.seen.began)
            found = await asyncio.gather(*(whole(tails, site.seen.began[0], tmp_path / f"{n}.skrec") for n in range(5)))
            await asked
    assert {kept.body for kept in found} == {BODY}


async def test_one_that_is_never_answered_has_an_end_all_the_same(tmp_path):
    with Spools(tmp_path / "spool", retain=1) as spools:
        tails = Tails(spools)
        async with proxied("http://127.0.0.1:9", spools) as site, aiohttp.ClientSession() as client:
            await ask(client, site.url)
            assert [piece async for piece in tails.follow(site.seen.body)] == []


async def test_without_a_spool_there_is_nothing_to_follow(tmp_path):
    with Spools(tmp_path / "spool") as spools:
        tails = Tails(spools)
        async with standing(playing(BODY)) as site, aiohttp.ClientSession() as client:
            await ask(client, site.url)
            assert [piece async for piece in tails.follow(site.seen.body)] == []
