"""The pane of notes: what waits for a person, what did not fit, what is missing; each is explained on demand."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

from streamkit.cli.render.cells import Line, Span
from streamkit.cli.render.look import Look
from streamkit.run import Run
from viewer.notes import Note, Troubles, explanation_lines, notes
from viewer.paint import Palette
from viewer.runs import Entry
from viewer.watched import Remark
from viewer.widgets.lines import Lines


class _Row(NamedTuple):
    line: Line
    note: Note


class Notes(Lines):
    """What somebody should know of the run."""

    def __init__(
        self,
        palette: Palette,
        look: Look,
        clock: Callable[[], float],
        *,
        answer_key: str = "a",
        id: str | None = None,
    ) -> None:
        """Make an empty pane.

        Args:
            palette: makes strips.
            look: how to draw.
            clock: tells epoch seconds.
            answer_key: what somebody presses to answer a form; empty where none can be answered.
            id: of the widget.
        """
        super().__init__(palette, id=id)
        self.look = look
        self.unread: Sequence[Entry] = ()
        """What could not be read, of all runs; the list may be the caller's own, which grows."""
        self.is_of_now = False
        """Whether somebody looks at an earlier moment, and all this is said of now."""
        self.remarks: Sequence[Remark] = ()
        """What a recording says of moments of the run."""
        self.answer_key = answer_key
        self._clock = clock
        self._troubles: Troubles | None = None
        self._notes: list[Note] = []
        self._rows: list[_Row] = []
        self._explained: set[Hashable] = set()
        self._made_of: Hashable = None

    def show(self, run: Run) -> None:
        """Show what there is to know of another run."""
        self._troubles = Troubles(run)
        self._explained.clear()
        self._made_of = self.cursor = None
        self.sync()

    @property
    def count(self) -> int:
        """How many things there are to know, as of the last `sync`."""
        return len(self._notes)

    @property
    def caption(self) -> str:
        """For the title: how many there are."""
        what = f"Notes {self.count:,}" if self._notes else "Notes"
        return f"{what}, as of now" if self.is_of_now else what

    @property
    def at_cursor(self) -> Note | None:
        """The note that the cursor is on, or the explanation of it."""
        return self._rows[self.cursor].note if self.cursor is not None and self.cursor < len(self._rows) else None

    def toggle(self) -> None:
        """Explain the anomaly that the cursor is on, or no longer."""
        note = self.at_cursor
        if note is None or not isinstance(note.about, str):
            return
        self._explained ^= {note.about}
        self._made_of = None
        self.sync()
        self.move_to(next(number for number, row in enumerate(self._rows) if row.note.about == note.about))

    # ---- lines

    def sync(self) -> None:
        """Take in what changed, and repaint it."""
        troubles = self._troubles
        if troubles is not None:
            run, width = troubles.run, self.scrollable_content_region.width
            waiting = any(form.status == "waiting" for form in run.forms)
            unread = [(entry.name, entry.problem) for entry in self.unread]
            made_of = (run.revision, unread, len(self.remarks), width, int(self._clock()) if waiting else 0)
            if made_of != self._made_of:
                self._made_of = made_of
                troubles.sync()
                now = self._clock()
                self._notes = notes(troubles, self.unread, width, self.look, now, self.answer_key, self.remarks)
                self._rows = [row for note in self._notes for row in self._rows_of(note, troubles, width)]
        super().sync()

    def _rows_of(self, note: Note, troubles: Troubles, width: int) -> Iterator[_Row]:
        yield _Row(note.line, note)
        if isinstance(note.about, str) and note.about in self._explained:
            for line in explanation_lines(troubles, note.about, width):
                yield _Row(line, note)

    def height_now(self) -> int:
        """The notes, and what is explained of them."""
        return len(self._rows)

    def keys(self, first: int, count: int) -> Sequence[Hashable]:
        """A line is all that it says."""
        return [row.line for row in self._rows[first : first + count]]

    def spans(self, number: int, width: int) -> Sequence[Span]:
        """Return a line."""
        return self._rows[number].line
