"""A run while it goes on: lines in a pipe, a drawing on a terminal that is never taller than that."""

import re
from pathlib import Path

import pytest

from streamkit import Tap
from streamkit.cli.asking import shown
from streamkit.cli.asking.shown import Lines, Live, Nothing, show_of_stdout
from streamkit.cli.render import Look

DIFY = Path(__file__).parents[3] / "fixtures" / "dify"


def frames(name):
    return [frame + b"\n\n" for frame in (DIFY / name).read_bytes().split(b"\n\n") if frame]


FRAMES = frames("wf_iter_seq5.sse")


@pytest.fixture
def small(monkeypatch):
    """A terminal of ten lines."""
    monkeypatch.setattr(shown.shutil, "get_terminal_size", lambda: type("Size", (), {"lines": 10, "columns": 80})())


def play(show, ticks=True, of=FRAMES):
    tap = Tap("dify")
    for frame in of:
        tap.feed(frame)
        show.update(tap.run)
        if ticks:
            show.tick()
    tap.close()
    show.end(tap.run)
    return tap.run


def screen(written: str) -> list[str]:
    """What is on a terminal after all that: as much of one as `Live` uses."""
    lines: list[str] = [""]
    for part in re.split(r"(\x1b\[\d+A\r\x1b\[J)", written):
        up = re.match(r"\x1b\[(\d+)A", part)
        if up:
            lines = [*lines[: len(lines) - 1 - int(up[1])], ""]
        else:
            first, *rest = part.split("\n")
            lines = [*lines[:-1], lines[-1] + first, *rest]
    return lines


@pytest.mark.parametrize(("terminal", "show"), [("xterm", Live), ("dumb", Lines)])
def test_on_a_terminal_that_cannot_be_drawn_over_there_are_lines(monkeypatch, terminal, show):
    monkeypatch.setattr("streamkit.cli.output.is_terminal", lambda: True)
    monkeypatch.setenv("TERM", terminal)
    assert isinstance(show_of_stdout(), show)


def test_each_execution_has_one_line_in_the_order_in_which_they_ended(capsys):
    play(Lines(Look(width=80)))
    lines = capsys.readouterr().out.splitlines()
    ends = [line for line in lines if re.match(r"✓ \w.*  (start|code|iteration|end)  ", line)]
    assert [line.split("  ")[1] for line in ends if "Work" in line] == [f"round {index}" for index in range(5)]
    assert len(ends) == 9
    assert lines[len(ends)].startswith("✓ succeeded")


def test_of_a_traceback_a_line_has_what_was_raised(capsys):
    play(Lines(Look(width=80)), of=frames("wf_failed.sse"))
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("✗ Divide"))
    assert line == "✗ Divide  code  48ms  ZeroDivisionError: division by zero"


def test_a_drawing_takes_the_place_of_the_one_before(capsys):
    live = Live(Look(width=80))
    play(live)
    seen = screen(capsys.readouterr().out)
    assert sum("✓ succeeded" in line for line in seen) == 1
    assert not any("running" in line for line in seen)
    assert any("answer" in line for line in seen)


def test_a_drawing_is_never_taller_than_the_terminal(capsys, small):
    live = Live(Look(width=80))
    tap = Tap("dify")
    for frame in FRAMES:
        tap.feed(frame)
        live.update(tap.run)
        live.tick()
        drawn = capsys.readouterr().out.rpartition("\x1b[J")[2]
        assert len(drawn.splitlines()) <= 9
    assert "lines" in drawn


def test_nothing_is_drawn_that_did_not_change(capsys):
    live = Live(Look(width=80))
    live.tick()
    tap = Tap("dify")
    tap.feed(FRAMES[1])
    live.update(tap.run)
    live.tick()
    capsys.readouterr()
    live.tick()
    assert capsys.readouterr().out == ""


def test_who_is_asked_something_is_not_drawn_over(capsys):
    live = Live(Look(width=80))
    tap = Tap("dify")
    tap.feed(b"".join(FRAMES[:4]))
    live.update(tap.run)
    live.tick()
    live.make_room()
    capsys.readouterr()
    live.update(tap.run)
    live.tick()
    assert capsys.readouterr().out == ""
    live.go_on()
    live.tick()
    assert "workflow" in capsys.readouterr().out


def test_nothing_shows_nothing(capsys):
    play(Nothing())
    assert capsys.readouterr().out == ""
