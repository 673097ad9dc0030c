"""The viewer: panes over the runs that sources open, and one tick that repaints what changed.

Rule 1: sources change the runs, the app only reads them, in one thread and without locks. There is no message per event.
Rule 2: the tick awaits nothing. It looks at revisions, and panes repaint the lines whose keys changed.
Rule 3: what a key does is a command of `keymap`; the method that does it is called as the command.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import monotonic, time  # noqa: TID251 - a viewer has clocks
from typing import ClassVar, Final

from textual import events
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from streamkit.cli.render.look import ASCII, UNICODE, Look
from streamkit.run import Run
from viewer import header
from viewer.commands import Commands
from viewer.dialogs import Dialogs
from viewer.events import RawEvent
from viewer.keymap import COMMANDS, bindings, changed, signs
from viewer.paint import Palette
from viewer.pulse import Pulse
from viewer.rates import Rates
from viewer.rows import Key
from viewer.scrub import Track
from viewer.session import Session
from viewer.stream import Watch
from viewer.watched import Watched
from viewer.widgets.detail import Detail
from viewer.widgets.line import Line
from viewer.widgets.lines import Lines
from viewer.widgets.notes import Notes
from viewer.widgets.run_tree import RunTreePane
from viewer.widgets.runs import RunList
from viewer.widgets.scrub import Scrub
from viewer.widgets.tokens import Tokens

_AROUND: Final = 3
"""One of so many looks, ten in a second, is at the panes around the tree, too."""
_EVERYWHERE: Final = frozenset(command.id for command in COMMANDS if command.group == "viewer")
_BEFORE_TEXTUAL: Final = ("next-pane", "previous-pane")
"""Every screen of Textual has its own idea of these keys."""


class Viewer(App[None]):
    """Shows the runs of a `Watch`."""

    TITLE = "streamkit"
    CSS_PATH = "viewer.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-medium"), (140, "-wide")]  # noqa: RUF012 - Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (15, "-short"), (20, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar = [
        Binding(
            command.keys,
            f"command('{command.id}')",
            command.help,
            id=command.id,
            show=False,
            priority=command.id in _BEFORE_TEXTUAL,
        )
        for command in COMMANDS
    ]

    def __init__(
        self,
        watch: Watch,
        session: Session,
        *,
        look: Look | None = None,
        colour: bool = True,
        filter: str = "",
        folder: Path = Path(),
        wall: Callable[[], float] = time,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare to show runs.

        Args:
            watch: what is watched.
            session: what is looked at.
            look: marks and lines; by default those of Unicode.
            colour: whether to use colours.
            filter: a filter to begin with, as behind `f`.
            folder: where exports are written to.
            wall: tells epoch seconds: ages of runs, and when forms expire.
            keys: a user's keys, by the id of their command.
        """
        super().__init__(ansi_color=not colour)
        self.keymap = changed(keys or {})
        """The commands, with the user's keys."""
        self.set_keymap(bindings(keys or {}))
        self.watching = watch
        self.wall = wall
        self.session = session
        self.look = look or Look(glyphs=UNICODE)
        self.palette = Palette(colour=colour, ellipsis=self.look.glyphs.cut)
        self.run_tree = RunTreePane(self.palette, self.look, id="tree")
        self.run_tree.idle = session.idle
        self.detail = Detail(self.palette, look=self.look, raw_events=self._raw_events, id="detail")
        self.runs = RunList(self.palette, self.look, wall, id="runs")
        self.tokens = Tokens(self.palette, self.look, monotonic, id="tokens")
        self.notes = Notes(self.palette, self.look, wall, id="notes")
        self.scrub = Scrub(self.palette, self.look, id="scrub")
        self.header = Line(self.palette, lambda width: header.told(self, width), id="header")
        self.hints = Line(self.palette, lambda width: header.hints(self, width), id="hints")
        self.pulse = Pulse(self._beat, is_busy=lambda: self._is_busy, is_live=lambda: self._is_live)
        self.watching_goes_on = False
        """Whether sources may still bring something."""
        self.crash: Exception | None = None
        """What ended the viewer, if something was wrong with it."""
        self.message = ""
        """Said in place of the hints, until the next key."""
        self._rates = Rates()
        self._shown: Watched | None = None
        self._shown_run: Run | None = None
        self._shown_row: tuple[Key, int | None] | None = None
        self._ticked = 0.0
        self._beats = 0
        self.folder = folder
        self.dialogs = Dialogs(self)
        self.commands = Commands(self)
        self.commands.finding.filter(filter)

    # ---- the screen

    def compose(self) -> ComposeResult:
        """Lay the panes out; which of them are seen is the style sheet's business."""
        for titled in (self.runs, self.run_tree, self.tokens, self.notes):
            titled.heading = 1
            titled.rule = self.look.glyphs.rule
        for pane in self.panes:
            pane.add_class("pane")
        yield self.header
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield self.runs
                yield self.tokens
                yield self.notes
            with Vertical(id="middle"):
                yield self.run_tree
                yield self.detail
        yield self.scrub
        yield self.hints

    def on_mount(self) -> None:
        """Begin to tick."""
        self.screen.set_class(self.look.glyphs is ASCII, "-ascii")
        self.run_tree.focus()
        self._ticked = monotonic()
        self.watching.on_news = self.pulse.wake
        self.pulse.begin(self)

    async def on_event(self, event: events.Event) -> None:
        """Look at what keys and the mouse do."""
        self.pulse.wake()
        await super().on_event(event)

    @property
    def _is_busy(self) -> bool:
        """Whether something goes on that neither bytes nor keys bring."""
        return self.session.playing or self.tokens.is_behind

    @property
    def _is_live(self) -> bool:
        return any(watched.live for watched in self.watching.runs)

    def _handle_exception(self, error: Exception) -> None:
        self.crash = self.crash or error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """End, without Textual's traceback: it shows what variables hold. `crash` is told by whoever runs the viewer."""
        self._close_messages_no_wait()

    # ---- the tick

    def tick(self) -> None:
        """Take in what changed, and repaint it."""
        self._take_in()
        self._look_around()

    def _beat(self) -> None:
        """Tick as time goes by: what stands around the tree and the detail is looked at every third time.

        Textual paints all that lies between the first line that changed and the last one, and a clock in the first
        line lies far from the tree: a frame without it takes half the time. Nor does it come with a new layout.
        """
        self._beats += 1
        layouts = self.run_tree.layouts
        self._take_in()
        if self.pulse.is_slow or (self._beats >= _AROUND and self.run_tree.layouts == layouts):
            self._look_around()

    def _look_around(self) -> None:
        """Follow the runs in all that stands around the tree and the detail."""
        self._beats = 0
        self._track()
        self._tell_what_else_is_known()
        for pane in (self.runs, self.tokens, self.notes, self.scrub):
            if pane.display and pane.size.height:
                pane.sync()
        self.header.sync()
        self.hints.sync()

    def _take_in(self) -> None:
        """Follow the runs and the moment in the tree and in the detail."""
        now = monotonic()
        elapsed, self._ticked = now - self._ticked, now
        session = self.session
        session.take_in(self.watching.runs)
        if self.runs.entries is not self.watching.runs:
            self.runs.entries = self.watching.runs
        was_playing = session.playing
        session.tick(elapsed)
        if session.chosen is not self._shown:
            self._show(session.chosen)
        if session.playing and not was_playing:
            self.run_tree.follow = True
        self.run_tree.moment = session.moment
        self.commands.finding.sync()
        self.run_tree.narrowed = self.commands.finding.told
        self.run_tree.sync()
        self._look_at()
        if self.detail.display and self.detail.size.height:
            self.detail.sync()

    def _show(self, watched: Watched | None) -> None:
        self._shown = watched
        self.run_tree.show(self.session.tree)
        self.runs.chosen = watched
        self.runs.point_at(watched)
        self.run_tree.follow = watched is not None and watched.live
        self._shown_run = self._shown_row = None

    def _look_at(self) -> None:
        """Follow the moment and the row that are looked at: what has no history of its own shows the run as it was."""
        session, row = self.session, self.run_tree.chosen
        run = session.run
        if run is not self._shown_run and run is not None:
            self._shown_run, self._shown_row = run, None
            self.tokens.show(run)
            self.notes.show(run)
        self.tokens.is_of_now = self.notes.is_of_now = session.is_of_now
        shown = (row.key, session.past) if row is not None else None
        if row is not None and shown != self._shown_row:
            self._shown_row = shown
            item, is_of_now = session.item_of(row)
            self.detail.show(item, header.path(row, session.tree) + (", as of now" if is_of_now else ""))

    def say(self, text: str) -> None:
        """Say something in the last line, until the next command."""
        self.message = text
        self.pulse.wake()

    def _raw_events(self) -> Sequence[RawEvent]:
        return self.session.raw_events(self.run_tree.chosen)

    def _track(self) -> None:
        watched, session = self.session.chosen, self.session
        if watched is None or not self.scrub.size.height:
            return
        history = watched.history
        event = session.past if session.past is not None else watched.events
        self.scrub.track = Track(
            densities=history.density(max(self.scrub.columns, 1)),
            marks=session.marks(),
            event=event,
            events=watched.events,
            time=session.time,
            duration=history.ended_at - history.began_at,
            is_live=watched.live,
            is_playing=session.playing or session.past is None,
            speed=session.speed,
        )

    def _tell_what_else_is_known(self) -> None:
        """Tell the panes what no run knows: how fast it comes, and what could not be read."""
        watched, session = self.session.chosen, self.session
        comes = watched is not None and watched.comes_live
        rates = self._rates.look(watched.run, monotonic()) if watched is not None and comes else ()
        self.tokens.rates = rates if session.past is None else ()
        self.notes.remarks = session.remarks
        self.notes.unread = [each for each in session.runs if each.problem is not None]

    def on_scrub_seek(self, message: Scrub.Seek) -> None:
        """Look at the moment that somebody clicked at."""
        watched = self.session.chosen
        if watched is not None:
            began, ended = watched.history.began_at, watched.history.ended_at
            self.session.seek(watched.history.event_at(began + message.fraction * (ended - began)))

    def on_resize(self, event: events.Resize) -> None:
        """Repaint; sizes of panes are known only afterwards."""
        self.call_after_refresh(self.tick)

    # ---- commands

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Return what the command palette lists: the same commands as `:` and the keys."""
        for command in self.keymap:
            yield SystemCommand(
                command.id, f"{command.help}  {signs(command.keys)}", partial(self.commands.do, command.id)
            )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether a key is a command's; over a comparison, a table or a dialog it is only where it needs no panes."""
        if action == "command" and self.screen is not self.run_tree.screen:
            return parameters[0] in _EVERYWHERE
        return super().check_action(action, parameters)

    def action_command(self, name: str) -> None:
        """Do what a key says."""
        self.commands.do(name)

    @property
    def panes(self) -> Sequence[Lines | Scrub]:
        """All panes, in the order in which one goes from one to the next."""
        return self.runs, self.run_tree, self.detail, self.tokens, self.notes, self.scrub

    @property
    def pane(self) -> Lines | Scrub:
        """The pane that keys go to."""
        focused = self.focused
        return focused if isinstance(focused, Lines | Scrub) else self.run_tree
