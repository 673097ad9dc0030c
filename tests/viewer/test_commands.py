"""What keys do: each command on real runs, and all of them wherever one may press them."""

import inspect
from itertools import cycle

import pytest
from textual.widgets import Input

from tests.viewer.program import body, opened, shown, watch
from viewer.commands import Commands
from viewer.keymap import COMMANDS
from viewer.screens.ask import Ask
from viewer.screens.diff import DiffScreen
from viewer.screens.export import ExportScreen
from viewer.screens.form import FormScreen
from viewer.screens.groups import GroupsScreen
from viewer.screens.help import HelpScreen
from viewer.screens.yank import YankScreen
from viewer.stream import Watch

ROUNDS = "dify/wf_iter_fail_par_continue"
"""An iteration, two of whose six rounds failed."""
AGENT = "ragflow/protocol/09_agent_v027_full_event_stream"
FORM = "dify/wf_human_1_paused"
MANY = "dify/wf_wide_100"
WORDS = "demo/answer-with-sources-and-cost"
PANES = {"1": "runs", "2": "tree", "3": "detail", "4": "tokens", "5": "notes", "6": "scrub"}
OPENING = {"search", "filter", "groups", "answer", "diff", "yank", "export", "screenshot", "command", "help"}
"""Commands that may open a screen; they do so from every pane."""
ALIKE = {"search", "filter", "command", "help"}
"""Of those, the ones that open alike whatever run is looked at: once with a run and once without one is enough."""
OWN = set("jkguGdnNzioptmv!/") | {
    *("down", "up", "pagedown", "pageup", "ctrl+d", "ctrl+u", "home", "end", "enter", "slash", "exclamation_mark"),
}
"""Keys that the detail has for itself."""


def live(name=ROUNDS, part=0.6):
    """A run that is still going on."""
    found = Watch()
    data = body(name)
    opened(found, clock=lambda: 7.0).feed(data[: int(len(data) * part)])
    return found


def unread():
    """A body that could not be read."""
    found = Watch()
    stream = opened(found, "no.sse")
    stream.watched.problem = "permission denied"
    stream.close()
    return found


# ---- the table and the methods


def test_commands_has_a_method_for_every_command_and_none_too_many():
    methods = {name for name, _ in inspect.getmembers(Commands, inspect.isfunction) if not name.startswith("_")}
    assert methods - {"do"} == {command.id.replace("-", "_") for command in COMMANDS}


async def test_every_key_reaches_its_command(monkeypatch):
    """In the detail, but for those keys that it has for itself."""
    async with shown(MANY, size=(140, 40)) as viewer:
        done = []
        monkeypatch.setattr(viewer.app.commands, "do", done.append)
        for pane in viewer.app.panes:
            pane.focus()
            await viewer.paint()
            told = [(key, command.id) for command in COMMANDS for key in command.keys.split(",")]
            if pane is viewer.app.detail:
                told = [(key, name) for key, name in told if key not in OWN]
            for key, _ in told:
                await viewer.send(key)
            await viewer.settle()
            assert viewer.app.pane is pane
            assert sorted(done) == sorted(name for _, name in told), pane.id
            done.clear()


STATES = {
    "ended": (lambda: watch(ROUNDS, AGENT), ""),
    "live": (live, ""),
    "past": (lambda: watch(ROUNDS, WORDS), "step-back edge-back step-back"),
    "playing": (lambda: watch(AGENT), "pause"),
    "frozen": (live, "pause"),
    "at the beginning": (lambda: watch(ROUNDS), "beginning"),
    "critical": (lambda: watch(ROUNDS, FORM), "critical logical"),
    "by start": (lambda: watch(ROUNDS, ROUNDS), "view"),
    "zoomed": (lambda: watch(FORM), "zoom"),
    "folded": (lambda: watch(ROUNDS), "bottom fold-all"),
    "a form": (lambda: watch(FORM), ""),
    "without a run": (Watch, ""),
    "unread": (unread, ""),
}


