"""The whole viewer over runs that change: what a tick brings into which pane, and when it beats."""

import pytest

from tests.viewer.program import Still, body, opened, shown, watch
from viewer.keymap import COMMANDS
from viewer.session import Session
from viewer.stream import Watch
from viewer.widgets.scrub import Scrub

ROUNDS = "dify/wf_iter_fail_par_continue"
FORM = "dify/wf_human_1_paused"
SPEECH = "dify/chat_llm_400_chunks"


def going_on(name=ROUNDS, part=0.5, clock=lambda: 7.0):
    """A run of which a part came, live."""
    found = Watch()
    data = body(name)
    stream = opened(found, clock=clock)
    stream.feed(data[: int(len(data) * part)])
    return found, stream, data[int(len(data) * part) :]


async def test_what_comes_is_shown_by_the_next_tick_and_by_no_message():
    found, stream, rest = going_on()
    async with shown(watching=found) as viewer:
        assert "● running" in viewer.rows[0]
        stream.feed(rest)
        stream.close()
        await viewer.settle()
        assert "✓ succeeded" in viewer.rows[0]
        assert "End" in viewer.text


async def test_a_run_that_comes_later_is_listed_and_the_first_one_stays_chosen():
    found = watch(ROUNDS)
    async with shown(watching=found) as viewer:
        stream = opened(found, "second.sse")
        stream.feed(body(FORM))
        stream.close()
        await viewer.settle()
        assert viewer.app.runs.caption == "Runs 2"
        assert viewer.app.session.chosen is found.runs[0]


async def test_a_run_that_is_withdrawn_gives_way_to_another_one():
    found = watch(ROUNDS, FORM)
    async with shown(watching=found) as viewer:
        found.withdraw(found.runs[0])
        await viewer.settle()
        assert "wf_human_1_paused" in viewer.rows[0]


# ---- what no run knows itself


