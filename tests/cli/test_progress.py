import io
import sys

import pytest

from streamkit.cli import progress
from streamkit.cli.progress import with_progress
from streamkit.cli.rewriting import Original


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by so many seconds each time it is looked at."""

    def set_to(step):
        times = iter(range(10_000))
        monkeypatch.setattr(progress.time, "monotonic", lambda: next(times) * step)

    return set_to


@pytest.fixture
def stderr(monkeypatch):
    """Make stderr a terminal from now on: pytest sets its own before each test."""

    def become(stream=None):
        monkeypatch.setenv("TERM", "xterm")
        stream = Terminal() if stream is None else stream
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    return become


def test_long_work_says_how_far_it_is_and_leaves_no_trace(clock, stderr):
    shown = stderr()
    clock(1)
    assert list(with_progress(["a.sse", "\x1b[2Jb.sse"])) == ["a.sse", "\x1b[2Jb.sse"]
    assert shown.getvalue() == "\r\x1b[K1 of 2  a.sse\r\x1b[K2 of 2  b.sse\r\x1b[K"


def test_short_work_says_nothing(clock, stderr):
    shown = stderr()
    clock(0.001)
    assert len(list(with_progress(["a.sse"] * 100))) == 100
    assert shown.getvalue() == ""


def test_work_that_is_broken_off_leaves_no_trace(clock, stderr):
    shown = stderr()
    clock(1)
    names = with_progress(["a.sse", "b.sse"])
    next(names)
    names.close()
    assert shown.getvalue().endswith("\r\x1b[K")


def test_a_line_is_not_longer_than_a_terminal(clock, stderr, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    shown = stderr()
    clock(1)
    list(with_progress(["x" * 500]))
    assert len(shown.getvalue()) < 60


def test_a_pipe_sees_nothing(clock, stderr):
    shown = stderr(io.StringIO())
    clock(1)
    assert list(with_progress(["a"])) == ["a"]
    assert shown.getvalue() == ""


def test_a_terminal_that_cannot_erase_a_line_sees_nothing(clock, stderr, monkeypatch):
    shown = stderr()
    monkeypatch.setenv("TERM", "dumb")
    clock(1)
    assert list(with_progress(["a"])) == ["a"]
    assert shown.getvalue() == ""


def test_a_file_that_is_rewritten_says_how_much_of_it_is_read(clock, stderr, tmp_path):
    path = tmp_path / "x.sse"
    path.write_bytes(b"data: {}\n\n" * 100_000)
    original = Original(str(path))
    shown = stderr()
    clock(1)
    assert len(list(original.entries("converting"))) > 2
    assert shown.getvalue().startswith("\r\x1b[K26% converting ")
    assert "\r\x1b[K100% converting " in shown.getvalue()
    assert shown.getvalue().endswith("\r\x1b[K")
