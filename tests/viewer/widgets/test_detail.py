"""The detail pane, on real runs."""

import re
from contextlib import asynccontextmanager

import pytest

from streamkit import Tap
from streamkit.cli.render.cells import cells
from streamkit.cli.render.look import ASCII, Look
from streamkit.run import LogEntry
from streamkit.run.state import Attempt
from tests.viewer.pane import FIXTURES, OnePane, execution, rows, run_of
from viewer.events import RawEvent
from viewer.paint import Palette
from viewer.said import TABS
from viewer.widgets.detail import Detail

OBEYED = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@asynccontextmanager
async def shown(item=None, label="", *, size=(80, 24), focus=False, **options):
    """A detail on the screen; `screen` returns its rows without the blanks at their ends."""
    palette = options.pop("palette", None) or Palette()
    detail = Detail(palette, **options)
    app = OnePane(detail)
    app.AUTO_FOCUS = None
    async with app.run_test(size=size) as pilot:
        if focus:
            detail.focus()
        detail.show(item, label)
        await pilot.pause()

        async def screen():
            detail.sync()
            await pilot.pause()
            return [row.rstrip() for row in rows(app)]

        yield detail, pilot, screen


def lines(detail):
    """What the pane says now, without waiting for the screen."""
    detail.sync()
    return [detail.render_line(row).text for row in range(detail.size.height)]


# ---- what is shown


async def test_a_run_by_its_answer_and_its_inputs_and_sources_by_tab():
    run = run_of("dify/chat_retriever_resources")
    async with shown(run, "support-bot") as (detail, _, screen):
        assert await screen() == [
            "─ in  out  proc  err [text] meta  raw ── support-bot ───────────────── 1/1 100%",
            "Streaming answers arrive token by token, and the",
            *[""] * 22,
        ]
        detail.pick("proc")
        assert (await screen())[:6] == [
            "─ in  out [proc] err  text  meta  raw ── support-bot ──────────────── 23/66 34%",
            "citations (3)",
            "[",
            "  {",
            '    "position": 1,',
            '    "dataset_id": "da7a0000-0000-4000-8000-000000000001",',
        ]


async def test_nothing_is_chosen_and_a_tab_with_nothing():
    async with shown() as (detail, _, screen):
        assert (await screen())[1] == "nothing is chosen"
        detail.show(execution(run_of("dify/chat_simple"), "start"))
        detail.pick("err")
        assert (await screen())[1] == "nothing"


async def test_without_unicode_and_colour_on_a_narrow_screen():
    node = execution(run_of("dify/wf_retry_exhausted_fail_branch"), "h")
    options = {"look": Look(glyphs=ASCII), "palette": Palette(colour=False, ellipsis="...")}
    async with shown(node, "call", size=(30, 8), **options) as (detail, _, screen):
        assert await screen() == [
            "-[err]-- call ------ 4/4 100%",
            "Reached maximum retries for",
            "URL",
            "http://127.0.0.1:8195/status/5",
            "00",
            "",
            "",
            "",
        ]
        for tab in TABS:
            detail.pick(tab)
            assert "".join(lines(detail)).isascii()


@pytest.mark.parametrize("width", [20, 33, 60, 80, 100, 200])
async def test_every_width_shows_every_tab(width):
    run = run_of("dify/chat_retriever_resources")
    async with shown(run, "a label that is rather long", size=(width, 10), focus=True) as (detail, _, _):
        for tab in TABS:
            detail.pick(tab)
            title, *rest = lines(detail)
            assert f"[{tab}]" in title
            assert cells(title) == width
            assert re.search(r"\d+/\d+ \d+% ?$", title)
            assert rest[0].strip()


@pytest.mark.parametrize("name", ["escapes_bidi_markup", "wrong_types", "deep_nesting", "huge_numbers", "bad_utf8"])
async def test_nothing_that_a_terminal_obeys_reaches_it(name):
    run = run_of(f"hostile/{name}")
    frames = (FIXTURES / f"hostile/{name}.sse").read_bytes().split(b"\n\n")
    events = [RawEvent(number, 0.0, f"kind\x1b[{number}m", frame) for number, frame in enumerate(frames)]
    async with shown(run, "a\x1b]0;b\x07", raw_events=lambda: events, size=(60, 30), focus=True) as (
        detail,
        _,
        screen,
    ):
        items = [run, *run.executions.values(), *run.forms, *(entry for node in run.nodes for entry in node.logs)]
        for item in items[:6]:
            detail.show(item, str(getattr(item, "title", "")))
            for tab in TABS:
                detail.pick(tab)
                detail.search("\u202e")
                detail.action_go(1)
                detail.action_fold()
                assert not OBEYED.search("".join(lines(detail)))
        assert not OBEYED.search("".join(await screen()))