async def every_command(viewer, commands=COMMANDS[:-1]):
    """Give every command but the one to quit, the same pane in focus; what opens closes with escape."""
    app, panes, pane = viewer.app, viewer.app.screen, viewer.app.pane
    for command in commands:
        panes.set_focus(pane)
        app.commands.do(command.id)
        if app.screen is not panes:
            await viewer.pilot._wait_for_screen()  # it is painted once, by coming
            await viewer.send("escape")
            for _ in range(9):
                await viewer.pilot._wait_for_screen()
                if app.screen is panes:
                    break
        assert app.screen is panes, (command.id, pane.id)
    await viewer.settle()
    assert not app._exit
    assert {strip.cell_length for strip in panes._compositor.render_strips()} == {panes.size.width}


VARIETY = cycle([("unicode", (140, 40)), ("ascii", (80, 24)), ("unicode", (80, 17)), ("ascii", (100, 30))])


@pytest.mark.untraced
@pytest.mark.parametrize(("state", "variety"), [*zip(STATES, VARIETY, strict=False)], ids=[*STATES])
async def test_every_command_can_be_given_in_every_state(state, variety, tmp_path):
    """And the rows of the screen are as wide as it is."""
    make, before = STATES[state]
    look, size = variety
    alike = ALIKE if state not in ("ended", "without a run") else set()
    async with shown(watching=make(), size=size, look=look, folder=tmp_path) as viewer:
        for name in before.split():
            viewer.app.commands.do(name)
        await every_command(viewer, [command for command in COMMANDS[:-1] if command.id not in alike])


async def test_every_command_can_be_given_in_every_pane():
    without_screens = [command for command in COMMANDS[:-1] if command.id not in OPENING]
    async with shown(FORM, ROUNDS, size=(100, 30)) as viewer:
        for key in PANES:
            await viewer.press(key)
            await every_command(viewer, without_screens)


async def test_every_command_can_be_given_while_a_filter_shows_nothing(tmp_path):
    async with shown(ROUNDS, filter="status:paused", folder=tmp_path) as viewer:
        assert viewer.app.run_tree.height_now() == 0
        await every_command(viewer)


# ---- move


async def test_keys_move_the_cursor():
    async with shown(MANY, size=(100, 30)) as viewer:
        tree = viewer.app.run_tree
        assert tree.cursor == 0
        await viewer.press("j", "down", "j", "k")
        assert tree.cursor == 2
        await viewer.press("G")
        assert tree.cursor == tree.height_now() - 1
        await viewer.press("g")
        assert tree.cursor == 0
        await viewer.press("ctrl+f")
        page = tree.size.height - 1
        assert tree.cursor == page
        await viewer.press("ctrl+d")
        assert tree.cursor == page + page // 2
        await viewer.press("ctrl+b", "ctrl+u", "ctrl+u")
        assert tree.cursor == 0


async def test_the_row_at_the_cursor_is_in_view():
    async with shown(MANY, size=(100, 30)) as viewer:
        await viewer.press("G")
        assert any("End" in row for row in viewer.rows)


async def test_caret_goes_to_what_holds_the_row():
    async with shown(ROUNDS) as viewer:
        viewer.app.run_tree.choose(("r", "it#0", 1))
        await viewer.press("^")
        assert viewer.at_cursor == "x:it#0"
        await viewer.press("^", "^")
        assert viewer.at_cursor == "run"


# ---- fold


async def test_h_folds_then_goes_out_and_l_opens_then_goes_in():
    async with shown(ROUNDS) as viewer:
        tree = viewer.app.run_tree
        tree.choose(("x", "it#0"))
        full = tree.height_now()
        inside = sum(row.depth > 1 for row in tree.model.window(0, full))
        await viewer.press("h")
        assert (viewer.at_cursor, tree.height_now()) == ("x:it#0", full - inside)
        await viewer.press("h")
        assert viewer.at_cursor == "run"
        tree.choose(("x", "it#0"))
        await viewer.press("l")
        assert (viewer.at_cursor, tree.height_now()) == ("x:it#0", full)
        await viewer.press("l")
        assert viewer.at_cursor == "r:it#0:0"


