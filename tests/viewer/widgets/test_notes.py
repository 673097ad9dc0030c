"""The pane of notes."""

from streamkit import Run
from streamkit.run import HumanInput
from viewer.paint import Palette
from viewer.widgets.notes import Notes

from .panes import LOOK, Clock, Host, Watched, run_of, screen


def pane_of(clock=None):
    return Notes(Palette(colour=False), LOOK, clock or Clock())


async def test_an_anomaly_is_explained_under_it_and_no_longer():
    pane = pane_of()
    async with Host(pane).run_test(size=(50, 9)) as pilot:
        assert (pane.count, pane.caption, pane.at_cursor) == (0, "Notes", None)
        pane.toggle()
        pane.show(run_of("hostile/unknown_events.sse"))
        await pilot.pause()
        before = screen(pilot.app)
        assert before.splitlines()[0] == " ! unknown-event ×2 quantum_started (frame 1)"  # noqa: RUF001
        assert (pane.count, pane.caption) == (4, "Notes 4")
        pane.move_to(1)
        pane.toggle()
        await pilot.pause()
        assert screen(pilot.app).splitlines()[1:4] == [
            " ! unknown-status ×2 node a: teleported (frame 3)",  # noqa: RUF001
            "   node a: teleported (frame 3)",
            "   The server sent a status word that the",
        ]
        pane.move_to(3)
        assert pane.at_cursor.about == "unknown-status"
        pane.toggle()
        await pilot.pause()
        assert screen(pilot.app) == before
        assert pane.cursor == 1
        pane.move_to(3)
        pane.toggle()
        assert pane.cursor == 3


async def test_a_form_counts_down_and_others_cost_nothing(monkeypatch):
    clock, run = Clock(1000.0), Run("dify")
    run.ask(
        HumanInput(
            form_id="f",
            node_id="n",
            title="Approval",
            token="t",  # noqa: S106
            expires_at=1059,
        )
    )
    pane = pane_of(clock)
    async with Host(pane).run_test(size=(50, 5)) as pilot:
        pane.show(run)
        await pilot.pause()
        assert screen(pilot.app) == " ‖ Approval waits, expires in 59s [a]"
        pane.move_to(0)
        assert pane.at_cursor.about == run.forms[0]
        painted = []
        monkeypatch.setattr(pane, "refresh_line", painted.append)
        pane.sync()
        clock.now += 0.5
        pane.sync()
        assert painted == []
        clock.now += 0.5
        pane.sync()
        assert painted == [0]


async def test_what_could_not_be_read_is_a_note_of_every_run():
    unread, pane = [], pane_of()
    async with Host(pane).run_test(size=(50, 5)) as pilot:
        pane.unread = unread
        pane.show(Run("dify"))
        assert pane.count == 0
        unread.append(Watched("a.sse", problem="gone"))
        pane.sync()
        await pilot.pause()
        assert screen(pilot.app) == " ✗ a.sse: gone"
