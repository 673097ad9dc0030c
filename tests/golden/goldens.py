"""Expected files that stand next to what they are about, are written by one command, and are read as diffs.

`pytest --update-golden` writes them; everything else compares. A golden run is the published state of a run as JSON,
complete but for `revision` (a counter of ours that says nothing of the run). Long strings and deep values are
abbreviated, and characters that a terminal or an editor would obey are escaped, so that a diff shows what is there.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from difflib import unified_diff
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from streamkit import Run, Tap
from streamkit.recording import Recording

FIXTURES: Final = Path(__file__).parents[2] / "fixtures"
DEMO: Final = Path(__file__).parents[2] / "streamkit" / "demo"
"""Recordings that come with the package; their goldens stand in `fixtures/demo`, as the wheel needs none."""

BODIES: Final = (".sse", ".json", ".ndjson", ".html", ".bin")
"""A fixture is a response body: nearly always a stream, in `hostile/` also what comes in place of one."""

BY_HAND: Final = tuple(FIXTURES / name / "protocol" for name in ("ragflow", "openai", "lighton"))
"""Samples whose runs stand in `test_protocol_samples_ragflow.py`; a second copy would only take room."""

_LONGEST: Final = 200
_SHOWN: Final = 60
_DEEPEST: Final = 60
_DIFF_LINES: Final = 60
_INVISIBLE: Final = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\uffff]"
)


def bodies() -> list[Path]:
    """Every response body that is a run or a part of one. Cases of `conformance` test the parser."""
    own = [path for path in FIXTURES.rglob("*") if path.suffix in BODIES and _is_body(path)]
    return sorted(own) + sorted(DEMO.glob("*.skrec"))


def body_of(path: Path) -> bytes:
    """Return the bytes of a body, whatever it is kept in."""
    return Recording.load(path).body


def _is_body(path: Path) -> bool:
    parts = path.relative_to(FIXTURES).parts
    return len(parts) > 1 and parts[0] != "conformance" and not path.name.endswith(".golden.json")


def has_golden(path: Path) -> bool:
    """Whether a golden run stands beside a body; the samples of a table that was derived by hand need none."""
    return path.parent not in BY_HAND


def name_of(path: Path) -> str:
    """Return what a test and a message call a body."""
    return f"demo/{path.stem}" if path.parent == DEMO else str(path.relative_to(FIXTURES).with_suffix(""))


def golden_of(name: str) -> Path:
    """Return where the golden run of a body or of a chain of bodies stands."""
    return FIXTURES / f"{name}.golden.json"


def fold(paths: Iterable[Path], size: int | None = None) -> Run:
    """Fold the bodies of one run, in order; `size` bytes at a time, by default each body at once."""
    run: Run | None = None
    for path in paths:
        body = body_of(path)
        tap = Tap("auto", run=run)
        for start in range(0, len(body), size or len(body) or 1):
            tap.feed(body[start : start + (size or len(body))])
        tap.close()
        run = tap.run
    assert run is not None
    return run


def golden_text(run: Run) -> str:
    """Return the golden form of a run."""
    state: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(run.snapshot()))
    del state["revision"]
    text = json.dumps(_abbreviated(state), ensure_ascii=False, indent=1, sort_keys=True)
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def _abbreviated(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return f"{value[:_SHOWN]} … ({len(value)} characters, {_digest(value)})" if len(value) > _LONGEST else value
    if isinstance(value, list | dict) and depth > _DEEPEST:
        return f"… (nested deeper, {_digest(json.dumps(value))})"
    if isinstance(value, list):
        return [_abbreviated(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_abbreviated(key): _abbreviated(item, depth + 1) for key, item in value.items()}
    return value


def _digest(text: str) -> str:
    return f"sha256 {hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def check(path: Path, text: str, *, update: bool) -> None:
    """Compare a file with what it should say, or write it."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if before == text:
        return
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        return
    diff = [line.rstrip("\n") for line in unified_diff(before.split("\n"), text.split("\n"), "expected", "got", n=3)]
    more = [f"… and {len(diff) - _DIFF_LINES} lines more"] if len(diff) > _DIFF_LINES else []
    shown = "\n".join(diff[:_DIFF_LINES] + more)
    pytest.fail(f"{path.name} differs; if that is meant: pytest --update-golden\n{shown}", pytrace=False)
