"""The stages of streamkit, the same of its peers, and the limits that no parser passes.

A stage is a function of one case: a body cut into chunks. It looks at everything that comes out, and keeps nothing.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from benchmarks.cases import Case
from benchmarks.peers import LOOP, PEERS, Peer

Stage = Callable[[Case], None]

_TODAY: Final = ("httpx-sse", LOOP)
"""With these and `json.loads` streams are read today."""
_DONE: Final = ("[DONE]", b"[DONE]")


class Library:
    """What can be measured of one library."""

    def __init__(
        self,
        stages: Mapping[str, Stage],
        frames: Callable[[Case], Iterator[Any]] | None = None,
        *,
        decodes: bool = False,
    ) -> None:
        self.stages = stages
        self.frames = frames
        """The data of each frame, to be compared with what was sent; None for a limit, which parses nothing."""
        self.decodes = decodes


# ---- streamkit


def _frame(case: Case) -> None:
    from streamkit import Parser

    feed = Parser().feed
    for chunk in case.chunks:
        for frame in feed(chunk):
            frame.data  # noqa: B018 - as for the peers


def _decode(case: Case) -> None:
    from streamkit.reader import Reader

    events = Reader(case.dialect).events
    for chunk in case.chunks:
        for _ in events(chunk):
            pass


def _feed(case: Case) -> None:
    from streamkit import Tap

    tap = Tap(case.dialect)
    for at, chunk in enumerate(case.chunks):
        for _ in tap.feed(chunk, at=at):
            pass
    tap.close()
    assert tap.run.status == "succeeded"


def _run(case: Case) -> None:
    from streamkit import Tap

    _observe(case, Tap(case.dialect))


def _gateway(case: Case) -> None:
    from streamkit import GATEWAY, Tap

    _observe(case, Tap(case.dialect, retention=GATEWAY))


def _observe(case: Case, tap: Any) -> None:  # Any: a process that measures a peer does not import streamkit
    for at, chunk in enumerate(case.chunks):
        tap.observe(chunk, at=at)
    tap.close()
    assert tap.run.status == "succeeded"


def _frames(case: Case) -> Iterator[bytes]:
    from streamkit import Parser

    parser = Parser()
    for chunk in case.chunks:
        for frame in parser.feed(chunk):
            yield bytes(frame.data)


# ---- peers


def _peer(name: str, peer: Peer) -> Library:
    def frame(case: Case) -> None:
        for _ in peer.frames(case.chunks):
            pass

    def decode_with(loads: Callable[[Any], Any]) -> Stage:
        def decode(case: Case) -> None:
            for data in peer.frames(case.chunks):
                if data not in _DONE:
                    loads(data)

        return decode

    def frames(case: Case) -> Iterator[Any]:
        return peer.frames(case.chunks)

    if peer.decodes:
        return Library({"frame": frame, "decode": frame}, frames, decodes=True)
    import orjson

    stages = {"frame": frame, "decode": decode_with(orjson.loads)}
    if name in _TODAY:
        stages["json"] = decode_with(json.loads)
    return Library(stages, frames)


# ---- limits


def _msgspec(case: Case) -> None:
    """Typed decoding alone, by streamkit's own decoder, of payloads that somebody has cut out already."""
    from streamkit.dialects import DIALECTS

    decode = DIALECTS[case.dialect]._decoder.decode
    for payload in case.payloads:
        decode(payload)


def _split(case: Case) -> None:
    for chunk in case.chunks:
        for _ in chunk.split(b"\n\n"):
            pass


def _join(case: Case) -> None:
    body = b"".join(case.chunks)
    end = body.find(b"\n")
    while end >= 0:
        end = body.find(b"\n", end + 1)


STREAMKIT: Final = "streamkit"
COMPILED: Final = "streamkit, compiled"
LIMITS: Final[Mapping[str, Library]] = {
    "msgspec alone": Library({"decode": _msgspec}),
    "bytes.split": Library({"frame": _split}),
    "join and find": Library({"join": _join}),
}


def library(name: str) -> Library:
    """Return what can be measured under a name."""
    if name in (STREAMKIT, COMPILED):
        stages = {"frame": _frame, "decode": _decode, "feed": _feed, "run": _run, "gateway": _gateway}
        return Library(stages, _frames)
    return LIMITS[name] if name in LIMITS else _peer(name, PEERS[name])