async def test_z_folds_and_opens():
    async with shown(ROUNDS) as viewer:
        tree = viewer.app.run_tree
        tree.choose(("x", "it#0"))
        await viewer.press("z")
        assert tree.chosen.open is False
        await viewer.press("z")
        assert tree.chosen.open is True


async def test_fold_all_keeps_the_cursor_near_and_open_all_shows_everything():
    async with shown(ROUNDS) as viewer:
        app = viewer.app
        app.run_tree.choose(("r", "it#0", 1))
        await viewer.press("M")
        assert viewer.at_cursor == "x:it#0"
        await viewer.press("O")
        assert app.run_tree.height_now() == sum(1 for _ in app.session.tree.walk())
        assert viewer.at_cursor == "x:it#0"


async def test_star_opens_all_below():
    async with shown(ROUNDS) as viewer:
        app = viewer.app
        await viewer.press("M")
        app.run_tree.choose(("x", "it#0"))
        await viewer.press("*")
        assert app.run_tree.height_now() == sum(1 for _ in app.session.tree.walk())


# ---- find


async def test_slash_searches_the_tree_from_the_tree_and_the_detail_from_the_detail():
    async with shown(ROUNDS) as viewer:
        app = viewer.app
        await viewer.press("/")
        assert isinstance(app.screen, Ask)
        await viewer.write("round")
        assert app.commands.finding.searched == "round"
        assert app.detail._page.searched == ""
        await viewer.press("3", "/")
        assert not isinstance(app.screen, Ask)
        await viewer.write("suc")
        assert app.detail._page.searched == "suc"
        assert app.commands.finding.searched == "round"


async def test_n_goes_through_the_hits_and_opens_what_hides_them():
    async with shown(ROUNDS) as viewer:
        await viewer.press("M", "/")
        await viewer.write("round")
        first = viewer.at_cursor
        assert first == "r:it#0:0"
        assert "/round 1/6" in viewer.text
        await viewer.press("n", "n")
        assert viewer.at_cursor == "r:it#0:2"
        await viewer.press("N", "N", "N")
        assert viewer.at_cursor == "r:it#0:5"


async def test_a_search_without_hits_says_so_and_moves_nothing():
    async with shown(ROUNDS) as viewer:
        before = viewer.at_cursor
        await viewer.press("/")
        await viewer.write("zebra")
        await viewer.press("n")
        assert viewer.at_cursor == before
        assert "nothing found: zebra" in viewer.hints


async def test_f_shows_only_what_matches_and_what_holds_it():
    async with shown(ROUNDS) as viewer:
        await viewer.press("f")
        await viewer.write("status:failed")
        keys = [row.key[0] for row in viewer.app.run_tree.rows]
        assert keys == ["run", "x", "r", "x", "r", "x"]
        assert "filter status:failed 2/" in viewer.text


async def test_a_filter_that_is_none_stays_in_its_line():
    async with shown(ROUNDS) as viewer:
        await viewer.press("f")
        await viewer.write("dur>x")
        assert isinstance(viewer.app.screen, Ask)
        await viewer.press("escape")
        assert viewer.app.run_tree.rows is None


async def test_e_goes_to_errors_wherever_they_are_folded_away():
    async with shown(ROUNDS) as viewer:
        await viewer.press("M", "e")
        first = viewer.at_cursor
        node = viewer.app.run_tree.chosen.item
        assert node.status == "failed"
        await viewer.press("e")
        second = viewer.at_cursor
        assert second != first
        await viewer.press("e")
        assert viewer.at_cursor == first, "from the last one it begins anew"
        await viewer.press("E")
        assert viewer.at_cursor == second


@pytest.mark.parametrize(
    ("of", "place"),
    [("dify/wf_iter_fail_par_terminated", "x:it#0"), ("dify/agent_chat_error_second_round", "run")],
)
async def test_where_no_execution_says_why_e_goes_to_the_container_or_the_run_that_failed(of, place):
    async with shown(of) as viewer:
        await viewer.press("e")
        assert viewer.at_cursor == place
        assert "nothing failed" not in viewer.hints


