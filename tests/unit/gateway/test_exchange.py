"""One request and its response, between real servers: nothing changes but what is of one connection."""

import asyncio
import gzip
import hashlib
import json
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from streamkit import Tap
from tests.unit.gateway.sites import STREAM, in_pieces, proxied, recording, standing

BODY = recording("dify/wf_iter_fail_par_continue")
RUN = "/v1/workflows/run"


async def raw(url, text):
    """Send bytes to a server, and return the bytes that it answers until it closes."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(text)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer


def echo(seen):
    async def handler(request):
        body = await request.read()
        seen.append((request.method, request.raw_path, request.headers.copy(), body))
        return web.Response(body=b"ok", headers={"X-Answer": "1"})

    return handler


# ---- requests


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
async def test_any_method_goes_on(method):
    seen = []
    async with (
        standing(echo(seen)) as site,
        aiohttp.ClientSession() as client,
        client.request(method, site.url + "/x", data=b"body" if method != "GET" else None) as answer,
    ):
        assert (answer.status, await answer.read()) == (200, b"ok")
    assert [(found[0], found[3]) for found in seen] == [(method, b"body" if method != "GET" else b"")]


@pytest.mark.parametrize(
    "path", ["/", "/a%2Fb/%7Ec?x=%2B+1&&y", "/%E4%BD%A0?q=%00", "/a%0D%0Ab", "//double", "/a/../b", "/a;b=c/d"]
)
async def test_a_path_goes_on_letter_by_letter(path):
    seen = []
    async with standing(echo(seen)) as site:
        await raw(site.url, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert seen[0][1] == path


async def test_a_request_that_names_an_origin_goes_to_the_upstream_all_the_same():
    """As if to a forward proxy; what stands before the path must not become a part of the upstream's name."""
    seen = []
    async with standing(echo(seen)) as site:
        head = "GET http://elsewhere.example/v1/a%2Fb?x=%20 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert (await raw(site.url, head.encode())).startswith(b"HTTP/1.1 200 ")
    assert seen[0][1] == "/v1/a%2Fb?x=%20"


async def test_headers_go_on_and_none_is_added():
    seen = []
    async with standing(echo(seen)) as site:
        head = (
            "GET / HTTP/1.1\r\nHost: public.example\r\nX-Twice: 1\r\nx-twice: 2\r\nAuthorization: Bearer app-k\r\n"
            "Connection: close, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nCookie: a=1; b=2\r\n\r\n"
        )
        await raw(site.url, head.encode())
        upstream = site.upstream.removeprefix("http://")
    headers = seen[0][2]
    assert headers.getall("X-Twice") == ["1", "2"]
    assert {name.lower() for name in headers} == {"host", "x-twice", "authorization", "cookie"}
    assert (headers["Host"], headers["Cookie"]) == (upstream, "a=1; b=2")


async def test_a_host_is_kept_where_that_is_asked_for():
    seen = []
    async with standing(echo(seen), keep_host=True) as site, aiohttp.ClientSession() as client:
        headers = {"Host": "public.example", "Origin": "http://public.example"}
        async with client.get(site.url, headers=headers) as answer:
            assert answer.status == 200
    assert (seen[0][2]["Host"], seen[0][2]["Origin"]) == ("public.example", "http://public.example")


async def test_a_site_sees_its_own_origin():
    seen = []
    async with standing(echo(seen)) as site, aiohttp.ClientSession() as client:
        await (await client.get(site.url, headers={"Origin": site.url, "Referer": site.url + "/a"})).read()
    assert (seen[0][2]["Origin"], seen[0][2]["Referer"]) == (site.upstream, site.upstream + "/a")


