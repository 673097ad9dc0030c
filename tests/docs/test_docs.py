"""The pages are true: generated parts are current, examples run, links resolve.

An example says in a comment before it what it runs with: `<!-- runs: relay -->`. A word with a dot is a file beside
it; `pytest` says that it is a test; `aiohttp` that it has a handler `completions`, which needs `session` and `dify`; `relay` gives
`upstream` and `downstream` as a gateway has them, `live` a run and something to draw on, `served` servers for clients.
"""

import ast
import contextlib
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import ClientSession

from streamkit import Tap
from streamkit.cli.proxy import proxy
from streamkit.cli.render.look import UNICODE
from streamkit.gateway.told import Lines
from streamkit.replay import ReplayServer
from tests.docs import generated, picture
from tests.docs.generated import ROOT
from tests.golden.goldens import FIXTURES, check
from tests.unit.gateway.sites import serving, standing
from tests.unit.gateway.test_exchange import ask, playing

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "fixtures").rglob("*.md")])
EXAMPLE = re.compile(r"(?:<!-- runs: (?P<how>[^>]+) -->\n)?```python\n(?P<code>.*?)```", re.DOTALL)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)
ELSEWHERE = re.compile(r"\.\./\.\.|/(?:work|tmp|root|home|Users|mnt)/|file://|[A-Z]:\\")
"""Paths that mean nothing to whoever reads the page."""

FILES = {
    "x.sse": "dify/wf_iter_fail_par_continue.sse",
    "paused.sse": "dify/wf_human_1_paused.sse",
    "resumed.sse": "dify/wf_human_2_resumed_approve.sse",
}
"""What examples call a recording."""

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return request.config.getoption("--update-golden")


# ---- generated parts


@every_page
def test_the_generated_parts_of_a_page_are_current(page, update):
    check(page, generated.with_parts(page.read_text(encoding="utf-8")), update=update)


def test_the_schema_is_current(update):
    check(ROOT / "docs" / "run.schema.json", generated.schema(), update=update)


def test_the_schema_of_the_proxys_lines_is_current(update):
    check(ROOT / "docs" / "body-line.schema.json", generated.line_schema(), update=update)


async def test_a_line_of_the_proxy_fits_its_schema():
    lines: list[bytes] = []
    body = (FIXTURES / FILES["paused.sse"]).read_bytes()
    async with standing(playing(body), Lines(lines.append)) as site, ClientSession() as client:
        await ask(client, site.url)
    schema = json.loads(generated.line_schema())
    assert list(faults(json.loads(lines[0]), schema, schema)) == []