async def test_without_errors_e_says_so():
    async with shown(AGENT) as viewer:
        await viewer.press("e")
        assert "nothing failed" in viewer.hints


async def test_r_goes_to_what_runs():
    async with shown(watching=live()) as viewer:
        await viewer.press("g", "r")
        assert viewer.app.run_tree.chosen.item.status == "running"
    async with shown(ROUNDS) as viewer:
        await viewer.press("r")
        assert "nothing runs" in viewer.hints


# ---- look


async def test_keys_turn_the_detail_to_its_tabs():
    async with shown(AGENT) as viewer:
        for key, tab in zip("iop!tmv", ("in", "out", "proc", "err", "text", "meta", "raw"), strict=True):
            await viewer.press(key)
            assert viewer.app.detail.tab == tab
            assert f"[{tab}]" in viewer.text
            assert viewer.app.pane is viewer.app.run_tree


async def test_j_and_k_scroll_the_detail_from_the_tree():
    async with shown(AGENT, size=(80, 24)) as viewer:
        await viewer.press("v", "J", "J")
        assert round(viewer.app.detail.scroll_y) == 2
        await viewer.press("K")
        assert round(viewer.app.detail.scroll_y) == 1


async def test_enter_goes_to_the_detail_and_from_the_runs_to_the_tree():
    async with shown(AGENT) as viewer:
        app = viewer.app
        await viewer.press("enter")
        assert app.pane is app.detail
        await viewer.press("1", "enter")
        assert app.pane is app.run_tree


async def test_enter_on_a_note_opens_the_form_that_waits():
    async with shown(FORM) as viewer:
        await viewer.press("5", "j", "g", "enter")
        assert isinstance(viewer.app.screen, FormScreen)


async def test_w_goes_through_the_orders_and_s_too():
    async with shown(ROUNDS) as viewer:
        finding = viewer.app.commands.finding
        seen = [finding.view]
        for key in "wswsw":
            await viewer.press(key)
            seen.append(finding.view)
        assert len(set(seen)) == 5
        assert seen[0] == seen[-1] == "tree"


async def test_s_sorts_the_runs_in_their_pane():
    async with shown(ROUNDS, AGENT) as viewer:
        before = viewer.app.runs.sort
        await viewer.press("1", "s")
        assert viewer.app.runs.sort != before
        assert viewer.app.commands.finding.view == "tree"


async def test_capital_w_shows_figures_of_groups_and_keys_of_panes_do_nothing_there():
    async with shown(ROUNDS) as viewer:
        app = viewer.app
        await viewer.press("W")
        assert isinstance(app.screen, GroupsScreen)
        height = app.run_tree.height_now()
        await viewer.press("M", "4")
        assert app.run_tree.height_now() == height
        await viewer.press("?")
        assert isinstance(app.screen, HelpScreen)
        await viewer.press("escape", "q")
        assert app.screen is app.run_tree.screen


async def test_capital_l_hides_the_plumbing():
    async with shown(ROUNDS) as viewer:
        await viewer.press("L")
        types = {getattr(row.item, "type", "") for row in viewer.app.run_tree.rows}
        assert "start" not in types
        assert "iteration" in types
        await viewer.press("L")
        assert viewer.app.run_tree.rows is None


async def test_c_marks_the_critical_path_and_escape_takes_it_back():
    async with shown(ROUNDS) as viewer:
        await viewer.press("c")
        assert ("x", "it#0") in viewer.app.run_tree.hits
        assert "critical path: " in viewer.hints
        await viewer.press("escape")
        assert viewer.app.run_tree.hits == frozenset()


async def test_the_critical_path_goes_with_the_run():
    async with shown(ROUNDS, AGENT) as viewer:
        app = viewer.app
        await viewer.press("c", "}")
        assert app.run_tree.hits
        assert all(app.session.tree.item(key) is not None for key in app.run_tree.hits)


async def test_a_search_goes_with_the_run():
    async with shown(ROUNDS, AGENT) as viewer:
        await viewer.press("/")
        await viewer.write("round")
        await viewer.press("}")
        assert viewer.app.commands.finding.hits == []
        await viewer.press("n", "{", "n")
        assert viewer.at_cursor.startswith("r:it#0")


