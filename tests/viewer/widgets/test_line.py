"""A single line that says what a function returns."""

from streamkit.cli.render.cells import Span
from viewer.paint import Palette
from viewer.widgets.line import Line

from .panes import Host, screen


class Said:
    """What a line is to say; remembers how often it was asked, and for how many columns."""

    def __init__(self, text):
        self.text, self.widths = text, []

    def __call__(self, width):
        self.widths.append(width)
        return [Span(self.text)]


async def test_it_says_what_it_is_told_also_before_the_first_tick():
    said = Said("one")
    async with Host(Line(Palette(), said)).run_test(size=(20, 3)) as pilot:
        assert screen(pilot.app) == "one"
        assert set(said.widths) == {20}


async def test_it_is_painted_only_when_it_says_something_else(monkeypatch):
    said = Said("one")
    line = Line(Palette(), said)
    async with Host(line).run_test(size=(20, 3)) as pilot:
        line.sync()
        await pilot.pause()
        painted = []
        monkeypatch.setattr(line, "refresh", lambda: painted.append(said.text))
        line.sync()
        assert painted == []
        said.text = "two"
        line.sync()
        assert painted == ["two"]


async def test_it_fills_one_row_and_what_is_too_long_is_cut():
    said = Said("漢字" * 20)
    async with Host(Line(Palette(), said)).run_test(size=(21, 3)) as pilot:
        assert screen(pilot.app) == "漢字" * 5 + "…"
        said.text = "x" * 100
        pilot.app.pane.sync()
        await pilot.pause()
        assert screen(pilot.app) == "x" * 20 + "…"


async def test_it_asks_anew_when_it_is_resized():
    said = Said("one")
    async with Host(Line(Palette(), said)).run_test(size=(20, 3)) as pilot:
        await pilot.resize_terminal(30, 3)
        pilot.app.pane.sync()
        assert said.widths[-1] == 30