async def test_an_upload_streams_through():
    """It arrives while it is sent: neither side waits for the whole."""
    first, second = asyncio.Event(), asyncio.Event()
    digest = hashlib.sha256()

    async def handler(request):
        digest.update(await request.content.readexactly(100_000))
        first.set()
        async for chunk in request.content.iter_any():
            digest.update(chunk)
        return web.Response(text=str(request.headers.get("Content-Length")))

    async def upload():
        yield bytes(100_000)
        await first.wait()  # the server has the beginning
        for _ in range(200):
            yield bytes(100_000)
        second.set()

    async with standing(handler) as site, aiohttp.ClientSession() as client:
        async with client.post(site.url + "/v1/files/upload", data=upload()) as answer:
            assert (await answer.text(), second.is_set()) == ("None", True)
        assert digest.hexdigest() == hashlib.sha256(bytes(100_000 * 201)).hexdigest()
        first.clear()
        async with client.post(site.url + "/v1/files/upload", data=bytes(300_000)) as answer:
            assert await answer.text() == "300000"


async def test_a_server_that_reads_slowly_slows_an_upload_down():
    sent, much, go_on = 0, asyncio.Event(), asyncio.Event()

    async def handler(request):
        await go_on.wait()
        return web.Response(text=str(len(await request.read())))

    async def upload():
        nonlocal sent
        for _ in range(1000):
            yield bytes(64_000)
            sent += 1
            if sent == 400:
                much.set()

    async with standing(handler) as site, aiohttp.ClientSession() as client:
        asked = asyncio.ensure_future(client.post(site.url + "/v1/files/upload", data=upload()))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(much.wait(), 1)  # 25 MB: more than all buffers on the way
        go_on.set()
        async with await asked as answer:
            assert await answer.text() == "64000000"


async def test_an_upload_that_waits_to_be_wanted_is_told_that_it_is():
    seen = []
    async with standing(echo(seen)) as site:
        reader, writer = await asyncio.open_connection(*site.url.removeprefix("http://").split(":"))
        head = b"POST /v1/files/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        writer.write(head)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hi")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()
    assert seen[0][3] == b"hi"
    assert "Expect" not in seen[0][2]


