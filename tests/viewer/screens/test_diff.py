"""The screen of two runs beside each other."""

import pytest
from textual.app import App

from streamkit import Run
from tests.viewer.shown import CONTROLS, LOOK, PLAIN, SIZES, execution, hostile, run_of, screen
from viewer.paint import Palette
from viewer.screens.diff import DiffScreen


def runs():
    return tuple(
        run_of(f"dify/wf_iter_fail_seq_{kind}.sse") for kind in ("continue-on-error", "remove-abnormal-output")
    )


class Comparing(App):
    def __init__(self, old, new, look=LOOK):
        super().__init__()
        self.shown = DiffScreen(Palette(colour=look is LOOK), look, old, new)

    def on_mount(self):
        self.push_screen(self.shown)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", [LOOK, PLAIN])
async def test_both_runs_all_columns_and_the_first_difference_fit(size, look):
    app = Comparing(*runs(), look)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        rows = screen(app).splitlines()
        assert rows[0].split()[:3] == ["A", look.mark("succeeded").text.strip(), "workflow"]
        assert rows[1].split()[:3] == ["B", look.mark("succeeded").text.strip(), "workflow"]
        assert rows[2].strip() == "3 differences"
        assert rows[3].split() == ["node", "differs", *["time", "A", "time", "B", "+/-", "tok", "A", "tok", "B", "+/-"]]
        await pilot.press("n", "n", "enter")
        await pilot.pause()
        found = screen(app)
        assert "End: outputs, first at line 4" in found
        assert "A     null," in found
        assert 'B     "ok2",' in found
        assert look is LOOK or found.isascii()


async def test_keys_go_through_rows_and_differences():
    app = Comparing(*runs())
    async with app.run_test(size=(80, 24)) as pilot:
        pane = app.shown.query_one("#rows")
        last = pane.height_now() - 1
        places = []
        for key in ("j", "k", "n", "n", "n", "N", "G", "g", "ctrl+d", "ctrl+u", "pagedown", "down", "up"):
            await pilot.press(key)
            places.append(pane.cursor)
        assert places == [1, 0, 3, last, last, 3, last, 0, 10, 0, last, last, last - 1]


async def test_what_is_shown_follows_the_cursor_and_goes_before_the_screen_goes():
    app = Comparing(*runs())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "n")
        await pilot.pause()
        assert "For each item: outputs" in screen(app)
        await pilot.press("j")
        await pilot.pause()
        assert "nothing that both of them say differs" in screen(app)
        await pilot.press("escape")
        assert app.screen is app.shown
        assert not app.shown.has_class("open")
        await pilot.press("escape")
        assert app.screen is not app.shown


async def test_runs_that_say_the_same_are_told_so():
    run = runs()[0]
    app = Comparing(run, run)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n", "N")
        assert "nothing differs but time" in screen(app)


async def test_a_long_line_is_shown_where_it_differs():
    old, new = Run("dify"), Run("dify")
    for run, end in ((old, "left"), (new, "right")):
        execution(run, "x", begin=0.0, end=1.0).outputs_json = f'"{"x" * 10_000}{end}"'.encode()
    app = Comparing(old, new)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n", "enter")
        await pilot.pause()
        assert 'xleft"' in screen(app)
        assert 'xright"' in screen(app)


async def test_missing_and_added_executions_are_counted():
    old, new = Run("dify"), Run("dify")
    execution(old, "x", begin=0.0, end=1.0)
    execution(new, "y", begin=0.0, end=1.0)
    app = Comparing(old, new)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "2 differences, 1 only in A, 1 only in B" in screen(app)


async def test_hostile_words_leave_no_control():
    other = hostile()
    other.executions["inner"].outputs_json = b'"\\u001b[2J\\u009b"'
    app = Comparing(hostile(), other, PLAIN)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("n", "enter")
        await pilot.pause()
        assert not (CONTROLS - {"\n"}) & set(screen(app))


async def test_a_smaller_terminal_keeps_the_cursor_in_view():
    app = Comparing(*runs())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("G")
        await pilot.resize_terminal(80, 12)
        await pilot.pause()
        assert "End" in screen(app)
