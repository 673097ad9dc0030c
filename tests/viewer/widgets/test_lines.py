"""A pane of lines."""

from collections.abc import Sequence

from streamkit.cli.render.cells import Span
from tests.viewer.widgets.panes import Host, screen
from viewer.paint import Palette
from viewer.widgets.lines import Lines


class Numbers(Lines):
    """Lines that say their number."""

    def __init__(self, count):
        super().__init__(Palette())
        self.count = count
        self.made = []

    def height_now(self):
        return self.count

    def keys(self, first, count):
        return range(first, first + count)

    def spans(self, number, width) -> Sequence[Span]:
        self.made.append(number)
        return (Span(f"line {number}"),)


async def test_only_what_is_in_view_is_made():
    pane = Numbers(100_000)
    async with Host(pane).run_test(size=(20, 5)) as pilot:
        pane.sync()
        await pilot.pause()
        assert set(pane.made) == {0, 1, 2, 3, 4}
        pane.move_to(99_999)
        await pilot.pause()
        assert screen(pilot.app).splitlines()[4].split()[:2] == ["line", "99999"]
        assert len(set(pane.made)) <= 10


async def test_no_key_of_textual_scrolls_below_the_cursor():
    """The keys that move are commands of the viewer; a pane that scrolled by itself would swallow them."""
    pane = Numbers(100)
    async with Host(pane).run_test(size=(20, 5)) as pilot:
        pane.sync()
        pane.focus()
        await pilot.press("down", "pagedown", "end", "right")
        assert pane.scroll_y == 0


async def test_the_cursor_stays_among_the_lines():
    pane = Numbers(3)
    async with Host(pane).run_test(size=(20, 5)):
        pane.move_by(-5)
        assert pane.cursor == 0
        pane.move_by(50)
        assert pane.cursor == 2
        pane.count = 0
        pane.move_to(1)
        assert pane.cursor == 2, "where there are no lines it goes nowhere"
