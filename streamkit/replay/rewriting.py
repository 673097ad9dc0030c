"""A recording, told as if it happened now: other ids (`--fresh-ids`) and other times (`--retime`), same length.

Rule 1: what is rewritten keeps its length, so frames and chunks stay where they are.
Rule 2: an id becomes the same other id wherever it stands, in all recordings of a run and in what requests use then.
Rule 3: all times of a run move by one constant, so whatever lies between two of them stays.
"""

import re
import string
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEX: Final = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_TOKEN_LETTERS: Final = string.ascii_letters + string.digits
_SHORTEST_TOKEN: Final = 12

_KEYS: Final = (
    rb"created_at|finished_at|started_at|updated_at|expiration_time|expires_at|timestamp|sys\.timestamp|created"
    rb"|create_time|update_time"
)
_STAMP: Final = re.compile(rb'("(?:' + _KEYS + rb')"\s*:\s*)(\d{10}(?:\d{3})?)(?=[.,}\]\s]|$)')
"""An epoch stamp, in seconds or milliseconds. Counters of a process have fewer digits."""
_DATE: Final = re.compile(rb'("(?:' + _KEYS + rb')"\s*:\s*")(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)')
_MILLISECONDS: Final = 13


def shifted(body: bytes, seconds: int) -> bytes:
    """Return a body with all of its times moved."""
    if not seconds:
        return body
    moved = _STAMP.sub(lambda found: found[1] + _moved(found[2], seconds), body)
    return _DATE.sub(lambda found: found[1] + _moved_date(found[2], seconds), moved)


def first_stamp(body: bytes) -> int | None:
    """Return the earliest time in a body, in epoch seconds; None if it tells none."""
    stamps = [int(found[2][:10]) for found in _STAMP.finditer(body)]
    stamps += [int(_date(found[2]).timestamp()) for found in _DATE.finditer(body) if _is_date(found[2])]
    return min(stamps, default=None)


def _moved(stamp: bytes, seconds: int) -> bytes:
    moved = int(stamp) + seconds * (1000 if len(stamp) == _MILLISECONDS else 1)
    return b"%0*d" % (len(stamp), max(moved, 0))


def _moved_date(written: bytes, seconds: int) -> bytes:
    if not _is_date(written):
        return written
    return (_date(written) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").encode()


def _date(written: bytes) -> datetime:
    return datetime.fromisoformat(written.decode()).replace(tzinfo=UTC)


def _is_date(written: bytes) -> bool:
    try:
        _date(written)
    except ValueError:
        return False
    return True


class Ids:
    """Ids and tokens of one run, and what stands in their place."""

    def __init__(self, others: Mapping[str, str] | None = None) -> None:
        """Take what becomes of each id; by default every id stays."""
        self._others = {id: other for id, other in (others or {}).items() if other != id}
        # The longest first: an id may begin as another one does.
        words = sorted((re.escape(id.encode()) for id in self._others), key=len, reverse=True)
        self._any = re.compile(b"|".join(words)) if words else None

    def of(self, id: str | None) -> str | None:
        """Return what an id of the recording is called."""
        return self._others.get(id, id) if id is not None else None

    def rewrite(self, body: bytes) -> bytes:
        """Return a body with its ids replaced."""
        if self._any is None:
            return body
        return self._any.sub(lambda found: self._others[found[0].decode()].encode(), body)


def fresh_ids(ids: Iterable[str], tokens: Iterable[str], seed: str) -> Ids:
    """Return other ids of the same form: what is a UUID stays one, 32 hexadecimal digits stay that.

    Args:
        ids: those of a run; what is neither a UUID nor 32 hexadecimal digits stays.
        tokens: secrets of forms; short ones stay, as they may stand in any text.
        seed: decides what becomes of them.
    """
    others = {id: _fresh_id(id, _digest(id, seed).hex()) for id in ids}
    long = (token for token in tokens if len(token) >= _SHORTEST_TOKEN)
    return Ids(others | {token: _fresh_token(token, _digest(token, seed)) for token in long})


def _digest(text: str, seed: str) -> bytes:
    return blake2b(text.encode(), key=blake2b(seed.encode()).digest(), digest_size=64).digest()


def _fresh_id(id: str, digits: str) -> str:
    if _UUID.fullmatch(id):
        other = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"
        return other.upper() if id.isupper() else other
    if _HEX.fullmatch(id):
        return digits[:32].upper() if id.isupper() else digits[:32]
    return id


def _fresh_token(token: str, digest: bytes) -> str:
    return "".join(_TOKEN_LETTERS[digest[at % len(digest)] % len(_TOKEN_LETTERS)] for at in range(len(token)))
