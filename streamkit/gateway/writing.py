"""What a proxy says to the process that writes its recordings, and what it hears from there.

Commands are msgpack, each with its length before it; answers are JSON, one line for each batch of commands.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct, field

from streamkit.gateway.shelf import Limits

_PREFIX: Final = 4
"""Bytes of the length."""


class Command(Struct, frozen=True, array_like=True, tag=True):
    """The root of all commands. A recording is called by a number."""


class Shelve(Command, frozen=True):
    """Keep recordings within these limits; said once, before the first is kept."""

    limits: Limits


class Scratch(Command, frozen=True):
    """Delete a folder at the very end, however the end comes: nothing in it is to stay."""

    folder: str


class Begin(Command, frozen=True):
    """Make a file."""

    number: int
    path: str
    header: bytes
    """The line that it begins with, not masked yet."""
    secrets: tuple[bytes, ...]
    """What it must not say, as it came: not all of it need be text."""


class Write(Command, frozen=True):
    """Record bytes of the body."""

    number: int
    at: float
    data: bytes


class Close(Command, frozen=True):
    """Record the end, and close the file; without a reason, close it without an end."""

    number: int
    reason: str | None
    at: float
    """Seconds since the request."""


class Keep(Command, frozen=True):
    """Move a file to where recordings stay. Who began it may have been another process, which died."""

    number: int
    path: str
    name: str


class Drop(Command, frozen=True):
    """Delete a file."""

    number: int
    path: str


class Mark(Command, frozen=True):
    """Say when all before this is done."""

    number: int


class Told(Struct, omit_defaults=True):
    """What came of a batch of commands."""

    grown: list[int] = field(default_factory=list)
    """Recordings that have more in them."""
    closed: list[int] = field(default_factory=list)
    moved: dict[int, str] = field(default_factory=dict)
    """Where recordings stay, by their numbers."""
    problems: dict[int, str] = field(default_factory=dict)
    """What is wrong with a recording: it is not whole, or did not stay."""
    gone: list[int] = field(default_factory=list)
    """Recordings of which nothing more will be told."""
    done: list[int] = field(default_factory=list)
    """Marks."""
    kept: int = 0
    """How many recordings stay."""
    swept: int = 0
    """How many went, for room or age."""


_Any = Shelve | Scratch | Begin | Write | Close | Keep | Drop | Mark
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Any)


def encoded(command: Command) -> bytes:
    """Return a command as it is sent."""
    data = _encoder.encode(command)
    return len(data).to_bytes(_PREFIX) + data


class Commands:
    """Reads commands out of bytes that are cut anywhere."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[_Any]:
        """Yield the commands that are complete."""
        data, start = self._rest + data, 0
        while len(data) - start >= _PREFIX:
            end = start + _PREFIX + int.from_bytes(data[start : start + _PREFIX])
            if end > len(data):
                break
            yield _decoder.decode(memoryview(data)[start + _PREFIX : end])
            start = end
        self._rest = data[start:]