async def test_an_upload_that_is_not_wanted_is_answered_before_its_end():
    """The server answers and closes; the client, which still sends, hears of it."""
    async with answering(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig") as site:
        reader, writer = await asyncio.open_connection(*site.url.removeprefix("http://").split(":"))
        writer.write(
            b"POST /v1/files/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n" + bytes(1_000_000)
        )
        answer = await reader.readuntil(b"big")
        writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_compressed_upload_goes_on_compressed():
    seen = []
    packed = gzip.compress(b"hello")

    async def handler(request):
        seen.append((request.headers["Content-Encoding"], await request.content.read()))
        return web.Response()

    async with standing(handler) as site, aiohttp.ClientSession() as client:
        await client.post(site.url, data=packed, headers={"Content-Encoding": "gzip"})
    assert seen == [("gzip", packed)]


# ---- responses


async def test_a_response_comes_back_with_its_own_headers_and_no_others():
    async def handler(request):
        response = web.Response(status=418, reason="Teapot", body=b"\x00\xff")
        response.headers.extend([("X-Twice", "1"), ("X-Twice", "2"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
        return response

    async with standing(handler) as site:
        answer = await raw(site.url, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    assert status == "HTTP/1.1 418 Teapot"
    names = sorted(line.partition(":")[0].lower() for line in lines)
    assert names == [
        *("connection", "content-length", "content-type", "date", "server", "set-cookie", "set-cookie"),
        *("x-twice", "x-twice"),
    ]
    assert body == b"\x00\xff"


@asynccontextmanager
async def answering(answer):
    """A server that answers the same bytes to everybody and closes, and a proxy before it."""

    async def upstream(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(upstream, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, proxied(f"http://127.0.0.1:{port}") as site:
        yield site


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"
TOLD = {
    "hints before it": (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 OK", b"hi"),
    "in chunks": (b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n", "200 OK", b"2\r\nhi\r\n0\r\n\r\n"),
    "with trailers": (b"HTTP/1.1 200 OK\r\nTrailer: X\r\n" + CHUNKED + b"X: 1\r\n\r\n", "200 OK", b"2\r\nhi\r\n0\r\n\r\n"),
    "until it closes": (b"HTTP/1.1 200 OK\r\n\r\nhi", "200 OK", b"2\r\nhi\r\n0\r\n\r\n"),
    "of an old server": (b"HTTP/1.0 200 OK\r\n\r\nhi", "200 OK", b"2\r\nhi\r\n0\r\n\r\n"),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", "204 No Content", b""),
    "as before": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "304 Not Modified", b""),
    "of its own kind": (b"HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n", "299 ", b""),
}  # fmt: skip


@pytest.mark.parametrize("kind", TOLD)
async def test_an_answer_of_any_kind_is_the_same_to_the_client(kind):
    answer, status, body = TOLD[kind]
    async with answering(answer) as site:
        got = await raw(site.url, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, rest = got.partition(b"\r\n\r\n")
    assert (head.partition(b"\r\n")[0].decode(), rest) == (f"HTTP/1.1 {status}", body)


async def test_an_old_client_gets_a_body_that_ends_with_the_connection():
    async with answering(TOLD["in chunks"][0]) as site:
        got = await raw(site.url, b"GET / HTTP/1.0\r\n\r\n")
    assert got.startswith(b"HTTP/1.0 200 ")
    assert got.endswith(b"\r\n\r\nhi")


@pytest.mark.parametrize("answer", [b"", b"NONSENSE\r\n\r\n"], ids=["nothing", "nonsense"])
async def test_an_answer_that_is_none_is_a_502(answer):
    async with answering(answer) as site:
        got = await raw(site.url, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 502 ")


async def test_the_proxy_names_neither_itself_nor_a_type():
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") as site:
        answer = await raw(site.url, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head = answer.partition(b"\r\n\r\n")[0].decode().lower()
    assert {line.partition(":")[0] for line in head.split("\r\n")[1:]} == {"content-length", "connection", "date"}


@pytest.mark.parametrize("status", [204, 304])
async def test_a_response_without_a_body_has_none(status):
    async def handler(request):
        return web.Response(status=status, headers={"ETag": '"1"'})

    async with standing(handler) as site, aiohttp.ClientSession() as client, client.get(site.url) as answer:
        assert (answer.status, answer.headers["ETag"], await answer.read()) == (status, '"1"', b"")


async def test_a_head_request_learns_the_length_and_gets_no_body():
    async with standing(echo([])) as site, aiohttp.ClientSession() as client, client.head(site.url) as answer:
        assert (answer.headers["Content-Length"], await answer.read()) == ("2", b"")


async def test_a_redirect_is_not_followed_and_leads_to_the_proxy():
    async def handler(request):
        host = request.headers["Host"]
        raise web.HTTPFound(
            f"http://{host}/signin", headers={"Set-Cookie": f"s=1; Domain={host.split(':')[0]}; Secure"}
        )

    async with (
        standing(handler) as site,
        aiohttp.ClientSession() as client,
        client.get(site.url, allow_redirects=False) as answer,
    ):
        assert (answer.status, answer.headers["Location"]) == (302, site.url + "/signin")
        assert answer.headers["Set-Cookie"] == "s=1; Domain=127.0.0.1"


async def test_an_upstream_that_is_not_there_is_a_502():
    async with proxied("http://127.0.0.1:9") as site, aiohttp.ClientSession() as client:
        async with client.post(site.url + RUN, json={}) as answer:
            assert answer.status == 502
        assert (site.seen.body.ended, site.seen.body.status) == ("upstream-broke", None)


# ---- runs


def playing(body, *, headers=STREAM, seed=1):
    """A server that answers every request with a recording, in pieces of all sizes."""

    async def handler(request):
        await request.read()
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        for piece in in_pieces(body, seed):
            await response.write(piece)
        await response.write_eof()
        return response

    return handler


def stated(body):
    tap = Tap()
    tap.feed(body)
    tap.close()
    return tap.run


async def ask(client, url, path=RUN, **more):
    async with client.post(url + path, json={"inputs": {}, "user": "u-1"}, **more) as answer:
        return await answer.read()


async def test_a_run_passes_unchanged_and_is_known():
    async with standing(playing(BODY)) as site, aiohttp.ClientSession() as client:
        assert await ask(client, site.url, headers={"Authorization": "Bearer app-secret", "X-Request-Id": "r1"}) == BODY
    body, run = site.seen.body, stated(BODY)
    assert (body.run.status, body.run.id, body.run.leaf_tokens) == (run.status, run.id, run.leaf_tokens)
    assert (body.ended, body.status, body.bytes, body.run.user) == ("eof", 200, len(BODY), "u-1")
    assert (body.asked.request_id, body.is_complete) == ("r1", True)
    assert body.asked.key == hashlib.sha256(b"app-secret").hexdigest()[:12]


async def test_a_compressed_run_passes_compressed_and_is_known():
    packed = gzip.compress(BODY)
    async with (
        standing(playing(packed, headers=STREAM | {"Content-Encoding": "gzip"})) as site,
        aiohttp.ClientSession(auto_decompress=False) as client,
    ):
        assert await ask(client, site.url) == packed
    assert (site.seen.body.run.status, site.seen.body.run.leaf_tokens) == (
        stated(BODY).status,
        stated(BODY).leaf_tokens,
    )
    assert site.seen.body.errors == 0


@pytest.mark.parametrize("keep_host", [False, True])
async def test_of_a_run_no_coding_is_asked_for_that_we_cannot_read(keep_host):
    seen = []
    async with standing(echo(seen), keep_host=keep_host) as site, aiohttp.ClientSession() as client:
        for path in (RUN, "/static/app.js"):
            await ask(client, site.url, path, headers={"Accept-Encoding": "gzip, rot13;q=0.9, deflate"})
    assert [found[2]["Accept-Encoding"] for found in seen] == ["gzip, deflate", "gzip, rot13;q=0.9, deflate"]


async def test_a_coding_that_nobody_reads_passes_all_the_same(caplog):
    async with (
        standing(playing(b"\x01\x02", headers=STREAM | {"Content-Encoding": "rot13"})) as site,
        aiohttp.ClientSession(auto_decompress=False) as client,
    ):
        assert await ask(client, site.url) == b"\x01\x02"
    assert site.seen.body.errors == 1


async def test_an_event_stream_on_any_path_is_looked_at():
    async with (
        standing(playing(BODY)) as site,
        aiohttp.ClientSession() as client,
        client.get(site.url + "/somebody/elses/path") as answer,
    ):
        assert await answer.read() == BODY
    assert (site.seen.body.route, site.seen.body.is_run) == (None, True)


async def test_an_event_stream_that_is_no_run_is_called_none():
    async with standing(playing(b'data: {"price": 7}\n\n' * 30)) as site, aiohttp.ClientSession() as client:
        await (await client.get(site.url + "/ticker")).read()
    assert not site.seen.body.is_run


async def test_what_is_no_stream_and_no_run_is_not_looked_at():
    async with standing(echo([])) as site, aiohttp.ClientSession() as client:
        await (await client.get(site.url + "/v1/parameters")).read()
    assert site.seen.began == []


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"code": "invalid_param", "message": "no", "status": 400}', "application/json", "failed"),
        (b"<html>502</html>", "text/html", "interrupted"),
    ],
)
async def test_an_answer_that_is_no_stream_is_the_end_of_a_run_that_was_asked_for(content, kind, status):
    async def handler(request):
        return web.Response(status=400, body=content, content_type=kind)

    async with standing(handler) as site, aiohttp.ClientSession() as client:
        assert await ask(client, site.url) == content
    assert (site.seen.body.run.status, site.seen.body.status) == (status, 400)


async def test_a_chunk_goes_on_before_the_next_one_comes():
    """No buffering anywhere: the client has each event while the server waits for it."""
    taken = asyncio.Event()

    async def handler(request):
        response = web.StreamResponse(headers=STREAM)
        await response.prepare(request)
        for number in range(20):
            await response.write(b"data: %d\n\n" % number)
            await taken.wait()
            taken.clear()
        return response

    async with standing(handler) as site, aiohttp.ClientSession() as client, client.post(site.url + RUN) as answer:
        for number in range(20):
            assert await answer.content.readuntil(b"\n\n") == b"data: %d\n\n" % number
            taken.set()


async def test_the_head_of_a_stream_comes_before_its_first_event():
    go = asyncio.Event()

    async def handler(request):
        response = web.StreamResponse(headers=STREAM)
        await response.prepare(request)
        await go.wait()
        return response

    async with standing(handler) as site, aiohttp.ClientSession() as client, client.post(site.url + RUN) as answer:
        assert answer.status == 200
        go.set()
        assert await answer.read() == b""


async def test_a_client_that_reads_slowly_slows_the_server_down():
    written = 0
    go = asyncio.Event()

    async def handler(request):
        nonlocal written
        response = web.StreamResponse(headers=STREAM)
        await response.prepare(request)
        for _ in range(2000):
            await response.write(b"data: " + b"x" * 64_000 + b"\n\n")
            written += 1
            if written == 200:
                go.set()
        return response

    async with (
        standing(handler) as site,
        aiohttp.ClientSession(read_bufsize=1024) as client,
        client.post(site.url + RUN) as answer,
    ):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(go.wait(), 2)  # 12 MB: more than all buffers on the way
        held = written
        total = 0
        async for chunk in answer.content.iter_any():
            total += len(chunk)
    assert held < 200
    assert (written, total) == (2000, 2000 * 64_008)


# ---- breaks


async def read_into(got, answer):
    async for chunk in answer.content.iter_any():
        got.extend(chunk)


async def test_what_the_upstream_breaks_off_breaks_off_for_the_client():
    async def handler(request):
        response = web.StreamResponse(headers=STREAM)
        await response.prepare(request)
        await response.write(BODY[:9000])
        request.transport.close()
        return response

    got = bytearray()
    async with standing(handler) as site, aiohttp.ClientSession() as client, client.post(site.url + RUN) as answer:
        with pytest.raises(aiohttp.ClientPayloadError):
            await read_into(got, answer)
        await site.proxy.finish()
    assert got == BODY[:9000]
    assert (site.seen.body.ended, site.seen.body.run.status) == ("upstream-broke", "interrupted")


async def test_a_body_shorter_than_announced_is_short_for_the_client_too():
    async def handler(request):
        response = web.StreamResponse(headers=STREAM | {"Content-Length": str(len(BODY))})
        await response.prepare(request)
        await response.write(BODY[:9000])
        request.transport.close()
        return response

    async with standing(handler) as site:
        answer = await raw(site.url, b"POST /v1/workflows/run HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert answer.endswith(BODY[:9000])
    assert f"Content-Length: {len(BODY)}".encode() in answer


@pytest.mark.untraced
async def test_100_at_once_and_none_is_mixed_up_with_another():
    def own(number):
        return BODY.replace(stated(BODY).id.encode(), f"{number:036d}".encode())

    async def handler(request):
        number = int((await request.json())["user"])
        return await playing(own(number), seed=number)(request)

    async with standing(handler) as site, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:

        async def one(number):
            async with client.post(site.url + RUN, data=json.dumps({"user": str(number)})) as answer:
                assert await answer.read() == own(number)

        await asyncio.gather(*map(one, range(100)))
        await site.proxy.finish()
        assert {(body.run.user, int(body.run.id)) for body in site.seen.ended} == {(str(n), n) for n in range(100)}
        assert {body.run.leaf_tokens for body in site.seen.ended} == {stated(BODY).leaf_tokens}
        assert site.proxy.open == {}
