"""What the commands of `keymap` do. A method is called as its command; a test proves that none is missing."""
# ruff: noqa: D102 - the table of keys says what a command does

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from streamkit.run import NodeExecution, Run
from viewer.finding import Finding
from viewer.requests import Requests
from viewer.rows import Row
from viewer.watched import Watched
from viewer.widgets.lines import Lines
from viewer.widgets.notes import Notes
from viewer.widgets.run_tree import RunTreePane
from viewer.widgets.runs import RunList
from viewer.widgets.scrub import Scrub

if TYPE_CHECKING:
    from viewer.app import Viewer

_FAR: Final = 10**9
_SECONDS: Final = 5.0
_FAILED: Final = ("failed", "exception")
_LEFT: Final = ("runs", "tokens", "notes")
"""The panes of the drawer."""


class Commands:
    """Does what keys say, to the panes and the session of a viewer."""

    def __init__(self, app: "Viewer") -> None:
        """Prepare to command a viewer."""
        self._app = app
        self.finding = Finding(app)
        self.requests = Requests(app)

    def do(self, name: str) -> None:
        """Do a command, and show at once what came of it."""
        self._app.say("")
        getattr(self, name.replace("-", "_"))()
        self._app.tick()

    # ---- move

    def _move(self, lines: int) -> None:
        app, pane = self._app, self._app.pane
        if isinstance(pane, Scrub):
            app.session.seconds(_SECONDS if lines > 0 else -_SECONDS)
            return
        pane.move_by(lines)
        if isinstance(pane, RunList) and isinstance(pane.at_cursor, Watched):
            app.session.choose(pane.at_cursor)

    def _page(self) -> int:
        return max(self._app.pane.size.height - 1, 1)

    def down(self) -> None:
        self._move(1)

    def up(self) -> None:
        self._move(-1)

    def top(self) -> None:
        self._move(-_FAR)

    def bottom(self) -> None:
        self._move(_FAR)

    def half_down(self) -> None:
        self._move(self._page() // 2)

    def half_up(self) -> None:
        self._move(-(self._page() // 2))

    def page_down(self) -> None:
        self._move(self._page())

    def page_up(self) -> None:
        self._move(-self._page())

    def parent(self) -> None:
        self._app.run_tree.to_parent()

    # ---- fold

    def fold(self) -> None:
        pane = self._app.pane
        if isinstance(pane, Scrub):
            self.back()
        elif isinstance(pane, RunTreePane):
            pane.fold()

    def unfold(self) -> None:
        pane = self._app.pane
        if isinstance(pane, Scrub):
            self.forward()
        elif isinstance(pane, RunTreePane):
            pane.unfold()

    def toggle(self) -> None:
        app = self._app
        pane = app.pane
        if isinstance(pane, Notes | RunTreePane):
            pane.toggle()
        elif pane is app.detail:
            app.detail.action_fold()

    def fold_all(self) -> None:
        self._fold(is_open=False)

    def unfold_all(self) -> None:
        self._fold(is_open=True)

    def _fold(self, *, is_open: bool) -> None:
        tree, row = self._app.session.tree, self._app.run_tree.chosen
        if tree is None:
            return
        if is_open:
            tree.open_all()
        else:
            tree.close_all()
        if row is not None and is_open:
            self._app.run_tree.choose(row.key)

    def unfold_below(self) -> None:
        tree, row = self._app.session.tree, self._app.run_tree.chosen
        if tree is not None and row is not None:
            tree.open_below(row.key, True)

    # ---- look

    def detail(self) -> None:
        app = self._app
        pane = app.pane
        if isinstance(pane, Notes):
            note = pane.at_cursor
            if note is not None and not isinstance(note.about, str):
                self.answer()
            else:
                pane.toggle()
        elif isinstance(pane, RunList):
            self.tree()
        else:
            self.pane_detail()

    def inputs(self) -> None:
        self._app.detail.pick("in")

    def outputs(self) -> None:
        self._app.detail.pick("out")

    def process(self) -> None:
        self._app.detail.pick("proc")

    def error(self) -> None:
        self._app.detail.pick("err")

    def text(self) -> None:
        self._app.detail.pick("text")

    def meta(self) -> None:
        self._app.detail.pick("meta")

    def events(self) -> None:
        self._app.detail.pick("raw")

    def detail_down(self) -> None:
        self._app.detail.scroll_lines(1)

    def detail_up(self) -> None:
        self._app.detail.scroll_lines(-1)

    def sort(self) -> None:
        if isinstance(self._app.pane, RunList):
            self._app.runs.sort_by()
        else:
            self.finding.next_view()

    def view(self) -> None:
        self.finding.next_view()

    def logical(self) -> None:
        self.finding.toggle_logical()

    def critical(self) -> None:
        self.finding.toggle_critical()

    def tokens(self) -> None:
        self._app.tokens.next_group()

    def money(self) -> None:
        self._app.tokens.toggle_unit()

    def axis_node(self) -> None:
        tree = self._app.run_tree
        row = tree.chosen
        if row is not None and tree.moment is not None:
            facts = tree.moment.facts(row.item)
            if facts.begin is not None:
                end = facts.end if facts.end is not None else tree.moment.time
                tree.zoomed = tree.axis_over(facts.begin, end)

    def axis_all(self) -> None:
        self._app.run_tree.zoomed = None

    # ---- time

    def follow(self) -> None:
        pane = self._app.run_tree
        pane.follow = not pane.follow
        if pane.follow:
            self._app.session.to_live()

    def pause(self) -> None:
        session = self._app.session
        run = session.chosen
        if run is not None and run.live and session.past is None:
            session.freeze()
        else:
            session.play()
            self._app.run_tree.follow = session.playing

    def step(self) -> None:
        self._app.session.step(1)

    def step_back(self) -> None:
        self._app.session.step(-1)

    def edge(self) -> None:
        self._app.session.edge(1)

    def edge_back(self) -> None:
        self._app.session.edge(-1)

    def forward(self) -> None:
        self._app.session.seconds(_SECONDS)

    def back(self) -> None:
        self._app.session.seconds(-_SECONDS)

    def beginning(self) -> None:
        self._app.session.seek(0)

    def live(self) -> None:
        self._app.session.to_live()

    def faster(self) -> None:
        self._app.session.faster(2)

    def slower(self) -> None:
        self._app.session.faster(0.5)

    # ---- panes

    def runs(self) -> None:
        self._focus(self._app.runs)

    def tree(self) -> None:
        self._focus(self._app.run_tree)

    def pane_detail(self) -> None:
        self._focus(self._app.detail)

    def pane_tokens(self) -> None:
        self._focus(self._app.tokens)

    def notes(self) -> None:
        self._focus(self._app.notes)

    def scrub(self) -> None:
        self._focus(self._app.scrub)

    def next_pane(self) -> None:
        self._other_pane(1)

    def previous_pane(self) -> None:
        self._other_pane(-1)

    def _other_pane(self, steps: int) -> None:
        app = self._app
        panes = [pane for pane in app.panes if pane.is_on_screen]
        if panes:
            place = panes.index(app.pane) if app.pane in panes else 0
            panes[(place + steps) % len(panes)].focus()

    def _focus(self, pane: Lines | Scrub) -> None:
        """Go to a pane; the drawer opens for its own, and where there is room for one of two, that one is shown."""
        screen = self._app.run_tree.screen
        screen.set_class(pane.id in _LEFT, "-drawer")
        screen.set_class(pane is self._app.detail, "-detail")
        if isinstance(pane, Scrub):
            screen.remove_class("-zoomed", "-zoom-left")
        elif screen.has_class("-zoomed"):
            self._zoom_on(pane)
        pane.focus()

    def zoom(self) -> None:
        screen = self._app.run_tree.screen
        if screen.has_class("-zoomed"):
            screen.remove_class("-zoomed", "-zoom-left")
        elif isinstance(pane := self._app.pane, Lines):
            screen.add_class("-zoomed")
            self._zoom_on(pane)

    def _zoom_on(self, pane: Lines) -> None:
        app = self._app
        app.run_tree.screen.set_class(pane.id in _LEFT, "-zoom-left")
        for other in app.panes:
            other.set_class(other is pane, "zoom")

    # ---- runs and forms

    def next_run(self) -> None:
        self._app.session.other(1)

    def previous_run(self) -> None:
        self._app.session.other(-1)

    def mark(self) -> None:
        session = self._app.session
        session.marked = None if session.marked is session.chosen else session.chosen
        self._app.say("marked: d compares another run with it" if session.marked else "no run is marked")

    # ---- find

    def search(self) -> None:
        self._app.dialogs.search()

    def search_next(self) -> None:
        self.finding.next_hit(1)

    def search_previous(self) -> None:
        self.finding.next_hit(-1)

    def filter(self) -> None:
        self._app.dialogs.filter()

    def _next(self, steps: int, otherwise: str, *wanted: Callable[[Row], bool]) -> None:
        """Go to the next row that is wanted, wherever it is folded away; from the end on begin anew.

        Where no row is as the first one wants it, the second one says what is wanted, and so on.
        """
        app = self._app
        tree, here = app.session.tree, app.run_tree.chosen
        if tree is None:
            return
        rows = list(tree.walk()) if app.run_tree.rows is None else list(app.run_tree.rows)
        if not rows:
            app.say(otherwise)
            return
        place = next((number for number, row in enumerate(rows) if here is not None and row.key == here.key), 0)
        order = [*range(place + 1, len(rows)), *range(place + 1)]
        if steps < 0:
            order = [*reversed(order[:-1]), place]
        found = next((rows[number] for wants in wanted for number in order if wants(rows[number])), None)
        if found is None:
            app.say(otherwise)
        else:
            app.run_tree.follow = False
            app.run_tree.choose(found.key)

    def _failed_itself(self, row: Row) -> bool:
        """Whether a row is an execution that failed itself, not only what is inside of it."""
        item = row.item
        return (
            self._failed(row) and isinstance(item, NodeExecution) and (item.container is None or item.error is not None)
        )

    def _failed(self, row: Row) -> bool:
        """Whether a row is an execution that failed, or the run, whatever made it fail."""
        item, moment = row.item, self._app.run_tree.moment
        return isinstance(item, Run | NodeExecution) and moment is not None and moment.facts(item).status in _FAILED

    def _runs(self, row: Row) -> bool:
        item, moment = row.item, self._app.run_tree.moment
        is_leaf = isinstance(item, NodeExecution) and item.container is None
        return is_leaf and moment is not None and moment.facts(item).goes_on

    def next_error(self) -> None:
        self._next(1, "nothing failed", self._failed_itself, self._failed)

    def previous_error(self) -> None:
        self._next(-1, "nothing failed", self._failed_itself, self._failed)

    def next_running(self) -> None:
        self._next(1, "nothing runs", self._runs)

    # ---- out, and the viewer itself

    def answer(self) -> None:
        self._app.dialogs.answer()

    def stop(self) -> None:
        self.requests.stop()

    def rerun(self) -> None:
        self.requests.rerun()

    def rerun_with(self) -> None:
        self.requests.rerun_with()

    def groups(self) -> None:
        self._app.dialogs.groups()

    def diff(self) -> None:
        self._app.dialogs.diff()

    def yank(self) -> None:
        self._app.dialogs.yank()

    def export(self) -> None:
        self._app.dialogs.export()

    def screenshot(self) -> None:
        self._app.dialogs.screenshot()

    def command(self) -> None:
        self._app.dialogs.command()

    def help(self) -> None:
        self._app.dialogs.help()

    def cancel(self) -> None:
        """Clear what is narrowed down, one thing after the other; then go back to the tree."""
        app, screen = self._app, self._app.run_tree.screen
        if self.finding.clear():
            return
        if screen.has_class("-zoomed"):
            self.zoom()
        elif screen.has_class("-drawer") or screen.has_class("-detail") or app.pane is not app.run_tree:
            self.tree()
        elif app.session.past is not None:
            app.session.to_live()

    def quit(self) -> None:
        self.requests.leave()