async def test_capital_t_groups_tokens_and_dollar_turns_to_cost():
    async with shown(WORDS) as viewer:
        tokens = viewer.app.tokens
        assert tokens.caption == "Tokens by node"
        await viewer.press("T")
        assert tokens.caption == "Tokens by model"
        await viewer.press("$")
        assert tokens.caption == "Cost by model"


async def test_equals_gives_the_axis_to_a_row_and_minus_takes_it_back():
    async with shown(ROUNDS) as viewer:
        tree = viewer.app.run_tree
        tree.choose(("x", "it#0"))
        node = tree.chosen.item
        await viewer.press("=")
        assert tree.zoomed.start == node.seen_at
        assert tree.zoomed.end >= node.ended_at
        await viewer.press("-")
        assert tree.zoomed is None


# ---- time


async def test_comma_and_full_stop_go_event_by_event():
    async with shown(ROUNDS) as viewer:
        session = viewer.app.session
        last = session.chosen.events
        await viewer.press(",", ",")
        assert session.past == last - 2
        await viewer.press(".")
        assert session.past == last - 1
        await viewer.press(".")
        assert session.past is None


async def test_brackets_go_from_edge_to_edge():
    async with shown(ROUNDS) as viewer:
        session = viewer.app.session
        await viewer.press("0", "]", "]")
        history = session.chosen.history
        assert session.past == history.next_edge(history.next_edge(0))
        await viewer.press("[")
        assert session.past == history.next_edge(0)


async def test_angles_go_by_seconds_also_through_silence():
    found = Watch()
    stream = opened(found)
    data = body(ROUNDS)
    stream.feed(data[:3000], 0.0)
    stream.feed(data[3000:], 60.0)
    stream.close(60.0)
    async with shown(watching=found) as viewer:
        session = viewer.app.session
        await viewer.press("0", ">", ">", ">")
        assert session.time == 15.0
        await viewer.press("<")
        assert session.time == 10.0
        await viewer.press("<", "<", "<")
        assert session.time == 0.0
        assert session.past == 0


async def test_in_the_pane_of_time_h_and_l_go_by_seconds():
    found = Watch()
    stream = opened(found)
    stream.feed(body(ROUNDS)[:3000], 0.0)
    stream.feed(body(ROUNDS)[3000:], 60.0)
    async with shown(watching=found) as viewer:
        await viewer.press("0", "6", "l", "right", "j")
        assert viewer.app.session.time == 15.0
        await viewer.press("h", "k")
        assert viewer.app.session.time == 5.0


async def test_zero_goes_to_the_beginning_and_an_apostrophe_to_the_end():
    async with shown(ROUNDS) as viewer:
        await viewer.press("0")
        assert viewer.app.session.past == 0
        assert "PAST" in viewer.rows[0]
        assert viewer.app.run_tree.height_now() == 1
        await viewer.press("'")
        assert viewer.app.session.past is None
        assert "END" in viewer.rows[0]


async def test_space_plays_what_is_over_and_freezes_what_goes_on():
    async with shown(ROUNDS) as viewer:
        await viewer.press("space")
        assert "PLAY x1" in viewer.rows[0]
        await viewer.press("space")
        assert "PAST" in viewer.rows[0]
    async with shown(watching=live()) as viewer:
        session = viewer.app.session
        await viewer.press("space")
        frozen = session.past
        assert frozen == session.chosen.events
        session.chosen.feed(body(ROUNDS)[int(len(body(ROUNDS)) * 0.6) :])
        await viewer.settle()
        assert session.past == frozen < session.chosen.events
        await viewer.press("'")
        assert session.past is None


async def test_parentheses_play_faster_and_slower():
    async with shown(ROUNDS) as viewer:
        await viewer.press(")", ")", "(")
        assert viewer.app.session.speed == 2