async def test_a_live_run_says_how_fast_it_speaks_and_one_that_is_over_does_not(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("viewer.app.monotonic", lambda: now[0])
    found, stream, rest = going_on(SPEECH, 0.1)
    async with shown(watching=found) as viewer:
        assert "tok/s" not in viewer.text, "nobody knows when that came"
        stream.feed(rest[: len(rest) // 2])
        now[0] += 1
        await viewer.settle()
        pieces = viewer.app.tokens.rates[-1]
        assert f"~{pieces}/s" in viewer.text
        await viewer.press("space")
        assert "tok/s" not in viewer.text, "it is said of now, and one looks at the past"
        await viewer.press("'")
        assert "tok/s" in viewer.text
        stream.feed(rest[len(rest) // 2 :])
        stream.close()
        await viewer.settle()
        assert "tok/s" not in viewer.text


async def test_a_recording_has_no_speed():
    async with shown(SPEECH) as viewer:
        await viewer.settle()
        assert viewer.app.tokens.rates == ()


async def test_files_that_cannot_be_read_are_noted_whatever_run_is_looked_at():
    found = watch(ROUNDS, FORM)
    for name, problem in (("/a/b/gone.sse", "permission denied"), ("/a/b/odd.sse", "holds no event")):
        stream = opened(found, name)
        stream.watched.problem = problem
        stream.close()
    async with shown(watching=found) as viewer:
        for _ in range(2):
            assert [row for row in viewer.rows if "gone.sse: permission denied" in row]
            assert [row for row in viewer.rows if "odd.sse: holds no event" in row]
            await viewer.press("}")
        found.runs[2].problem = "no such file"
        await viewer.settle()
        assert "gone.sse: no such file" in viewer.text


# ---- the past


async def test_panes_follow_to_an_earlier_moment():
    async with shown(FORM) as viewer:
        assert "waits" in viewer.text
        await viewer.press("0")
        assert viewer.app.notes.count == 0
        assert "as of now" not in viewer.text


async def test_of_a_run_too_large_to_be_folded_anew_they_say_that_they_are_of_now(monkeypatch):
    monkeypatch.setattr("viewer.session._FOLDED_ANEW", 5)
    async with shown(FORM) as viewer:
        assert "as of now" not in viewer.text
        await viewer.press("0")
        captions = [viewer.app.tokens.caption, viewer.app.notes.caption]
        assert captions == ["Tokens by node, as of now", "Notes 1, as of now"]
        assert all(caption in viewer.text for caption in captions)
        assert "workflow, as of now" in viewer.text
        await viewer.press("]", "]", "j")
        assert viewer.app.run_tree.chosen.key[0] == "x"
        assert "Start ─" in viewer.text
        await viewer.press("'")
        assert "as of now" not in viewer.text


@pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
async def test_a_click_on_the_strip_looks_at_that_moment(fraction):
    async with shown(ROUNDS) as viewer:
        history = viewer.app.session.chosen.history
        viewer.app.post_message(Scrub.Seek(fraction))
        await viewer.settle()
        wanted = history.event_at(history.began_at + fraction * (history.ended_at - history.began_at))
        assert viewer.app.session.past == (wanted if wanted < history.events else None)


# ---- the beat


async def test_it_is_busy_while_it_plays_and_live_while_more_may_come():
    found, stream, rest = going_on()
    async with shown(watching=found) as viewer:
        assert (viewer.app._is_live, viewer.app._is_busy) == (True, False)
        stream.feed(rest)
        stream.close()
        assert not viewer.app._is_live
    async with shown(ROUNDS) as viewer:
        await viewer.press("(", "(", "(", "space")
        assert (viewer.app._is_live, viewer.app._is_busy) == (False, True)


async def test_bytes_wake_a_viewer_that_sleeps():
    found, stream, rest = going_on()
    async with shown(watching=found) as viewer:
        woken = []
        viewer.app.pulse.wake = lambda: woken.append(1)
        found.on_news = viewer.app.pulse.wake
        stream.feed(rest)
        assert woken


async def test_a_beat_looks_at_the_tree_each_time_and_around_it_every_third_time(monkeypatch):
    async with shown(ROUNDS) as viewer:
        looked = []
        monkeypatch.setattr(viewer.app.run_tree, "sync", lambda: looked.append("tree"))
        monkeypatch.setattr(viewer.app.header, "sync", lambda: looked.append("header"))
        for _ in range(6):
            viewer.app._beat()
        assert looked.count("tree") == 6
        assert looked.count("header") == 2


async def test_a_beat_that_lays_the_screen_out_looks_around_the_next_time(monkeypatch):
    async with shown(ROUNDS) as viewer:
        looked, tree = [], viewer.app.run_tree
        monkeypatch.setattr(viewer.app.header, "sync", lambda: looked.append("header"))
        viewer.app._look_around()
        looked.clear()
        for beat in range(5):
            monkeypatch.setattr(
                tree, "sync", lambda grown=beat in (2, 3): setattr(tree, "layouts", tree.layouts + grown)
            )
            viewer.app._beat()
            assert len(looked) == (beat == 4)


# ---- commands


async def test_the_palette_lists_every_command_with_its_keys():
    async with shown(ROUNDS) as viewer:
        listed = {command.title: command.help for command in viewer.app.get_system_commands(viewer.app.screen)}
        assert list(listed) == [command.id for command in COMMANDS]
        assert listed["search"].endswith("  /")


async def test_a_key_of_the_user_takes_the_place_of_ours():
    async with shown(ROUNDS, keys={"bottom": "b"}) as viewer:
        await viewer.press("G")
        assert viewer.app.run_tree.cursor == 0
        await viewer.press("b")
        assert viewer.app.run_tree.cursor == viewer.app.run_tree.height_now() - 1


async def test_over_a_comparison_keys_of_the_panes_do_nothing():
    async with shown(ROUNDS, FORM) as viewer:
        await viewer.press("}", "d")
        over = viewer.app.screen
        await viewer.press("M", "1")
        assert viewer.app.screen is over
        await viewer.press("escape")
        assert viewer.app.screen is not over


def test_a_filter_can_be_given_from_the_beginning():
    app = Still(watch(ROUNDS), Session(), filter="status:failed")
    assert str(app.commands.finding.where) == "status:failed"
