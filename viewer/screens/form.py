"""The form that waits for a person, over the panes: read, filled in, and sent by the source of its run.

Rule 1: what is sent is sent once. While it is under way everything is disabled, and only the run says that it arrived.
Rule 2: nothing here opens a link, shows a token, or knows how an answer travels: the source gives a `Submit`.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar, Final

from textual import events
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding
from textual.containers import ItemGrid, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Markdown, Static, TextArea

from streamkit.cli.asking.entries import BadEntry
from streamkit.cli.asking.forms import Action, Submit, read
from streamkit.cli.render import figures
from streamkit.cli.render.cells import Span, cells, cut
from streamkit.cli.render.look import ASCII, Look
from streamkit.cli.safe import safe_line
from streamkit.run import HumanInput, Run
from viewer import editor
from viewer.paint import Palette
from viewer.widgets.asked import Asked
from viewer.widgets.line import Line

_TICK: Final = 0.25
"""Seconds; the countdown shows whole ones."""
_MINUTE: Final = 60
_AROUND: Final = 5
"""Rows that do not scroll: the border, the heading, the state, the hints."""
_RUN_LEAST: Final = 50
"""Columns from which on the heading names the run."""
_TITLE_MOST: Final = 40
"""Columns of a button's title."""


class FormScreen(ModalScreen[bool]):
    """Shows a form; returns whether it was answered here."""

    DEFAULT_CSS = """
    FormScreen { align: center middle; }
    FormScreen #form { width: 100%; max-width: 88; height: auto; background: $surface; border: round $primary; padding: 0 1; }
    FormScreen #scroll { height: auto; margin: 0; }
    FormScreen #content { height: auto; padding: 0; background: transparent; }
    FormScreen Static#content { margin: 0 0 1 0; }
    FormScreen #actions { height: auto; grid-gutter: 0 1; }
    FormScreen #actions > Button { min-width: 0; text-align: left; }
    FormScreen.-ascii #form { border: ascii $primary; }
    FormScreen.-ascii #scroll { scrollbar-size-vertical: 0; }
    """
    AUTO_FOCUS = ""
    BINDINGS: ClassVar = [
        Binding("escape", "leave", "keep waiting"),
        Binding("ctrl+enter,ctrl+j", "main", "submit", priority=True),  # ctrl+j is what many terminals send for it
        Binding("ctrl+e", "edit", "edit in $EDITOR", priority=True),  # in a line it stays the key to its end
        Binding("up", "scroll(-1)", "up", show=False),
        Binding("down", "scroll(1)", "down", show=False),
        Binding("pageup", "scroll(-10)", "far up", show=False),
        Binding("pagedown", "scroll(10)", "far down", show=False),
    ]

    def __init__(
        self,
        told: HumanInput,
        run: Run,
        *,
        current: Callable[[], HumanInput | None],
        submit: Submit | None,
        palette: Palette,
        look: Look,
        clock: Callable[[], float],
        defaults: Any = None,  # noqa: ANN401 - a JSON value
    ) -> None:
        """Prepare to show a form.

        Args:
            told: the form.
            run: whose it is.
            current: returns the form as the run has it now; None if it is no longer there.
            submit: sends an answer; None for a recording.
            palette: styles.
            look: marks and lines.
            clock: epoch seconds.
            defaults: what defaults that are variables stand for, where the source knows.
        """
        super().__init__(classes="-ascii" if look.glyphs is ASCII else "")
        self._told = told
        self._run = run
        self._current = current
        self._submit = submit
        self._palette = palette
        self._look = look
        self._clock = clock
        self._defaults = defaults
        self._form = read(told, run.dialect, defaults)
        self._lines: list[Line] = []
        self._sending = False
        self._sent = False
        self._problem = ""
        """Why the answer could not be sent."""
        self._link = ""
        """The address of the link that was clicked."""

    # ---- what is on the screen

    def compose(self) -> ComposeResult:
        """Lay the form out."""
        self._lines = [Line(self._palette, told) for told in (self._heading, self._state, self._hints)]
        heading, state, hints = self._lines
        with Vertical(id="form"):
            yield heading
            with VerticalScroll(id="scroll", can_focus=False) as scroll:
                scroll.styles.max_height = self._room
                yield from self._content()
                if self._form.status == "waiting":
                    yield from (Asked(field, self._palette, self._look) for field in self._form.fields)
                    yield self._buttons()
                yield from (Static(Content.assemble((f"{name}  ", "b"), value)) for name, value in self._form.answered)
            yield state
            yield hints

    def _content(self) -> Iterator[Widget]:
        """Yield the text; as it was written where there is nothing but ASCII to draw bullets and rules with."""
        if self._form.content and self._look.glyphs is ASCII:
            yield Static(Content(self._form.content), id="content")
        elif self._form.content:
            yield Markdown(self._form.content, open_links=False, id="content")

    def _buttons(self) -> Widget:
        buttons = [self._button(action) for action in self._form.actions]
        widest = max((cells(str(button.label)) for button in buttons), default=0)
        return ItemGrid(*buttons, min_column_width=widest + 2, stretch_height=False, id="actions")

    def _button(self, action: Action) -> Button:
        key = f"[{action.key.upper()}] " if action.key else ""
        label = Content(key + cut(action.title, _TITLE_MOST, self._look.glyphs.cut))  # a text would be markup
        button = Button(label, compact=True)
        button.variant = {"primary": "primary", "accent": "success"}.get(action.style, "default")
        return button

    def on_mount(self) -> None:
        """Begin with the first field, and to count down.

        No button has the focus: an enter too many must not answer.
        """
        self._enable()
        if fields := self.query(Asked):
            self.set_focus(fields.first().entry, scroll_visible=False)  # what is asked is read from its beginning
        self.set_interval(_TICK, self.tick)

    def on_resize(self) -> None:
        """Let what does not fit scroll."""
        self.query_one("#scroll").styles.max_height = self._room
        self.call_after_refresh(self.sync)  # lines say other things in another width

    @property
    def _room(self) -> int:
        """How many rows there are for what scrolls."""
        return max(self.size.height - _AROUND, 2)

    # ---- what the lines say

    def _heading(self, width: int) -> Sequence[Span]:
        name = safe_line(self._run.id or self._run.message_id or "")[:8]
        dot = f" {self._look.glyphs.dot} "
        expiry = self._expiry(dot)
        run = f"{dot}run {name}" if name and width >= _RUN_LEAST else ""
        title = cut(self._form.title, max(width - cells(run + expiry), 1), self._look.glyphs.cut)
        return [Span(title, "title"), Span(run, "dim"), Span(expiry, "odd")]

    def _expiry(self, dot: str) -> str:
        left = self._form.remaining(self._clock())
        if left is None or self._form.status != "waiting":
            return ""
        if not left:
            return f"{dot}expired"
        return f"{dot}expires in {f'{int(left)}s' if left < _MINUTE else figures.duration(left // 1)}"

    def _state(self, width: int) -> Sequence[Span]:
        if self._sending:
            return [Span(f"submitting{self._look.glyphs.cut}", "live")]
        if self._sent:
            return [Span(f"submitted: waiting for the run{self._look.glyphs.cut}", "live")]
        if self._problem:
            return [Span(f"{self._look.mark('failed').text.strip()} {self._problem}", "bad")]
        return [Span(self._shut, "odd")] if self._shut else [Span(self._link, "dim")]

    def _hints(self, width: int) -> Sequence[Span]:
        dot, main = f" {self._look.glyphs.dot} ", self._form.main
        if self._shut or self._sent:
            return [Span("esc back", "dim")]
        press = f"^enter {cut(main.title, _TITLE_MOST // 2, self._look.glyphs.cut)}" if main else "alt+letter presses"
        edit = ["^e $EDITOR"] if self._paragraph is not None else []
        hints = ["esc keep waiting", "tab next", press, *edit]
        fitting = (dot.join(hints[:count]) for count in (4, 3, 2))
        return [Span(next((text for text in fitting if cells(text) <= width), hints[0]), "dim")]

    @property
    def _shut(self) -> str:
        """Why it cannot be answered; empty if it can."""
        if self._form.closed:
            return self._form.closed
        if self._submit is None:
            return "a recording: it cannot be answered"
        return "its time ran out: it cannot be answered" if self._form.remaining(self._clock()) == 0 else ""

    # ---- what happens meanwhile

    def tick(self) -> None:
        """Look whether the run has gone on, and count down."""
        if not self.is_current:
            return
        now = None if self._sending else self._current()  # the run may tell of an answer before its request is done
        if now is not None and now != self._told:
            if self._sent and now.status != "waiting":
                self._leave()
                return
            self._learn(now)
        self._enable()
        self.sync()

    def _learn(self, told: HumanInput) -> None:
        """Take in what the run says anew of the form; what is entered stays unless it is settled or asks other things."""
        before = self._form
        self._told, self._form = told, read(told, self._run.dialect, self._defaults)
        if (before.status, before.fields, before.actions) != (self._form.status, self._form.fields, self._form.actions):
            self.refresh(recompose=True)

    def sync(self) -> None:
        """Say what holds now."""
        for line in (*self._lines, *self.query(Asked)):
            line.sync()

    def _enable(self) -> None:
        disabled = self._sending or self._sent or bool(self._shut)
        for widget in self.query("Asked, #actions"):
            widget.disabled = disabled

    def on_input_changed(self) -> None:
        """Say what is wrong with it."""
        self.sync()

    on_text_area_changed = on_choices_changed = on_descendant_focus = on_descendant_blur = on_input_changed

    def on_markdown_link_clicked(self, event: Markdown.LinkClicked) -> None:
        """Show where a link leads, and go nowhere."""
        self._link = safe_line(event.href)
        self.sync()

    # ---- the answer

    def action_leave(self) -> None:
        """Go, and let the form wait; what is under way goes on."""
        self._leave()

    def _leave(self) -> None:
        _ = self.dismiss(self._sent)  # not awaited: it waits for the handler that calls it

    def action_scroll(self, by: int) -> None:
        """Scroll what does not fit."""
        self.query_one("#scroll").scroll_relative(y=by, animate=False)

    @property
    def _paragraph(self) -> TextArea | None:
        """The text of several lines that somebody types in, if there is an editor for it."""
        focused = self.focused
        return focused if isinstance(focused, TextArea) and not focused.disabled and editor.command() else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether an action is one now, for Textual."""
        return self._paragraph is not None if action == "edit" else super().check_action(action, parameters)

    def action_edit(self) -> None:
        """Edit a text of several lines in the user's editor. Until it is closed the viewer stands still."""
        paragraph = self._paragraph
        if paragraph is None:
            return
        try:
            with self.app.suspend():
                self._problem = self._edit(paragraph)
        except SuspendNotSupported:
            self._problem = "there is no terminal here for an editor"
        self.sync()

    def _edit(self, paragraph: TextArea) -> str:
        """Let the user edit a text; return why that failed, or nothing."""
        try:
            paragraph.text = editor.edit(paragraph.text)
        except editor.EditorFailed as error:  # here: one that leaves `suspend` would keep the terminal from coming back
            return safe_line(str(error))
        return ""

    def action_main(self) -> None:
        """Submit with the action that needs no choice."""
        if self._form.main is not None:
            self._press(self._form.main)
        else:
            self._problem = "several actions: press one of them"
            self.sync()

    def on_key(self, event: events.Key) -> None:
        """Press the button of a letter: alone where nobody types, with alt everywhere."""
        key = event.key.removeprefix("alt+")
        action = next((action for action in self._form.actions if action.key == key), None)
        if action is not None:
            event.stop()
            self._press(action)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Submit with the button's action."""
        buttons = list(self.query("#actions > Button"))
        self._press(self._form.actions[buttons.index(event.button)])

    def _press(self, action: Action) -> None:
        if self._sending or self._sent or self._shut or self._submit is None:
            return
        entered = {asked.field.key: asked.entered for asked in self.query(Asked)}
        try:
            body = self._form.answer(entered, action.id)
        except BadEntry:
            self._insist()
            return
        self._sending, self._problem = True, ""
        self._enable()
        self.sync()
        send: Callable[[], Awaitable[None]] = partial(self._send, self._submit, action, body)
        self.app.run_worker(send, group="submit", exit_on_error=False)  # the app's: one may leave meanwhile

    def _insist(self) -> None:
        """Say of every field what is wrong with it, and go to the first of those."""
        fields = list(self.query(Asked))
        for asked in fields:
            asked.insists = True
        bad = [asked for asked in fields if asked.problem]
        bad[0].entry.focus()
        self._problem = f"{bad[0].field.label}: {bad[0].problem}"
        self.sync()

    async def _send(self, submit: Submit, action: Action, body: dict[str, Any]) -> None:
        try:
            await submit(self._told, action.id, body)
        except Exception as error:  # noqa: BLE001 - whatever a source raises is told, and the form stays
            self._problem = self._reason(error)
        else:
            self._sent = True
        self._sending = False
        if self.is_attached:
            self.tick()
        elif self._problem:
            self.app.notify(f"the answer was not taken: {self._problem}", severity="error", markup=False)

    def _reason(self, error: Exception) -> str:
        """Return what went wrong in one line; the address of the request, which errors name, has the token in it."""
        told = str(error).replace(self._told.token, self._look.glyphs.cut) if self._told.token else str(error)
        return safe_line(told) or type(error).__name__