async def test_capital_f_follows_until_somebody_goes_up():
    found = live(part=0.3)
    async with shown(watching=found) as viewer:
        tree = viewer.app.run_tree
        assert tree.follow
        await viewer.press("k")
        assert not tree.follow
        await viewer.press("F")
        assert tree.follow
        data = body(ROUNDS)
        found.runs[0].feed(data[int(len(data) * 0.3) : int(len(data) * 0.6)])
        await viewer.settle()
        assert tree.chosen.item.status == "running"
        await viewer.press("^")
        assert not tree.follow


# ---- panes


@pytest.mark.untraced
@pytest.mark.parametrize("size", [(80, 24), (100, 30), (140, 40), (80, 17), (60, 12)])
async def test_digits_go_to_panes_and_they_are_seen(size):
    async with shown(ROUNDS, size=size) as viewer:
        for key, pane in PANES.items():
            await viewer.press(key)
            assert viewer.app.pane.id == pane
            assert viewer.app.pane.is_on_screen
            await viewer.press("escape")
            assert viewer.app.pane.id == "tree"
            assert viewer.app.run_tree.is_on_screen


@pytest.mark.untraced
async def test_from_every_pane_a_digit_goes_to_every_other_one():
    async with shown(ROUNDS, size=(80, 24)) as viewer:
        for key in "1234561352461425361543261625341":
            await viewer.press(key)
            assert viewer.app.pane.id == PANES[key]
            assert viewer.app.pane.is_on_screen


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (140, 40), (80, 17)])
async def test_tab_goes_through_what_is_seen_and_nothing_else(size):
    async with shown(ROUNDS, size=size) as viewer:
        await viewer.press("4", "2")
        seen = [pane.id for pane in viewer.app.panes if pane.is_on_screen]
        found = []
        for _ in seen:
            await viewer.press("tab")
            found.append(viewer.app.pane.id)
        assert sorted(found) == sorted(seen)
        await viewer.press("shift+tab")
        assert viewer.app.pane.id == found[-2]


async def test_over_a_dialog_tab_is_the_dialogs():
    async with shown(ROUNDS) as viewer:
        await viewer.press(":", "c", "r", "i", "tab")
        assert viewer.rows[-2] == " :critical"
        await viewer.press("enter", "tab")
        assert viewer.app.pane.id != "tree"


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_plus_shows_a_pane_alone_and_then_all_again(size):
    async with shown(ROUNDS, size=size) as viewer:
        app = viewer.app
        for key in "12345":
            await viewer.press(key)
            before = {pane.id for pane in app.panes if pane.is_on_screen}
            await viewer.press("+")
            assert {pane.id for pane in app.panes if pane.is_on_screen} == {PANES[key]}
            assert app.pane.region.size == (size[0], size[1] - 2)
            await viewer.press("+")
            assert {pane.id for pane in app.panes if pane.is_on_screen} == before


async def test_a_digit_while_one_pane_is_alone_shows_another_one_alone():
    async with shown(ROUNDS) as viewer:
        await viewer.press("+", "4")
        assert {pane.id for pane in viewer.app.panes if pane.is_on_screen} == {"tokens"}
        await viewer.press("escape")
        assert viewer.app.run_tree.is_on_screen


# ---- runs, forms


async def test_braces_go_from_run_to_run():
    async with shown(ROUNDS, AGENT) as viewer:
        session = viewer.app.session
        assert "1/2" in viewer.rows[0]
        await viewer.press("}", "}")
        assert session.chosen is session.runs[1]
        assert "2/2" in viewer.rows[0]
        await viewer.press("{")
        assert session.chosen is session.runs[0]


async def test_in_the_list_the_cursor_begins_at_the_chosen_run_and_chooses():
    async with shown(ROUNDS, AGENT, FORM) as viewer:
        app = viewer.app
        await viewer.press("1")
        assert app.runs.at_cursor is app.session.chosen
        await viewer.press("g", "j")
        assert app.session.chosen is app.runs.shown[1]
        await viewer.press("k")
        assert app.session.chosen is app.runs.shown[0]


async def test_a_run_that_was_looked_at_in_the_past_is_whole_when_one_comes_back():
    async with shown(ROUNDS, AGENT) as viewer:
        height = viewer.app.run_tree.height_now()
        await viewer.press("0", "}", "{")
        assert viewer.app.run_tree.height_now() == height


