"""A real site in a real browser, through the proxy: login, redirect, WebSocket, an event stream; nothing of it is different."""

import asyncio
import hashlib
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from yarl import URL

from streamkit.gateway.proxy import Proxy
from streamkit.gateway.server import Address, listening
from streamkit.gateway.settings import Settings
from tests.integration.chromium import BROWSER, tab
from tests.integration.test_proxy import FIXTURES, run_of

PREVIEW = (FIXTURES / "dify" / "preview_chat_plain.sse").read_bytes()
DRAFT = "/console/api/apps/a-1/advanced-chat/workflows/draft/run"
TIMEOUT = 60.0

SIGNIN = """<!doctype html><title>sign in</title><script>
fetch("/console/api/login", {method: "POST", headers: {"Content-Type": "application/json"},
  body: JSON.stringify({email: "owner@lab.example"}), credentials: "include"})
  .then(answer => answer.json()).then(told => { location = told.next; });
</script>"""

APPS = """<!doctype html><title>apps</title><script type="module">
const socket = new WebSocket(`ws://${location.host}/socket`);
const heard = await new Promise((resolve, reject) => {
  socket.onopen = () => socket.send("hello");
  socket.onmessage = message => resolve(message.data);
  socket.onerror = reject;
});
const answer = await fetch("DRAFT", {method: "POST", headers: {"Content-Type": "application/json", "X-CSRF-Token": "c"},
  body: JSON.stringify({inputs: {}, query: "hi"})});
const reader = answer.body.getReader();
let chunks = [], pieces = 0;
for (;;) {
  const {done, value} = await reader.read();
  if (done) break;
  chunks.push(...value);
  if (pieces++ === 0) socket.send("something came");
}
const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(chunks));
const hex = [...new Uint8Array(digest)].map(byte => byte.toString(16).padStart(2, "0")).join("");
document.title = `done ${heard} ${hex} ${pieces} ${document.cookie}`;
</script>""".replace("DRAFT", DRAFT)


class Site:
    """A small studio: what it insists on, a real one insists on as well."""

    def __init__(self):
        self.origin = ""
        self.troubles = []
        self.came = asyncio.Event()

    def _insist(self, request, *, origin=True):
        """Note what a real site would refuse: another origin, another host, no session."""
        if origin and request.headers.get("Origin") != self.origin:
            self.troubles.append(f"{request.path}: Origin {request.headers.get('Origin')}")
        if request.headers["Host"] != self.origin.removeprefix("http://"):
            self.troubles.append(f"{request.path}: Host {request.headers['Host']}")
        if request.path != "/console/api/login" and request.cookies.get("access_token") != "t0ken":
            self.troubles.append(f"{request.path}: no session")

    async def home(self, request):
        if "access_token" not in request.cookies:
            raise web.HTTPFound(f"{self.origin}/signin?next=%2Fapps")
        raise web.HTTPFound("/apps")

    async def signin(self, _request):
        return web.Response(text=SIGNIN, content_type="text/html")

    async def login(self, request):
        self._insist(request)
        response = web.json_response({"next": "/"})
        cookie = "access_token=t0ken; Domain=localhost; Path=/; HttpOnly; Secure; SameSite=None"
        response.headers.add("Set-Cookie", cookie)
        response.headers.add("Set-Cookie", "csrf_token=c; Path=/; SameSite=Lax")
        return response

    async def apps(self, request):
        self._insist(request, origin=False)
        return web.Response(text=APPS, content_type="text/html")

    async def socket(self, request):
        self._insist(request)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.data == "something came":
                self.came.set()
            await socket.send_str(f"{message.data}-back")
        return socket

    async def draft(self, request):
        self._insist(request)
        await request.read()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(PREVIEW[: len(PREVIEW) // 2])
        await self.came.wait()  # the page has seen that much
        await response.write(PREVIEW[len(PREVIEW) // 2 :])
        return response

    def application(self):
        app = web.Application()
        app.router.add_get("/", self.home)
        app.router.add_get("/signin", self.signin)
        app.router.add_post("/console/api/login", self.login)
        app.router.add_get("/apps", self.apps)
        app.router.add_get("/socket", self.socket)
        app.router.add_post(DRAFT, self.draft)
        return app


class Seen(list):
    """The bodies that a proxy saw."""

    def body_began(self, body):
        self.append(body)

    def body_answered(self, body, head):
        pass

    def body_ended(self, body):
        pass


@asynccontextmanager
async def site_behind_a_proxy():
    site, seen = Site(), Seen()
    async with listening(site.application(), Address("127.0.0.1", 0)) as server:
        # Another name than the proxy's, so that a cookie of the one would not be one of the other.
        site.origin = f"http://localhost:{server.address.port}"
        async with (
            Proxy(Settings(upstream=URL(site.origin)), listeners=(seen,)) as proxy,
            listening(proxy.application(), Address("127.0.0.1", 0)) as front,
        ):
            yield site, seen, f"http://{front.address}"


async def used(profile):
    async with site_behind_a_proxy() as (site, seen, url), tab(url + "/", profile) as page:
        while not str(title := await page.value("document.title")).startswith("done"):  # noqa: ASYNC110 - a page does not tell
            await asyncio.sleep(0.05)
        where = await page.value("location.href")
    assert site.troubles == []
    assert where == f"{url}/apps"
    _, heard, digest, pieces, cookie = title.split(" ")
    assert (heard, digest) == ("hello-back", hashlib.sha256(PREVIEW).hexdigest())
    assert int(pieces) > 1
    assert cookie == "csrf_token=c"
    outside = [asked for asked in page.asked if URL(asked).authority != URL(url).authority]
    assert outside == []
    (body,) = seen
    run = run_of(PREVIEW)
    assert (body.app, body.run.id, body.run.status, body.run.leaf_tokens) == (
        "a-1",
        run.id,
        run.status,
        run.leaf_tokens,
    )


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium: apt-get install chromium")
async def test_a_site_with_login_redirect_socket_and_stream_works_through_the_proxy(tmp_path):
    await asyncio.wait_for(used(tmp_path / "profile"), TIMEOUT)
