"""The pane of runs."""

from streamkit import Run
from streamkit.run import Usage
from viewer.paint import Palette
from viewer.widgets.runs import RunList

from .panes import LOOK, PLAIN, Clock, Host, Watched, run_of, screen

NOW = 1_795_301_608 + 130.0


def listing(entries, look=LOOK, clock=None):
    pane = RunList(Palette(colour=False, ellipsis=look.glyphs.cut), look, clock or Clock(1e9))
    pane.entries = entries
    return pane


def ended(total, at):
    run = Run("dify")
    run.start(started_at=at)
    run.finish("succeeded", total_tokens=total, elapsed_time=1.0)
    return run


async def test_it_shows_the_runs_and_marks_the_chosen_one():
    bot = Watched("support-bot", run_of("dify/chat_llm_400_chunks.sse"))
    unread = Watched("kb.sse", problem="permission denied")
    pane = listing([bot, unread, Watched("ocr\x1b[2J", run_of("dify/wf_human_1_paused.sse"))], clock=Clock(NOW))
    async with Host(pane).run_test(size=(44, 5)) as pilot:
        pane.chosen = bot
        pane.sync()
        await pilot.pause()
        assert pane.caption == "Runs 3"
        assert screen(pilot.app).splitlines() == [
            "▌✓ support-bot              2m  2.35s  1.40k",
            " ‖ ocr                      6m  228ms",
            " ✗ kb.sse permission denied",
        ]


async def test_it_is_filtered_and_says_of_how_many():
    pane = listing([Watched(name, ended(1, at)) for at, name in enumerate("abc")], PLAIN)
    async with Host(pane).run_test(size=(20, 4)) as pilot:
        pane.filter_by(lambda entry: entry.name != "b")
        await pilot.pause()
        assert pane.caption == "Runs 2/3"
        assert [line.split()[1] for line in screen(pilot.app).splitlines()] == ["c", "a"]
        pane.filter_by(None)
        assert pane.caption == "Runs 3"


async def test_the_cursor_stays_on_its_run_when_the_order_changes():
    entries = [Watched(name, ended(total, 5)) for name, total in (("a", 1), ("b", 2), ("c", 3))]
    pane = listing(entries)
    async with Host(pane).run_test(size=(40, 5)):
        pane.sync()
        pane.move_to(0)
        assert pane.at_cursor is entries[2]
        pane.sort_by("tokens")
        assert (pane.caption, pane.cursor, pane.at_cursor) == ("Runs 3 by tokens", 0, entries[2])
        pane.sort_by()
        assert pane.sort == "cost"
        entries[2:] = []
        pane.sync()
        assert pane.at_cursor in entries
        entries.clear()
        pane.sync()
        assert pane.cursor is None
        assert pane.at_cursor is None


async def test_only_what_changed_is_painted(monkeypatch):
    clock = Clock(1e9)
    live = Watched("live", Run("dify"), live=True)
    live.run.start(started_at=1e9 - 100)
    entries = [Watched(f"r{number}", ended(1, 1e9 - 1000)) for number in range(500)]
    pane = listing([live, *entries], clock=clock)
    async with Host(pane).run_test(size=(60, 20)):
        pane.sync()
        painted = []
        monkeypatch.setattr(pane, "refresh_line", painted.append)
        clock.now += 0.5
        pane.sync()
        assert painted == []
        clock.now += 0.5
        pane.sync()
        assert painted == [0]
        entries[-1].run.report_usage(Usage(total_tokens=77))
        pane.sync()
        assert painted == [0, 1]
        clock.now += 60
        pane.sync()
        assert painted[2:] == list(range(20))


async def test_figures_stand_beside_the_scrollbar_and_not_under_it():
    pane = listing([Watched(f"r{number}", ended(123, 5)) for number in range(30)])
    async with Host(pane).run_test(size=(33, 5)) as pilot:
        pane.sync()
        await pilot.pause()
        assert screen(pilot.app).splitlines()[3].split() == ["✓", "r26", "31y", "1.00s", "123"]
        pane.move_to(29)
        await pilot.pause()
        assert screen(pilot.app).splitlines()[0].split()[:5] == ["✓", "r4", "31y", "1.00s", "123"]


async def test_an_empty_list_is_drawn():
    pane = listing([])
    async with Host(pane).run_test(size=(20, 3)) as pilot:
        pane.sync()
        await pilot.pause()
        assert (screen(pilot.app), pane.caption) == ("", "Runs 0")