async def test_capital_b_marks_a_run_and_d_compares():
    async with shown(ROUNDS, AGENT) as viewer:
        app = viewer.app
        await viewer.press("d")
        assert "B marks a run" in viewer.hints
        await viewer.press("B")
        assert app.session.marked is app.session.chosen
        await viewer.press("}", "d")
        assert isinstance(app.screen, DiffScreen)
        await viewer.press("escape", "{", "B")
        assert app.session.marked is None


async def test_a_opens_the_form_and_without_one_says_so():
    async with shown(FORM) as viewer:
        await viewer.press("a")
        assert isinstance(viewer.app.screen, FormScreen)
    async with shown(ROUNDS) as viewer:
        await viewer.press("a")
        assert "no form" in viewer.hints


# ---- out, and the viewer itself


async def test_y_copies_of_the_row():
    async with shown(ROUNDS) as viewer:
        viewer.app.run_tree.choose(("x", "it#0"))
        await viewer.press("y")
        assert isinstance(viewer.app.screen, YankScreen)
        await viewer.press("1")
        assert viewer.app.clipboard == "it#0"
        assert "copied id" in viewer.hints


async def test_x_writes_a_file(tmp_path):
    async with shown(ROUNDS, folder=tmp_path) as viewer:
        await viewer.press("x")
        assert isinstance(viewer.app.screen, ExportScreen)
        await viewer.press("1")
        assert len(list(tmp_path.iterdir())) == 1
        assert "wrote" in viewer.hints


async def test_capital_s_writes_a_picture(tmp_path):
    async with shown(ROUNDS, folder=tmp_path) as viewer:
        await viewer.press("S")
        assert [path.suffix for path in tmp_path.iterdir()] == [".svg"]
        assert "wrote" in viewer.hints


async def test_a_picture_that_cannot_be_written_is_told(tmp_path):
    async with shown(ROUNDS, folder=tmp_path / "not there") as viewer:
        await viewer.press("S")
        assert "no picture written" in viewer.hints


async def test_colon_does_a_command_by_its_name():
    async with shown(ROUNDS) as viewer:
        await viewer.press(":")
        await viewer.write("bottom")
        assert viewer.app.run_tree.cursor == viewer.app.run_tree.height_now() - 1
        await viewer.press(":")
        await viewer.write("nonsense")
        assert "there is no command" in viewer.text


async def test_a_question_mark_shows_the_keys():
    async with shown(ROUNDS) as viewer:
        await viewer.press("?")
        assert isinstance(viewer.app.screen, HelpScreen)
        assert viewer.app.screen.query_one(Input).has_focus


async def test_escape_clears_one_thing_after_the_other():
    async with shown(ROUNDS, size=(80, 24)) as viewer:
        app, finding = viewer.app, viewer.app.commands.finding
        await viewer.press("w", "f")
        await viewer.write("type:code")
        await viewer.press("/")
        await viewer.write("e")
        await viewer.press("4", ",")
        left = []
        for _ in range(5):
            left.append(
                (bool(finding.searched), finding.where is not None, finding.view, app.pane.id, app.session.past)
            )
            await viewer.press("escape")
        past = app.session.chosen.events - 1
        assert left == [
            (True, True, "by start", "tokens", past),
            (False, True, "by start", "tokens", past),
            (False, False, "by start", "tokens", past),
            (False, False, "tree", "tokens", past),
            (False, False, "tree", "tree", past),
        ]
        assert app.session.past is None


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_q_quits(key):
    async with shown(ROUNDS) as viewer:
        await viewer.press(key)
        assert viewer.app._exit
        assert not viewer.app.return_code


async def test_the_cursor_stays_on_its_row_when_a_filter_comes_and_goes():
    async with shown(ROUNDS) as viewer:
        viewer.app.run_tree.choose(("r", "it#0", 3))
        await viewer.press("f")
        await viewer.write("status:failed")
        await viewer.press("escape")
        assert viewer.at_cursor == "r:it#0:3"