async def test_form_tokens_are_never_shown():
    run = run_of("dify/wf_human_1_paused")
    (form,) = run.forms
    frames = (FIXTURES / "dify/wf_human_1_paused.sse").read_bytes().split(b"\n\n")
    events = [RawEvent(number, 0.0, "event", frame) for number, frame in enumerate(frames)]
    async with shown(size=(120, 300), raw_events=lambda: events, focus=True) as (detail, _, screen):
        for item in (run, form, execution(run, "ask")):
            detail.show(item)
            for tab in TABS:
                detail.pick(tab)
                detail.action_bottom()
                for _ in range(12):  # every event is opened, from the last one up
                    detail.action_fold()
                    detail.action_go(-1)
                assert form.token not in "".join(lines(detail))
        assert detail.height_now() > 150
        assert '"form_token": "[hidden]"' in "".join(await screen())


# ---- which tab


async def test_the_tab_is_chosen_that_says_most():
    failed = execution(run_of("dify/wf_retry_exhausted_fail_branch"), "h")
    model = execution(run_of("dify/chat_retriever_resources"), "m")
    plain = execution(run_of("dify/chat_simple"), "start")
    async with shown() as (detail, _, _):
        chosen = []
        entry = LogEntry(id="e", label="tool", status="success", data={"a": 1})
        for item in (failed, model, plain, Attempt(index=1, error="429"), entry):
            detail.show(item)
            chosen.append(detail.tab)
        assert chosen == ["err", "text", "meta", "err", "out"]


async def test_a_tab_that_was_picked_stays_where_it_says_something():
    run = run_of("dify/chat_retriever_resources")
    async with shown(execution(run, "m")) as (detail, _, _):
        detail.pick("proc")
        detail.show(run)
        assert detail.tab == "proc"
        detail.show(execution(run, "start"))
        assert detail.tab == "meta"
        detail.show(execution(run, "m"))
        assert detail.tab == "proc"


async def test_the_same_item_keeps_its_place_and_another_begins_at_the_top():
    run = run_of("dify/chat_retriever_resources")
    async with shown(run, size=(80, 8)) as (detail, _, screen):
        detail.pick("meta")
        detail.scroll_lines(5)
        before = await screen()
        detail.show(run_of("dify/chat_retriever_resources"))
        assert (await screen())[1:] == before[1:]
        detail.show(execution(run, "m"))
        assert detail.scroll_y == 0


async def test_keys_pick_tabs():
    run = run_of("dify/chat_retriever_resources")
    async with shown(run, focus=True) as (detail, pilot, _):
        for key, tab in zip("iop!tmv", TABS, strict=True):
            await pilot.press({"!": "exclamation_mark"}.get(key, key))
            assert detail.tab == tab


# ---- while it goes on


