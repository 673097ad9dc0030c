"""The detail: what is said of the one thing that is chosen, in tabs.

Rule 1: a tab that the user picks stays picked for whatever is chosen next; else the tab is chosen that says most.
Rule 2: what grows is followed to its end, until somebody scrolls away from there.
Rule 3: what did not change is not made again: folds, the place and the rows of an item stay while it goes on.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType

from streamkit.cli.render.cells import Line
from streamkit.cli.render.look import Look
from streamkit.cli.safe import safe_line
from streamkit.run import HumanInput, LogEntry, NodeExecution, Round, Run
from viewer.events import RawEvent
from viewer.page import Page
from viewer.paint import Palette
from viewer.said import TABS, Item, Prose, said, telling
from viewer.titles import title
from viewer.widgets.lines import Lines

_CHOOSABLE: Final = frozenset({"in", "out", "proc", "meta", "raw"})
"""Tabs whose lines are chosen one by one: they fold, or have a path. The others scroll."""
_KEYS: Final = {"in": "i", "out": "o", "proc": "p", "err": "exclamation_mark", "text": "t", "meta": "m", "raw": "v"}


class Detail(Lines):
    """Shows one item."""

    DEFAULT_CSS = """
    Detail { scrollbar-size-vertical: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "go(1)", "down", id="detail.down"),
        Binding("k,up", "go(-1)", "up", id="detail.up"),
        Binding("d,ctrl+d,pagedown", "page(1)", "half a page down", id="detail.page_down"),
        Binding("u,ctrl+u,pageup", "page(-1)", "half a page up", id="detail.page_up"),
        Binding("g,home", "top", "top", id="detail.top"),
        Binding("G,end", "bottom", "bottom", id="detail.bottom"),
        Binding("enter,z", "fold", "fold or open", id="detail.fold"),
        Binding("slash", "ask", "search", id="detail.search"),
        Binding("n", "next(1)", "next match", id="detail.next"),
        Binding("N", "next(-1)", "previous match", id="detail.previous"),
        *(Binding(key, f"pick('{tab}')", tab, id=f"detail.{tab}") for tab, key in _KEYS.items()),
    ]
    heading = 1

    def __init__(
        self,
        palette: Palette,
        *,
        look: Look | None = None,
        raw_events: Callable[[], Sequence[RawEvent]] | None = None,
        id: str | None = None,
    ) -> None:
        """Make an empty pane.

        Args:
            palette: makes strips.
            look: its glyphs are used.
            raw_events: returns the events of the item that is shown; asked only while they are in view.
            id: of the widget.
        """
        super().__init__(palette, id=id)
        self.look = look or Look()
        self.raw_events = raw_events
        self.item: Item | None = None
        self.tab = "meta"
        self._label = ""
        self._picked: str | None = None
        self._stamp: Hashable = None
        self._telling: set[str] = set()
        """Tabs that say something."""
        self._page = Page(self.look.glyphs)
        self._asking = False
        self._touched = False  # whether somebody scrolled or chose in what is shown now
        self._follows = False
        self._left_at = 0  # where the last sync left the view

    # ---- what is shown

    def show(self, item: Item | None, label: str = "") -> None:
        """Show an item. The same one again, also a later picture of it, keeps its tab and its place.

        Args:
            item: a live or a frozen object; None where nothing is chosen.
            label: what it is called.
        """
        same = item is self.item or _identity(item, label) == _identity(self.item, self._label)
        self.item, self._label, self._stamp = item, label, None
        if not same:
            self._telling = set()
            self._page.search("")
            self._asking = False
            if item is not None and self._picked is not None and self._says(item, self._picked):
                self._turn_to(self._picked)
            else:
                self._turn_to(telling(item) if item is not None else "meta")
        self.sync()

    def pick(self, tab: str) -> None:
        """Turn to a tab, for this item and those that are chosen next; in the one that is shown, go to its beginning."""
        self._picked = tab
        if tab == self.tab:
            self._begin()
        else:
            self._turn_to(tab)
        self.sync()

    def search(self, text: str) -> None:
        """Search in the tab, mark what is found and go to the first of it; an empty text ends that."""
        self._page.search(text)
        self._go_to_match()
        self.sync()

    def sync(self) -> None:
        """Take what changed of the item, and paint it."""
        if not self.is_mounted:
            return
        if round(self.scroll_y) != self._left_at:  # by the wheel, for instance
            self._touched = True
            self._follows = self.scroll_y >= self.max_scroll_y
        self._take()
        self._page.fit(self.scrollable_content_region.width)
        super().sync()
        if self._follows and self.tab == "text" and self._page.height and self.may_lay_out:
            self.show_line(self._page.height - 1)
        self._left_at = round(self.scroll_y)

    def on_resize(self) -> None:
        """Wrap anew."""
        self.sync()

    def _take(self) -> None:
        item = self.item
        if item is None:
            self._page.take((Prose("nothing is chosen", "dim"),))
            return
        stamp = item.revision if isinstance(item, Run | NodeExecution) else None
        if stamp is None or stamp != self._stamp:
            self._stamp = stamp
            if not (self._touched or self._picked) and (tab := telling(item)) != self.tab:
                self._turn_to(tab)
                self._stamp = stamp
            self._telling |= {tab for tab in TABS if tab not in self._telling and self._says(item, tab)}
            if self.tab != "raw":
                self._page.take(said(item, self.tab))
        if self.tab == "raw":
            self._page.take_events(self.raw_events() if self.raw_events is not None else ())

    def _says(self, item: Item, tab: str) -> bool:
        return self.raw_events is not None if tab == "raw" else bool(said(item, tab))

    def _turn_to(self, tab: str) -> None:
        self.tab = tab
        self._stamp = None
        self._page.clear()
        self._begin()

    def _begin(self) -> None:
        """Go to where a tab begins, and follow what grows."""
        tab = self.tab
        self._touched = False
        self._follows = tab == "text" and getattr(self.item, "status", None) == "running"
        self.cursor = 0 if tab in _CHOOSABLE else None
        self.scroll_to(y=0, animate=False, force=True)
        self._left_at = 0
        self.refresh()

    # ---- lines

    def height_now(self) -> int:
        """How many rows there are."""
        return self._page.height

    def keys(self, first: int, count: int) -> Sequence[Hashable]:
        """Return what rows show."""
        return [self._page.key(row) for row in range(first, first + count)]

    def spans(self, number: int, width: int) -> Line:
        """Return a row."""
        return self._page.spans(number)

    # ---- the title

    def title(self, width: int) -> Line:
        """Return the tabs, what the item is called, and where in it one is."""
        row = self.cursor if self.has_focus else None
        last = round(self.scroll_y) + self.room - 1
        return title(
            tabs=[(tab, tab in self._telling) for tab in TABS],
            chosen=self.tab,
            label=safe_line(self._label),
            path=self._page.path(row) if row is not None else "",
            place=self._page.place(row if row is not None else last),
            search=self._page.told_search(width // 3) if self._page.searched or self._asking else "",
            width=width,
            glyphs=self.look.glyphs,
        )

    # ---- moving

    def scroll_lines(self, lines: int) -> None:
        """Scroll, as from another pane."""
        top = max(0, min(round(self.scroll_y) + lines, self._page.height - self.room))
        self.show_line(top if lines < 0 else top + self.room - 1)
        if self.cursor is not None:
            self.cursor = max(top, min(self.cursor, top + self.room - 1))
        self._touched = True
        self.sync()

    def action_go(self, lines: int) -> None:
        """Move by lines."""
        if self.cursor is None:
            self.scroll_lines(lines)
        else:
            self._touched = True
            self.move_by(lines)

    def action_page(self, direction: int) -> None:
        """Move by half a page."""
        self.action_go(direction * max(self.room // 2, 1))

    def action_top(self) -> None:
        """Go to the first line."""
        self.action_go(-self._page.height)

    def action_bottom(self) -> None:
        """Go to the last line."""
        self.action_go(self._page.height)

    def action_fold(self) -> None:
        """Fold, unfold or open what the cursor is on."""
        if self.cursor is not None and self._page.height:
            self._touched = True
            self.move_to(self._page.toggle(self.cursor))
            self.sync()

    def action_pick(self, tab: str) -> None:
        """Turn to a tab."""
        self.pick(tab)

    # ---- searching

    def action_ask(self) -> None:
        """Begin to type what is searched for."""
        self._asking = True
        self.search("")

    def action_next(self, step: int) -> None:
        """Go to the next match, or the one before."""
        self._page.step(step)
        self._go_to_match()
        self.sync()

    def on_key(self, event: events.Key) -> None:
        """Take what is typed while a search is asked for."""
        if not self._asking:
            return
        event.stop()
        event.prevent_default()
        if event.key in ("enter", "escape"):
            self._asking = False
            self.search(self._page.searched if event.key == "enter" else "")
        elif event.key == "backspace":
            self.search(self._page.searched[:-1])
        elif event.character and event.is_printable:
            self.search(self._page.searched + event.character)

    def _go_to_match(self) -> None:
        row = self._page.match()
        if row is None:
            return
        self._touched = True
        if self.cursor is not None:
            self.cursor = row
        self.show_line(row)


def _identity(item: Item | None, label: str) -> Hashable:
    """Return what stays of an item while it changes. A try and a round have no name of their own."""
    match item:
        case Run():
            return "run", item.id
        case NodeExecution() | LogEntry():
            return type(item), item.id
        case Round():
            return item.container.id, item.index
        case HumanInput():
            return item.node_id, item.form_id
        case _:
            return item and item.index, label
