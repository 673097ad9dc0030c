"""The tree beside its waterfall: rows, columns, the cursor that stays on its row, folds, and following."""

from decimal import Decimal

import pytest
from textual import events

from streamkit import Run
from streamkit.cli.render.cells import cells
from streamkit.run import NodeUsage
from tests.viewer.shown import CONTROLS, LOOK, NAMES, PLAIN, execution, hostile, large, run_of, screen
from viewer.axis import Axis
from viewer.facts import Now
from viewer.paint import Palette
from viewer.tree import RunTree
from viewer.widgets import lines
from viewer.widgets.run_tree import RunTreePane

from .panes import Host

ROUNDS = "dify/wf_iter_fail_par_continue.sse"


def pane_of(look=LOOK):
    return RunTreePane(Palette(ellipsis=look.glyphs.cut), look)


def show(pane, run, time=None, follow=False):
    pane.show(RunTree(run))
    pane.follow = follow
    at(pane, time if time is not None else run.last_progress_at or 0.0)


def at(pane, time):
    pane.moment = Now(time, pane.model.spent)
    pane.sync()


def text(spans):
    return "".join(span.text for span in spans)


# ---- lines


@pytest.mark.untraced
@pytest.mark.parametrize("look", [LOOK, PLAIN])
@pytest.mark.parametrize("width", [30, 47, 80, 140])
@pytest.mark.parametrize("run", [run_of(name) for name in NAMES[::40]] + [hostile()])
async def test_every_row_fills_the_width_and_is_safe(run, width, look):
    pane = pane_of(look)
    async with Host(pane).run_test(size=(width, 20)):
        show(pane, run)
        pane.model.open_all()
        for number in range(pane.height_now()):
            spans = pane.spans(number, width)
            assert sum(cells(span.text) for span in spans) == width
            assert not CONTROLS & set(text(spans))
        assert sum(cells(span.text) for span in pane.title(width)) == width


async def test_lines_join_a_row_with_what_holds_it():
    run = Run("dify")
    loop = execution(run, "loop", is_container=True, begin=0.0)
    for number in range(2):
        execution(run, f"in#{number}", inside=loop, index=number, begin=1.0, end=2.0)
    execution(run, "after", begin=3.0, end=4.0)
    pane = pane_of()
    async with Host(pane).run_test(size=(60, 12)) as pilot:
        show(pane, run)
        pane.model.open_all()
        pane.sync()
        await pilot.pause()
        drawn = [row[:12].rstrip() for row in screen(pilot.app).splitlines()[:7]]
        assert drawn == [
            "▾ ● run",
            "├─▾ ● Loop 2",
            "│ ├─▾ ● roun",
            "│ │ └─  ✓ In",
            "│ └─▾ ● roun",
            "│   └─  ✓ In",
            "└─  ✓ After",
        ]


async def test_a_bar_grows_as_long_as_something_runs():
    run = Run("dify")
    execution(run, "a", begin=0.0)
    run.count("x", 1, 0.0)
    pane = pane_of()
    async with Host(pane).run_test(size=(80, 5)):
        show(pane, run, 1.0)
        pane.zoomed = Axis(0.0, 10.0)
        lengths = []
        for time in (1.0, 5.0, 9.0):
            at(pane, time)
            lengths.append(text(pane.spans(1, 80)).count("█"))
        assert lengths == sorted(set(lengths))


async def test_time_alone_paints_what_runs_and_nothing_else(monkeypatch):
    run = Run("dify")
    run.count("x", 1, 0.0)
    execution(run, "over", begin=0.0, end=1.0)
    execution(run, "runs", begin=1.0)
    pane = pane_of()
    async with Host(pane).run_test(size=(80, 8)) as pilot:
        show(pane, run, 1.1)
        pane.zoomed = Axis(0.0, 10.0)
        at(pane, 1.2)
        await pilot.pause()
        painted = []
        monkeypatch.setattr(pane, "refresh_line", painted.append)
        at(pane, 1.21)
        assert painted == [], "less than a tenth of a second passed"
        at(pane, 1.5)
        assert painted == [0, 2]


async def test_the_first_cost_paints_all_rows_since_each_has_a_column_more(monkeypatch):
    run = Run("dify")
    run.count("x", 1, 0.0)
    execution(run, "free", begin=0.0, end=1.0)
    paid = execution(run, "paid", begin=1.0, end=2.0)
    pane = pane_of()
    async with Host(pane).run_test(size=(100, 8)) as pilot:
        show(pane, run, 2.0)
        pane.zoomed = Axis(0.0, 10.0)
        at(pane, 2.0)
        await pilot.pause()
        painted = []
        monkeypatch.setattr(pane, "refresh_line", painted.append)
        run.spend(paid, NodeUsage(total_tokens=1, cost={"USD": Decimal("0.01")}))
        at(pane, 2.0)
        assert painted == [0, 1, 2]