async def test_text_that_streams_is_followed_until_somebody_scrolls():
    body = (FIXTURES / "dify/chat_llm_400_chunks.sse").read_bytes()
    tap = Tap("dify")
    tap.feed(body[: len(body) // 3])
    model = next(node for node in tap.run.executions.values() if node.text)
    async with shown(model, size=(20, 8), focus=True) as (detail, pilot, screen):
        assert detail.tab == "text"
        tap.feed(body[len(body) // 3 : len(body) // 2])
        last = (await screen())[-1]
        assert last
        assert model.text.rstrip().endswith(last.strip())
        await pilot.press("k", "k")
        before = (await screen())[1:]
        tap.feed(body[len(body) // 2 :])
        assert (await screen())[1:] == before
        await pilot.press("G")
        assert model.text.rstrip().endswith((await screen())[-1].strip())


async def test_a_tab_that_nobody_picked_follows_what_happens():
    body = (FIXTURES / "dify/chat_llm_dies_midstream.sse").read_bytes()
    tap = Tap("dify")
    run = tap.run
    async with shown(run) as (detail, _, screen):
        seen = [detail.tab]
        for start in range(0, len(body), 200):
            tap.feed(body[start : start + 200])
            await screen()
            if detail.tab != seen[-1]:
                seen.append(detail.tab)
        assert seen[0] == "meta"
        assert seen[-1] == "err"
        assert "text" in seen


async def test_only_rows_that_changed_are_painted():
    body = (FIXTURES / "dify/chat_llm_400_chunks.sse").read_bytes()
    tap = Tap("dify")
    tap.feed(body[:20_000])
    async with shown(tap.run, size=(40, 60)) as (detail, _, screen):
        await screen()
        painted = []
        detail.spans, spans = (lambda number, width: painted.append(number) or spans(number, width)), detail.spans
        await screen()
        assert painted == []
        tap.feed(body[20_000:20_400])
        await screen()
        last = detail.height_now() - 1
        assert set(painted) <= {last - 1, last}
        assert painted


async def test_folds_stay_while_an_item_goes_on():
    run = run_of("dify/wf_agent_log")
    async with shown(run, focus=True) as (detail, pilot, screen):
        detail.pick("out")
        await pilot.press("z")
        before = await screen()
        assert before[1] == "{ …1 }"
        run.heartbeat(1, None)
        run.revision += 1
        assert await screen() == before


# ---- moving


async def test_moving_by_keys():
    run = run_of("dify/chat_retriever_resources")
    async with shown(run, size=(80, 11), focus=True) as (detail, pilot, screen):
        detail.pick("proc")
        for keys, row in ((["j", "j", "k"], 1), (["d"], 6), (["G"], 65), (["u"], 60), (["g"], 0)):
            await pilot.press(*keys)
            assert detail.cursor == row
        await pilot.press("G")
        assert (await screen())[0].endswith("66/66 100%")
        assert (await screen())[-1] == "]"
        await pilot.press("k", "k")
        assert " $[2].summary " in (await screen())[0]


async def test_scrolling_from_another_pane_goes_no_further_than_there_is():
    run = run_of("dify/chat_retriever_resources")
    async with shown(run, size=(80, 11)) as (detail, _, screen):
        detail.pick("proc")
        detail.scroll_lines(3)
        assert (await screen())[1] == '    "position": 1,'
        detail.scroll_lines(1000)
        assert (await screen())[-1] == "]"
        detail.scroll_lines(-1000)
        assert (await screen())[1] == "citations (3)"


async def test_raw_events_open():
    events = [RawEvent(7, 0.5, "node_started", b'{"a": [1]}'), RawEvent(9, None, "ping", b"")]
    async with shown(run_of("dify/chat_simple"), raw_events=lambda: events, focus=True) as (detail, pilot, screen):
        await pilot.press("v", "enter", "j", "j")
        title, *rest = await screen()
        assert rest[:7] == [
            '7   +500ms  node_started  {"a": [1]}',
            "  {",
            '    "a": [',
            "      1",
            "    ]",
            "  }",
            "9           ping",
        ]
        assert " $.a " in title
        events.append(RawEvent(10, None, "late", b"1"))
        assert "late" in (await screen())[8]
        detail.show(None)
        assert (await screen())[1] == "nothing is chosen"


# ---- searching


async def test_searching_by_keys():
    run = run_of("dify/chat_retriever_resources")
    async with shown(run, size=(80, 12), focus=True) as (detail, pilot, screen):
        detail.pick("proc")
        await pilot.press("slash", *"chunkx", "backspace")
        assert "/chunk 1/3 " in (await screen())[0]
        await pilot.press("enter", "n")
        assert "/chunk 2/3 " in (await screen())[0]
        assert "Chunk 2 text" in "".join(await screen())
        await pilot.press("N", "N")
        assert "/chunk 3/3 " in (await screen())[0]
        await pilot.press("slash", *"no", "escape")
        assert "/" not in (await screen())[0].replace("/66", "")


async def test_a_tab_that_is_picked_again_begins_anew_and_keeps_what_is_folded():
    run = run_of("dify/chat_retriever_resources")
    async with shown(run, size=(80, 9), focus=True) as (detail, pilot, screen):
        detail.pick("proc")
        await pilot.press("j", "j", "z", "G")
        assert detail.cursor > 2
        detail.pick("proc")
        assert (detail.cursor, detail.scroll_y) == (0, 0)
        assert any(" …" in line for line in (await screen())[1:])


async def test_a_search_opens_what_is_folded():
    run = run_of("dify/chat_retriever_resources")
    async with shown(run, focus=True) as (detail, pilot, screen):
        detail.pick("proc")
        await pilot.press("j", "z")
        assert (await screen())[2] == "[ …3 ]"
        detail.search("Chunk 1")
        assert "Chunk 1 text" in "".join(await screen())
        detail.search("")
        assert "1/" not in (await screen())[0][:60]


async def test_a_search_for_nothing_that_is_there():
    async with shown(run_of("dify/chat_simple")) as (detail, _, screen):
        detail.search("zzz")
        assert "/zzz 0/0 " in (await screen())[0]


async def test_another_size_wraps_anew():
    run = run_of("dify/chat_llm_400_chunks")
    async with shown(run, size=(80, 24)) as (detail, pilot, screen):
        wide = detail.height_now()
        await pilot.resize_terminal(30, 12)
        assert detail.height_now() > wide
        assert max(map(cells, await screen())) <= 30
