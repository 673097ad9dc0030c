"""Makes the recordings that come with the package: `python -m tests.bundled.make`.

Bodies are those of the fixtures. Times, and what was asked, stand in the recordings that are there already and stay;
`--timings FOLDER` takes them anew, from `NAME.timing.json` (`[[milliseconds, bytes], …]`) and from what `NAME.expect.json`
says of request and response.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from streamkit import Run, Tap
from streamkit.recording import Chunk, End, Header, Recording, Request, Response, Source
from streamkit.testing.stream import EVENT_STREAM
from tests.bundled.table import FIXTURES, TOLD, Entry
from tests.golden import manifest

ROOT: Final = Path(__file__).parents[2]
BUNDLED: Final = ROOT / "streamkit" / "testing" / "recordings"

_PATHS: Final[Mapping[str, Mapping[str, str]]] = {
    "dify": {"workflow": "/v1/workflows/run", "completion": "/v1/completion-messages"},
    "ragflow": {
        "agent": "/api/v1/agents/chat/completions",
        "agent-session": "/api/v1/agents/chat/completions",
        "chat": "/api/v1/chat/completions",
    },
}
_TALK: Final = "/v1/chat-messages"
_USER: Final = "u-lab"
_JSON: Final = {"Content-Type": "application/json"}


def made(timings: Path | None = None) -> Iterator[tuple[Path, Recording]]:
    """Yield every recording with where it belongs."""
    known = manifest.read()
    for entry in FIXTURES:
        path = BUNDLED / f"{entry.name}.skrec"
        before = Recording.load(path) if path.exists() else None
        yield path, _recorded(entry, known, _Timings(timings, entry) if timings else None, before)
    for name, (mode, stream) in TOLD.items():
        recording = stream.recording()
        about = f"told step by step, as {name.split('/')[1]} sends it"
        yield BUNDLED / f"{name}.skrec", _with_extra(recording, name, mode, "synthetic", about)


class _Timings:
    """What is known of a fixture beside its body."""

    def __init__(self, folder: Path, entry: Entry) -> None:
        vendor, name = entry.fixture.split("/")[0], entry.fixture.split("/")[-1]
        found = [path for path in (folder / vendor, folder / "ragflow") if (path / f"{name}.timing.json").exists()]
        self.times: list[tuple[float, int]] = _load(found[0] / f"{name}.timing.json") if found else []
        expect = _load(found[0] / f"{name}.expect.json") if found else {}
        self.request: Any = expect.get("request")
        self.headers: dict[str, str] | None = expect.get("response", {}).get("headers")


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _recorded(
    entry: Entry, known: Mapping[str, Mapping[str, Any]], timings: _Timings | None, before: Recording | None
) -> Recording:
    path = _fixture(entry)
    body = path.read_bytes()
    run = _run(body)
    if timings is not None and timings.times:
        chunks = _cut(body, timings.times)
    elif before is not None and before.is_timed:
        chunks = _cut(body, [(1000 * chunk.at, len(chunk.data)) for chunk in before.chunks])
    else:
        chunks = [Chunk(0.0, body)]
    is_timed = len(chunks) > 1 or chunks[0].at > 0
    told = known[path.relative_to(ROOT / "fixtures").as_posix()]
    header = Header(
        source=Source(entry.name.split("/")[0], "GET" if "events" in entry.url else "POST", _url(entry, run)),
        request=_request(entry, run, timings, before),
        response=Response(status=200, headers=_response(body, timings, before)),
        is_timed=is_timed,
    )
    recording = Recording(chunks, header, end=End("eof", at=chunks[-1].at))
    return _with_extra(recording, entry.name, entry.mode, told["origin"], told["exercises"])


def _fixture(entry: Entry) -> Path:
    return ROOT / "fixtures" / f"{entry.fixture}.sse"


def _run(body: bytes) -> Run:
    tap = Tap()
    tap.feed(body)
    tap.close()
    return tap.run


def _cut(body: bytes, times: list[tuple[float, int]]) -> list[Chunk]:
    """Cut a body as it came."""
    chunks, start = [], 0
    for milliseconds, size in times:
        chunks.append(Chunk(round(milliseconds / 1000, 5), body[start : start + size]))
        start += size
    assert start == len(body), "these are the times of another body"
    return chunks


def _url(entry: Entry, run: Run) -> str:
    vendor = entry.name.split("/")[0]
    url = entry.url or _PATHS[vendor].get(entry.mode, _TALK)
    agent = hashlib.md5(entry.fixture.encode(), usedforsecurity=False).hexdigest()
    return url.format(run=run.id, user=_USER, agent=agent)


def _request(entry: Entry, run: Run, timings: _Timings | None, before: Recording | None) -> Request:
    """Return what was asked: as it was recorded, or as far as the run tells it."""
    if "events" in entry.url:
        return Request()
    if timings is not None and timings.request is not None:
        return Request(_JSON, timings.request)
    if entry.name.startswith("dify"):
        return Request(_JSON, _asked_of_dify(run))
    kept = before.header.request.body if before is not None and before.header is not None else None
    return Request(_JSON, kept if kept is not None else {"stream": True})


def _asked_of_dify(run: Run) -> dict[str, Any]:
    inputs = json.loads(run.inputs_json or b"{}")
    asked = {"inputs": {name: value for name, value in inputs.items() if not name.startswith("sys.")}}
    query = {"query": inputs["sys.query"]} if "sys.query" in inputs else {}
    return {**query, **asked, "response_mode": "streaming", "user": inputs.get("sys.user_id", _USER)}


def _response(body: bytes, timings: _Timings | None, before: Recording | None) -> dict[str, str]:
    if timings is not None and timings.headers is not None:
        return {name: value for name, value in timings.headers.items() if name != "Transfer-Encoding"}
    if before is not None and before.header is not None:
        return before.header.response.headers
    return _JSON if body.startswith(b"{") else EVENT_STREAM


def _with_extra(recording: Recording, name: str, mode: str, origin: str, about: str) -> Recording:
    header = recording.header
    assert header is not None
    extra = {"generation": name.split("/")[1], "mode": mode, "origin": origin, "about": about}
    told = Header(header.source, header.request, header.response, header.created, header.is_timed, extra)
    return Recording(recording.chunks, told, end=recording.end)


if __name__ == "__main__":
    words = sys.argv[1:]
    folder = Path(words[words.index("--timings") + 1]) if "--timings" in words else None
    for path, recording in list(made(folder)):
        path.parent.mkdir(parents=True, exist_ok=True)
        recording.save(path, overwrite=True)
        path.chmod(0o644)