# ---- the cursor


async def test_the_cursor_stays_on_its_row_when_rows_come_above_it():
    run = Run("dify")
    loop = execution(run, "loop", is_container=True, begin=0.0)
    execution(run, "in#0", inside=loop, index=0, begin=0.0, end=1.0)
    execution(run, "last", begin=2.0, end=3.0)
    pane = pane_of()
    async with Host(pane).run_test(size=(60, 20)):
        show(pane, run)
        pane.choose(("x", "last"))
        for number in range(1, 5):
            execution(run, f"in#{number}", inside=loop, index=number, begin=1.0, end=2.0)
        pane.sync()
        assert pane.chosen.key == ("x", "last")
        assert pane.cursor == pane.model.row_of(("x", "last"))


async def test_a_row_that_is_folded_away_leaves_the_cursor_on_what_holds_it():
    pane = pane_of()
    async with Host(pane).run_test(size=(60, 20)):
        show(pane, run_of(ROUNDS))
        pane.choose(("r", "it#0", 3))
        pane.model.close_all()
        pane.sync()
        assert pane.chosen.key == ("x", "it#0")


async def test_what_is_chosen_far_away_is_shown_with_what_stands_before_it():
    pane = pane_of()
    async with Host(pane).run_test(size=(60, 12)) as pilot:
        show(pane, large(500))
        key = ("x", "n20#420")
        pane.choose(key)
        await pilot.pause()
        assert pane.chosen.key == key
        assert 0 < pane.cursor - round(pane.scroll_y) < pane.room


async def test_what_follows_looks_at_the_last_one_that_runs_until_somebody_goes_up(monkeypatch):
    monkeypatch.setattr(lines, "_LAYOUT_EVERY", 0.0)
    run = large(50)
    pane = pane_of()
    async with Host(pane).run_test(size=(60, 12)) as pilot:
        show(pane, run, follow=True)
        execution(run, "now", begin=5.0)
        pane.sync()
        await pilot.pause()
        assert pane.chosen.key == ("x", "now")
        pane.move_by(-1)
        assert not pane.follow
        execution(run, "later", begin=6.0)
        pane.sync()
        assert pane.chosen.key != ("x", "later")


async def test_who_scrolls_up_does_not_follow_any_more():
    pane = pane_of()
    async with Host(pane).run_test(size=(60, 12)) as pilot:
        show(pane, large(50), follow=True)
        await pilot.pause()
        pane.post_message(events.MouseScrollUp(pane, 1, 1, 0, -1, 0, False, False, False, 1, 1))
        await pilot.pause()
        assert not pane.follow


# ---- folds


async def test_a_click_on_a_mark_folds_and_one_elsewhere_only_chooses():
    pane = pane_of()
    async with Host(pane).run_test(size=(60, 20)) as pilot:
        show(pane, run_of(ROUNDS))
        await pilot.pause()
        place = pane.model.row_of(("x", "it#0"))
        await pilot.click(offset=(20, place))
        assert pane.chosen.key == ("x", "it#0")
        assert pane.chosen.open
        await pilot.click(offset=(2, place))
        assert pane.chosen.open is False
        await pilot.click(offset=(3, place))
        assert pane.chosen.open


async def test_in_a_list_of_its_own_nothing_folds_and_the_cursor_is_where_it_was():
    pane = pane_of()
    async with Host(pane).run_test(size=(60, 20)):
        show(pane, run_of(ROUNDS))
        pane.choose(("r", "it#0", 1))
        rows = [row for row in pane.model.walk() if row.key[0] != "x"]
        pane.narrow(rows)
        assert (pane.height_now(), pane.chosen.key) == (len(rows), ("r", "it#0", 1))
        pane.toggle()
        assert pane.height_now() == len(rows)
        pane.narrow(None)
        assert pane.chosen.key == ("r", "it#0", 1)


async def test_without_a_run_everything_can_be_asked():
    pane = pane_of()
    async with Host(pane).run_test(size=(60, 5)) as pilot:
        pane.sync()
        for do in (pane.fold, pane.unfold, pane.toggle, pane.to_parent):
            do()
        pane.move_by(1)
        pane.choose(("run",))
        await pilot.pause()
        assert (pane.chosen, pane.height_now(), screen(pilot.app).strip()) == (None, 0, "")
