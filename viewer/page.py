"""What stands in a pane that shows one thing: bodies that are kept while the thing goes on, and a search in them."""

from collections.abc import Hashable, Iterable, Sequence

from streamkit.cli.render.cells import Line, cut
from streamkit.cli.render.look import Glyphs
from streamkit.cli.safe import safe_line
from viewer.bodies import Body, Fields, Stack
from viewer.events import Events, RawEvent
from viewer.json_lines import JsonLines
from viewer.matches import marked
from viewer.said import Data, Known, Part, Prose
from viewer.wrapped import Wrapped

_NOTHING = Prose("nothing", "dim")


class Page:
    """Rows of one thing, as it is now."""

    def __init__(self, glyphs: Glyphs) -> None:
        """Begin with nothing."""
        self.searched = ""
        """What is searched for."""
        self._glyphs = glyphs
        self._parts: Sequence[Part] = ()
        self._body = Stack(())
        self._made = 0  # bodies so far: rows of two of them may have equal keys
        self._width = 0
        self._found: Sequence[int] = ()
        self._match = 0

    # ---- what stands in it

    def clear(self) -> None:
        """Forget what stands here; what comes next is another thing."""
        self._parts, self._body = (), Stack(())
        self._found, self._match = (), 0

    def take(self, parts: Sequence[Part]) -> None:
        """Take the parts as they are now; bodies of those that stayed, or grew, stay."""
        parts = parts or (_NOTHING,)
        if parts != self._parts:
            before = dict(enumerate(zip(self._parts, self._body.parts, strict=False)))  # events have no part
            bodies = [self._kept(part, *before[n]) if n in before else self._new(part) for n, part in enumerate(parts)]
            self._parts = parts
            self._show(bodies)

    def take_events(self, events: Sequence[RawEvent]) -> None:
        """Take the events as they are now: the former ones, and more."""
        shown = self._body.parts[0] if self._body.parts else None
        if isinstance(shown, Events):
            shown.take(events)
        elif events:
            self._made += 1
            self._parts = ()
            self._show([Events(events, self._glyphs)])
        else:
            self.take(())

    def fit(self, width: int) -> None:
        """Take the width, and do a slice of what is left to do; a page without a width has no rows yet."""
        if not width:
            return
        before, self._width = self._body.height, width
        self._body.fit(width)
        if self._body.height != before:
            self._find()

    def _show(self, bodies: Iterable[Body]) -> None:
        self._body = Stack([*bodies])
        if self._width:
            self._body.fit(self._width)
        self._find()

    def _kept(self, part: Part, former: Part, body: Body) -> Body:
        if former == part:
            return body
        if isinstance(body, Wrapped) and isinstance(part, Prose) and former[1:] == part[1:]:
            body.take(part.text)
            return body
        return self._new(part)

    def _new(self, part: Part) -> Body:
        self._made += 1
        match part:
            case Data():
                return JsonLines(part.json, self._glyphs)
            case Known():
                return Fields(part.fields, self._glyphs.cut)
            case Prose():
                return Wrapped(part.text, part.style)

    # ---- rows

    @property
    def height(self) -> int:
        """How many rows there are."""
        return self._body.height

    def spans(self, row: int) -> Line:
        """Return a row, with what was found marked."""
        return marked(self._body.spans(row), self.searched)

    def key(self, row: int) -> Hashable:
        """Return all that a row shows."""
        return self._made, self.searched, self._body.key(row)

    def toggle(self, row: int) -> int:
        """Fold or unfold at a row, and return the row where that begins."""
        return self._body.toggle(row)

    def path(self, row: int) -> str:
        """Return where in a value a row is."""
        return self._body.path(row) if row < self.height else ""

    def place(self, row: int) -> str:
        """Return where in the whole a row is, as `4/31 12%`."""
        height = self.height
        number = min(row + 1, height)
        return f"{number:,}/{height:,} {number * 100 // height}%" if height else ""

    # ---- searching

    def search(self, text: str) -> None:
        """Search; an empty text ends that."""
        self.searched = text
        self._match = 0
        self._find()

    def step(self, step: int) -> None:
        """Go on to the next match, or back; behind the last one comes the first."""
        if self._found:
            self._match = (self._match + step) % len(self._found)

    def match(self) -> int | None:
        """Unfold what hides the match that one is at, and return its row; None if nothing was found."""
        return self._body.reveal(self._found[self._match]) if self._found else None

    def told_search(self, most: int) -> str:
        """Return what is searched for, in so many columns, and at which match one is, as `/refund 2/7`."""
        text = f"/{cut(safe_line(self.searched), most, self._glyphs.cut)}"
        return f"{text} {self._match + bool(self._found)}/{len(self._found):,}" if self.searched else text

    def _find(self) -> None:
        self._found = self._body.find(self.searched) if self.searched else ()
        self._match = min(self._match, max(len(self._found) - 1, 0))
