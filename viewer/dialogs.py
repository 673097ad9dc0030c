"""What comes over the panes when a key asks for it: lines to type in, forms, menus, comparisons.

Each is imported when it is asked for: all of them together, with Textual's Markdown, would take 140 ms of the first frame.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from streamkit.cli.safe import safe_line
from streamkit.errors import BadWhere
from streamkit.run import HumanInput
from streamkit.where import FIELDS, parse
from viewer.keymap import COMMANDS, Group
from viewer.widgets.notes import Notes

if TYPE_CHECKING:
    from viewer.app import Viewer

_GROUPS_OF: dict[str, Sequence[Group]] = {
    "runs": ("run", "move"),
    "detail": ("show", "out"),
    "tokens": ("show",),
    "notes": ("run",),
    "scrub": ("time",),
}
_NAMES = [command.id for command in COMMANDS]


class Dialogs:
    """Opens them, and does what comes of them."""

    def __init__(self, app: "Viewer") -> None:
        """Prepare to open something over the panes of a viewer."""
        self._app = app
        self._searches: list[str] = []
        self._filters: list[str] = []
        self._lines: list[str] = []

    # ---- lines to type in

    def search(self) -> None:
        """Ask what to look for."""
        self.ask("/", self._searches, self._app.commands.finding.search)

    def filter(self) -> None:
        """Ask what to show, of the runs if their list is in focus, else of the run; an empty line shows everything."""
        finding = self._app.commands.finding
        of_runs = self._app.pane is self._app.runs
        where = finding.runs_where if of_runs else finding.where
        self.ask(
            "filter runs" if of_runs else "filter",
            self._filters,
            finding.filter_runs if of_runs else finding.filter,
            text=str(where) if where is not None else "",
            words=[f"{name}:" for name in FIELDS],
            check=_wrong_filter,
        )

    def command(self) -> None:
        """Ask for the name of a command."""
        self.ask(":", self._lines, self._app.commands.do, words=_NAMES, check=_wrong_name)

    def ask(
        self,
        sign: str,
        history: list[str],
        done: Callable[[str], None],
        *,
        text: str = "",
        words: Sequence[str] = (),
        check: Callable[[str], str | None] | None = None,
    ) -> None:
        """Ask for a line.

        Args:
            sign: what stands before it.
            history: earlier lines; this one is added.
            done: is told the line. Without one, or if somebody says nothing, it is not called; for a filter an empty
                line says something, too.
            text: what stands there at first.
            words: completes them.
            check: returns what is wrong with a line.
        """
        from viewer.screens.ask import Ask

        app = self._app

        def take(line: str | None) -> None:
            if line is not None and (line or sign.startswith("filter")):
                done(line)
                app.tick()

        ask = Ask(sign, palette=app.palette, look=app.look, text=text, history=history, words=words, check=check)
        _ = app.push_screen(ask, take)

    # ---- keys, menus

    def help(self) -> None:
        """List the keys, those of the pane in focus first."""
        from viewer.screens.help import HelpScreen

        app = self._app
        _ = app.push_screen(HelpScreen(app.palette, app.look, _GROUPS_OF.get(app.pane.id or "", ()), app.keymap))

    def yank(self) -> None:
        """Offer what can be copied of the row."""
        from viewer.screens.yank import YankScreen
        from viewer.yank import offers

        app = self._app
        watched, row = app.session.chosen, app.run_tree.chosen
        if watched is None or row is None:
            return
        found = offers(watched.run, row.key, watched.payloads.all_of)
        if found:
            _ = app.push_screen(YankScreen(app.palette, app.look, found), self._say)

    def export(self) -> None:
        """Offer the files that can be written of the run."""
        from viewer.screens.export import ExportScreen

        app = self._app
        watched = app.session.chosen
        if watched is not None:
            picture, whole = app.export_screenshot(), watched.payloads.all_of
            screen = ExportScreen(app.palette, app.look, watched.run, app.folder, picture, whole)
            _ = app.push_screen(screen, self._say)

    def screenshot(self) -> None:
        """Write a picture of the screen."""
        from viewer.export import export, exporters

        app = self._app
        watched = app.session.chosen
        if watched is None:
            return
        try:
            path = export(watched.run, exporters(app.export_screenshot())["svg"], app.folder)
        except OSError as error:
            app.say(f"no picture written: {safe_line(error.strerror or str(error))}")
        else:
            app.say(f"wrote {safe_line(str(path))}")

    def _say(self, told: str | None) -> None:
        if told:
            self._app.say(told)

    # ---- comparisons

    def diff(self) -> None:
        """Compare the run with the marked one, node by node; without a mark, with the run before it."""
        from viewer.screens.diff import DiffScreen

        app, session = self._app, self._app.session
        new, old = session.chosen, session.marked
        if old is None and new in session.runs and session.runs.index(new) > 0:
            old = session.runs[session.runs.index(new) - 1]
        if new is None or old is None or old is new:
            app.say("B marks a run; d on another one compares them")
            return
        payloads = ExitStack()
        for watched in (old, new):
            payloads.enter_context(watched.payloads.all_of(watched.run))
        _ = app.push_screen(DiffScreen(app.palette, app.look, old.run, new.run), lambda _: payloads.close())

    def groups(self) -> None:
        """Show figures of all executions of a node, or of a model."""
        from viewer.screens.groups import GroupsScreen

        app, moment = self._app, self._app.session.now
        watched = app.session.chosen
        if watched is not None and moment is not None:
            _ = app.push_screen(GroupsScreen(app.palette, app.look, watched.run, moment))

    # ---- forms

    def answer(self) -> None:
        """Show the form that waits; without one, the last form of the run."""
        from viewer.screens.form import FormScreen

        app = self._app
        watched, form = app.session.chosen, self._form()
        if watched is None or form is None:
            app.say("no form")
            return
        run = watched.run
        key = form.form_id, form.node_id

        def current() -> HumanInput | None:
            return next((other for other in run.forms if (other.form_id, other.node_id) == key), None)

        screen = FormScreen(
            form,
            run,
            current=current,
            submit=watched.submit,
            palette=app.palette,
            look=app.look,
            clock=app.wall,
            defaults=watched.defaults.get(form.form_id),
        )
        _ = app.push_screen(screen)

    def _form(self) -> HumanInput | None:
        app = self._app
        watched, pane = app.session.chosen, app.pane
        if watched is None:
            return None
        note = pane.at_cursor if isinstance(pane, Notes) else None
        if note is not None and isinstance(note.about, HumanInput):
            return note.about
        forms = list(watched.run.forms)
        return next((form for form in reversed(forms) if form.status == "waiting"), forms[-1] if forms else None)


def _wrong_filter(text: str) -> str | None:
    try:
        parse(text) if text.strip() else None
    except BadWhere as error:
        return str(error)
    return None


def _wrong_name(text: str) -> str | None:
    return None if not text or text in _NAMES else f"there is no command {text!r}"
