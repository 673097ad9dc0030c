"""The pane of tokens."""

from streamkit import Tap
from viewer.paint import Palette
from viewer.widgets.tokens import Tokens

from .panes import LOOK, PLAIN, Clock, Host, body, run_of, screen


def pane_of(look=LOOK, clock=None):
    return Tokens(Palette(colour=False, ellipsis=look.glyphs.cut), look, clock or Clock())


async def test_it_goes_through_groups_and_units():
    pane = pane_of(PLAIN)
    async with Host(pane).run_test(size=(40, 6)) as pilot:
        assert pane.caption == "Tokens"
        pane.next_group()
        pane.toggle_unit()
        pane.show(run_of("dify/chat_llm_400_chunks.sse"))
        await pilot.pause()
        assert pane.caption == "Tokens by node"
        assert screen(pilot.app).splitlines() == [
            " sum 1,400 tok ok server too",
            " sum $0.0065 ok server too",
            " prompt 1.00k - completion 400",
            " LLM              ###############  1.40k",
        ]
        pane.next_group()
        pane.toggle_unit()
        await pilot.pause()
        assert pane.caption == "Cost by model"
        assert screen(pilot.app).splitlines()[-1] == " stub-large       ##########     $0.0065"
        pane.show(run_of("dify/wf_iter_seq5.sse"))
        await pilot.pause()
        assert (pane.caption, screen(pilot.app)) == ("Cost by model", " no tokens told")


async def test_sums_follow_a_run_that_goes_on():
    data, tap, pane = body("dify/chat_llm_400_chunks.sse"), Tap(), pane_of()
    async with Host(pane).run_test(size=(40, 6)) as pilot:
        tap.feed(data[: len(data) // 2])
        pane.rates = [10, 20]
        pane.show(tap.run)
        await pilot.pause()
        assert screen(pilot.app).splitlines() == [" no tokens told", " tok/s ▄█ ~20/s"]
        tap.feed(data[len(data) // 2 :])
        pane.rates = []
        pane.sync()
        await pilot.pause()
        assert screen(pilot.app).splitlines()[0] == " sum 1,400 tok ✓ server too"
        assert screen(pilot.app).splitlines()[-1].endswith(" 1.40k")


async def test_only_what_changed_is_painted(monkeypatch):
    pane = pane_of()
    async with Host(pane).run_test(size=(60, 10)):
        pane.rates = [5]
        pane.show(run_of("dify/chat_llm_400_chunks.sse"))
        painted = []
        monkeypatch.setattr(pane, "refresh_line", painted.append)
        pane.sync()
        assert painted == []
        pane.rates = [5, 9]
        pane.sync()
        assert painted == [3]