async def test_the_picture_of_the_viewer_is_current(update, monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    drawn = await picture.of_the_viewer()
    assert re.findall(r"href|src=|@import|url\((?!#)", drawn) == []  # it fetches nothing
    assert len(drawn.encode()) <= 60_000
    check(ROOT / "docs" / "viewer.svg", drawn, update=update)


def test_every_golden_run_fits_the_schema():
    schema = json.loads(generated.schema())
    goldens = [*FIXTURES.rglob("*.golden.json")]
    wrong = [(path.name, *fault) for path in goldens for fault in faults(load(path), schema, schema)]
    assert goldens
    assert wrong == []


def load(path):
    return {**json.loads(path.read_text(encoding="utf-8")), "revision": 0}  # the one key that goldens leave out


KINDS = {"string": str, "integer": int, "number": int | float, "boolean": bool, "array": list, "object": dict}


def faults(value, schema, root, path="$"):
    """Yield (path, what is wrong): as much of JSON Schema as the schema uses."""
    schema = root["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if "anyOf" in schema:
        found = [list(faults(value, choice, root, path)) for choice in schema["anyOf"]]
        yield from () if [] in found else min(found, key=len)
    elif "enum" in schema:
        yield from () if value in schema["enum"] else [(path, f"{value!r} is none of {schema['enum']}")]
    elif schema.get("type") == "null":
        yield from () if value is None else [(path, "is not null")]
    elif "type" in schema and not isinstance(value, KINDS[schema["type"]]):
        yield path, f"{value!r} is no {schema['type']}"
    elif schema.get("type") == "array":
        for index, item in enumerate(value):
            yield from faults(item, schema.get("items", {}), root, f"{path}[{index}]")
    elif schema.get("type") == "object":
        yield from ((path, f"{name} is missing") for name in schema.get("required", ()) if name not in value)
        for name, item in value.items():
            inside = schema.get("properties", {}).get(name, schema.get("additionalProperties", False))
            if inside is False:
                yield path, f"{name} is unknown"
            else:
                yield from faults(item, inside, root, f"{path}.{name}")


# ---- examples


def examples():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for number, found in enumerate(EXAMPLE.finditer(text), 1):
            name = f"{page.relative_to(ROOT)}:{number}"
            yield pytest.param(found["code"], (found["how"] or "").split(), id=name)


@pytest.mark.parametrize(("code", "how"), list(examples()))
async def test_an_example_runs(code, how, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if how == ["pytest"]:
        passes(code, tmp_path)
        return
    names = namespace(how, tmp_path)
    async with served(monkeypatch) if "served" in how else contextlib.nullcontext():
        result = eval(compiled(code), names)  # noqa: S307 - our own pages
        if inspect.isawaitable(result):
            await result
    if inspect.isasyncgenfunction(names.get("relay")):  # an example that shows how to relay: relay with it
        passed_on = [chunk async for chunk in names["relay"](names["upstream"])]
        assert b"".join(passed_on) == (FIXTURES / FILES["x.sse"]).read_bytes()
    if "aiohttp" in how:
        await relayed(names)
    assert names["told"] or how == ["paused.sse", "resumed.sse"]  # that one asserts by itself


async def relayed(names):
    """See that a handler of aiohttp's passes on what it is to."""
    body = (FIXTURES / FILES["x.sse"]).read_bytes()
    async with (
        serving(playing(body)) as names["dify"],
        ClientSession() as names["session"],
        serving(names["completions"]) as url,
    ):
        answer = await names["session"].post(url, data=b"{}", headers={"Authorization": "Bearer k"})
        assert await answer.read() == body


def passes(code, folder):
    """See that an example which is a test passes, in a project that has nothing else."""
    (folder / "test_example.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "streamkit.testing.plugin", "."]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@contextlib.asynccontextmanager
async def served(monkeypatch):
    """Servers of all vendors, of which the environment knows: a workflow with a form, and an agent."""
    names = ("dify/wf_human_1_paused", "dify/wf_human_2_resumed_approve", "ragflow/simple_message")
    async with ReplayServer([FIXTURES / f"{name}.sse" for name in names]).run() as server:
        for vendor in ("DIFY", "RAGFLOW"):
            monkeypatch.setenv(f"{vendor}_BASE_URL", server.url)
            monkeypatch.setenv(f"{vendor}_API_KEY", "key")
        yield


def compiled(code):
    return compile(code, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def namespace(how, folder):
    """What an example finds around it; `told` is what it logged, drew and printed."""
    told: list[object] = []

    def tell(*words: object) -> None:
        told.append(words)

    names = {"__name__": "example", "told": told, "log": tell, "print": tell}
    for word in how:
        if "." in word:
            shutil.copy(FIXTURES / FILES[word], folder / word)
    if "relay" in how:
        names |= {"upstream": Upstream(), "downstream": SimpleNamespace(write=Upstream.take)}
    if "live" in how:
        tap = Tap()
        tap.feed((FIXTURES / FILES["x.sse"]).read_bytes())
        names |= {"run": tap.run, "draw": tell, "erase": tell}
    return names


class Upstream:
    """A response as aiohttp and httpx give it."""

    def __init__(self) -> None:
        self.content = SimpleNamespace(iter_any=self.aiter_raw)

    async def aiter_raw(self) -> AsyncIterator[bytes]:
        body = (FIXTURES / FILES["x.sse"]).read_bytes()
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000]

    @staticmethod
    async def take(chunk: bytes) -> None:
        assert chunk


def test_an_example_of_the_json_kind_is_json():
    for page in PAGES:
        for block in re.findall(r"```json\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            json.loads(block)


# ---- links


@every_page
def test_links_lead_somewhere(page):
    prose = CODE.sub("", page.read_text(encoding="utf-8"))
    for target in (found["target"] for found in LINK.finditer(prose)):
        if not target.startswith(("https://", "http://")):
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            assert file.is_relative_to(ROOT), target
            assert file.exists(), target
            assert not anchor or anchor in anchors(file), target


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as GitHub makes them."""
    headings = HEADING.findall(re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_a_page_speaks_of_the_project_alone(page):
    assert ELSEWHERE.findall(page.read_text(encoding="utf-8")) == []


def test_every_page_is_linked():
    linked = {
        (page.parent / found["target"].partition("#")[0]).resolve()
        for page in PAGES
        for found in LINK.finditer(page.read_text(encoding="utf-8"))
    }
    assert [page for page in PAGES if page.resolve() not in linked] == []


def test_the_readme_in_chinese_is_the_same_page():
    """Its code but for comments, its links, its headings in their order; figures of benchmarks stand in one place alone."""
    english, chinese = (skeleton(ROOT / name) for name in ("README.md", "README.zh-CN.md"))
    for part in english:
        assert chinese[part] == english[part], part


def skeleton(page: Path) -> dict[str, object]:
    """What two languages of a page have in common."""
    text = page.read_text(encoding="utf-8")
    fences = [re.sub(r" +#.*", "", fence) for fence in re.findall(r"```.*?```", text, re.DOTALL)]
    links = {found["target"] for found in LINK.finditer(CODE.sub("", text))}
    levels = [len(found[0]) - len(found[0].lstrip("#")) for found in HEADING.finditer(CODE.sub("", text))]
    return {"code": fences, "links": links - {"README.md", "README.zh-CN.md"}, "headings": levels}


def test_every_command_has_a_section():
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert set(generated.COMMANDS) <= anchors(ROOT / "docs" / "cli.md")
    assert all(f"<!-- generated: help: {name} -->" in text for name in generated.COMMANDS)


def test_every_mark_of_a_drawing_is_explained():
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert all(f"| `{mark}` |" in text for mark in (*UNICODE.marks.values(), UNICODE.retry))


# ---- grace


def test_the_grace_of_the_pod_covers_its_sleep_and_the_proxys_grace():
    text = (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8")
    pod, sleep, grace = (
        int(re.search(pattern, text)[1])
        for pattern in (r"terminationGracePeriodSeconds: (\d+)", r'"sleep", "(\d+)"', r"--grace=(\d+)s")
    )
    assert sleep + grace < pod <= sleep + grace + 60
    service, stop = (int(re.search(pattern, text)[1]) for pattern in (r"--grace (\d+)s", r"TimeoutStopSec=(\d+)"))
    assert service < stop


def test_options_of_the_proxy_in_examples_exist():
    text = (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8") + (ROOT / "docs" / "proxy.md").read_text("utf-8")
    known = {name for parameter in proxy.params for name in parameter.opts} | {"--sample", "--user"}
    others = {"--no-cache-dir", "--directory", "--owner", "--group", "--mode", "--now"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= known | others
