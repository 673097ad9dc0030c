"""`fixtures/MANIFEST.json`: of every fixture its digest, its origin, and the rules of the protocol that it exercises.

Words are written by hand into the manifest itself; `pytest --update-golden` (or `python -m tests.golden.manifest`)
refreshes sizes and digests, adds new files with empty words, and drops what is gone. A test fails while a word is
missing. A rule is named as in docs/protocol-dify.md (`C.5`), or as in docs/protocol-ragflow.md with `R.` before it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from tests.golden.goldens import FIXTURES

MANIFEST: Final = FIXTURES / "MANIFEST.json"
ORIGINS: Final = ("recorded", "synthetic", "standard")

_NOT_FIXTURES: Final = ("README.md", "MANIFEST.json")


def fixtures() -> list[Path]:
    """Every file that is a fixture, by its path below `fixtures/`; what is expected of one is none."""
    files = (path.relative_to(FIXTURES) for path in FIXTURES.rglob("*") if path.is_file())
    return sorted(path for path in files if path.name not in _NOT_FIXTURES and not _is_expectation(path))


def _is_expectation(path: Path) -> bool:
    return path.name.endswith(".golden.json") or (_is_standard(path) and path.suffix == ".json")


def _is_standard(path: Path) -> bool:
    return path.parts[0] == "conformance"


def read() -> dict[str, dict[str, Any]]:
    """Return the manifest as it is written."""
    entries: dict[str, dict[str, Any]] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return entries


def entry(path: Path, known: dict[str, Any]) -> dict[str, Any]:
    """Return what the manifest must say of a fixture, with the words that are known already."""
    body = (FIXTURES / path).read_bytes()
    if _is_standard(path):  # such a case says itself what it proves
        case = json.loads((FIXTURES / path).with_suffix(".json").read_text(encoding="utf-8"))
        known = {"origin": "standard", "exercises": case["proves"], "rules": ["A.1"]}
    return {
        "origin": known.get("origin", ""),
        "server": known.get("server"),
        "exercises": known.get("exercises", ""),
        "rules": known.get("rules", []),
        "bytes": len(body),
        "sha256": sha256(body),
    }


def sha256(body: bytes) -> str:
    """Return the digest of a body as the manifest writes it."""
    return hashlib.sha256(body).hexdigest()


def text() -> str:
    """Return the manifest as it must be."""
    known = read() if MANIFEST.exists() else {}
    entries = {path.as_posix(): entry(path, known.get(path.as_posix(), {})) for path in fixtures()}
    return json.dumps(entries, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    MANIFEST.write_text(text(), encoding="utf-8", newline="\n")
