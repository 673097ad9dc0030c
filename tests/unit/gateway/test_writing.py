"""Commands for the process that writes: they arrive as they were given, however the bytes are cut."""

import msgspec
import pytest

from streamkit.gateway.shelf import Limits
from streamkit.gateway.writing import Begin, Close, Commands, Drop, Keep, Mark, Scratch, Shelve, Told, Write, encoded

COMMANDS = [
    Shelve(Limits("/var/lib/streamkit", 10, 1.5)),
    Scratch("/var/spool/streamkit"),
    Begin(1, "/var/x.skrec", b'{"format":1}', (b"s3cr3t",)),
    Write(1, 0.25, b"data: \xff\n\n"),
    Write(1, 0.5, b""),
    Close(1, "eof", 1.0),
    Close(2, None, 1.0),
    Keep(1, "/var/x.skrec", "2026-01-02/app/failed-x.skrec"),
    Drop(2, "/var/y.skrec"),
    Mark(3),
]
BYTES = b"".join(map(encoded, COMMANDS))


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(BYTES) - 1, len(BYTES)])
def test_commands_arrive_however_they_are_cut(size):
    commands = Commands()
    pieces = [BYTES[start : start + size] for start in range(0, len(BYTES), size)]
    assert [command for piece in pieces for command in commands.feed(piece)] == COMMANDS


def test_what_came_of_them_is_one_line():
    told = Told([1], [1], {1: "/var/x.skrec"}, {2: "no space left on device"}, [1], [3], 1, 2)
    line = msgspec.json.encode(told)
    assert b"\n" not in line
    assert msgspec.json.decode(line, type=Told) == told
    assert msgspec.json.encode(Told()) == b"{}"
