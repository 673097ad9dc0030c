"""What is looked for in a run: searches, filters and other orders of its rows."""

from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Final

from streamkit.cli.render import figures
from streamkit.run import NodeExecution
from streamkit.run.rounds import Round
from streamkit.subjects import NodeSubject, RunSubject
from streamkit.where import Where, parse
from viewer import views
from viewer.facts import Now
from viewer.labels import name_of
from viewer.rows import Item, Key, Row
from viewer.tree import RunTree

if TYPE_CHECKING:
    from viewer.app import Viewer

_VIEWS: Final = ("tree", *views.ORDERS)
_EVERY: Final = 0.5
"""Seconds between two looks at a run that goes on: to filter costs time in proportion to its size."""


class Finding:
    """The search, the filter and the order of the tree's rows."""

    def __init__(self, app: "Viewer") -> None:
        """Look for nothing."""
        self._app = app
        self.searched = ""
        self.where: Where | None = None
        self.runs_where: Where | None = None
        self.hits: Sequence[Key] = ()
        self._places: dict[Key, int] = {}  # of the hits
        self.shown = self.total = 0
        """Executions that the filter shows, and all."""
        self._view = 0
        self._is_logical = False
        self._critical = False
        self._path: Sequence[Key] = ()
        self._tree: RunTree | None = None
        self._made_of: object = None
        self._made_at = 0.0

    @property
    def view(self) -> str:
        """How the rows are ordered."""
        return _VIEWS[self._view]

    @property
    def told(self) -> str:
        """What narrows the tree down, for its title."""
        parts = []
        if self.where is not None:
            parts.append(f"filter {self.where} {self.shown:,}/{self.total:,}")
        if self._is_logical:
            parts.append("logical")
        if self._view:
            parts.append(self.view)
        if self.searched:
            here = self._app.run_tree.chosen
            place = self._places.get(here.key, -1) + 1 if here is not None else 0
            parts.append(f"/{self.searched} {place}/{len(self.hits):,}")
        return "  ".join(parts)

    def clear(self) -> bool:
        """Take the last thing back that narrows the tree down; return whether there was one."""
        if self._app.pane is self._app.runs and self.runs_where is not None:
            self.filter_runs("")
        elif self.searched:
            self.searched = ""
            self._find()
        elif self._critical:
            self.toggle_critical()
        elif self.where is not None:
            self.where = None
        elif self._view:
            self._view = 0
        elif self._is_logical:
            self._is_logical = False
        else:
            return False
        self._made_of = None
        return True

    # ---- search

    def search(self, text: str) -> None:
        """Find a text in names, types and errors, wherever it is folded away."""
        self.searched = text
        self._find()
        if self.hits:
            self.next_hit(1, stay=True)

    def _find(self) -> None:
        pane, tree = self._app.run_tree, self._app.session.tree
        wanted = _Wanted(self.searched.lower())
        if not self.searched or tree is None:
            self.hits = ()
        elif pane.rows is not None:
            self.hits = [row.key for row in pane.rows if row.depth and wanted.item(row.item)]
        else:
            self.hits = tree.find(wanted)
        self._places = dict(zip(self.hits, range(len(self.hits)), strict=True))
        self._mark()

    def _mark(self) -> None:
        """Mark what was found, and the critical path."""
        found = self._places.keys()
        self._app.run_tree.hits = found | set(self._path) if self._path else found

    def next_hit(self, steps: int, *, stay: bool = False) -> None:
        """Go to the next hit, or the one before; with `stay` not if this is one."""
        tree = self._app.session.tree
        if not self.hits or tree is None:
            self._app.say(f"nothing found: {self.searched}" if self.searched else "/ searches")
            return
        here = self._app.run_tree.chosen
        place = self._places.get(here.key) if here is not None else None
        if place is not None:
            place += 0 if stay else steps
        else:
            place = 0 if steps > 0 else -1
        self._app.run_tree.follow = False
        self._app.run_tree.choose(self.hits[place % len(self.hits)])

    # ---- filter, views

    def filter(self, text: str) -> None:
        """Show only executions that match, and what holds them.

        Raises:
            BadWhere: it is no filter.
        """
        self.where = parse(text) if text.strip() else None
        self._made_of = None

    def filter_runs(self, text: str) -> None:
        """List only runs that match.

        Raises:
            BadWhere: it is no filter.
        """
        where = self.runs_where = parse(text) if text.strip() else None
        wanted = None if where is None else lambda entry: where.matches(RunSubject(entry.run, (entry.name,)))
        self._app.runs.filter_by(wanted)

    def next_view(self) -> None:
        """Go to the next order of rows."""
        self._view = (self._view + 1) % len(_VIEWS)
        self._made_of = None

    def toggle_logical(self) -> None:
        """Hide the plumbing, or show it."""
        self._is_logical = not self._is_logical
        self._made_of = None

    def toggle_critical(self) -> None:
        """Mark the critical path, or not."""
        self._critical = not self._critical
        self._lead()
        self._app.say(f"critical path: {figures.counted(len(self._path), 'execution')}" if self._critical else "")

    def _lead(self) -> None:
        """Find the critical path, as long as it is wanted."""
        tree, now = self._app.session.tree, self._app.session.now
        path = views.critical_path(tree.run, now) if tree is not None and now is not None and self._critical else ()
        self._path = [("x", execution_id) for execution_id in path]
        self._mark()

    # ---- the rows

    def sync(self) -> None:
        """Make the rows of a filtered or ordered view anew where the run changed."""
        pane, tree = self._app.run_tree, self._app.session.tree
        if tree is None or (self.where is None and not self._is_logical and not self._view):
            pane.narrow(None)
            self._made_of = None
            self._turn_to(tree)
            return
        now = monotonic()
        made_of = (id(tree), tree.run.revision, tree.limit)
        if made_of != self._made_of and (self._made_of is None or now - self._made_at >= _EVERY):
            self._made_of, self._made_at = made_of, now
            pane.narrow(self._narrowed(tree.walk() if not self._view else self._ordered(tree)))
        self._turn_to(tree)

    def _turn_to(self, tree: RunTree | None) -> None:
        """Look for the same in another run."""
        if tree is not self._tree:
            self._tree = tree
            self._find()
            self._lead()

    def _ordered(self, tree: RunTree) -> Iterable[Row]:
        """Return executions in another order, each a row of its own."""
        now = self._app.session.now or Now(0.0)
        nodes = views.ORDERS[self.view](views.begun(tree.run, tree.limit), now)
        return (Row(("x", node.id), node, 0, (), True, None) for node in nodes)

    def _narrowed(self, rows: Iterable[Row]) -> list[Row]:
        where, is_logical = self.where, self._is_logical
        tests: list[Callable[[NodeExecution], bool]] = []
        if where is not None:
            tests.append(lambda node: where.matches(NodeSubject(node)))
        if is_logical:
            tests.append(lambda node: not views.is_plumbing(node))
        kept: list[Row] = []
        above: list[Row] = []  # rows that hold this one, and whether they are kept already
        kept_above = 0
        self.shown = self.total = 0
        for row in rows:
            del above[row.depth :]
            kept_above = min(kept_above, len(above))
            above.append(row)
            if not isinstance(row.item, NodeExecution):
                continue
            self.total += 1
            if all(test(row.item) for test in tests):
                self.shown += 1
                kept += above[kept_above:]
                kept_above = len(above)
        return joined(kept)


def joined(rows: Sequence[Row]) -> list[Row]:
    """Return rows of a list, with the lines that join what is left; none of them can be opened or folded."""
    found: list[Row] = []
    goes_on: list[bool] = []  # by depth below the run: whether a row follows there, seen from the last row back
    for row in reversed(rows):
        depth = row.depth
        del goes_on[depth:]
        goes_on += [False] * (depth - len(goes_on))
        found.append(Row(row.key, row.item, depth, tuple(goes_on[:-1]), not (depth and goes_on[-1]), None))
        if depth:
            goes_on[-1] = True
    found.reverse()
    return found


class _Wanted:
    """Whether a text is in the name, the type or the error of something.

    Executions of one node say the same: those words are looked through once.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._may_be_round = text.rstrip("0123456789") in "round "
        self._known: dict[tuple[str, str, str, str | None], bool] = {}

    def execution(self, node: NodeExecution) -> bool:
        """Whether it is in the words of an execution."""
        words = node.title, node.type, node.node_id, node.error
        known = self._known.get(words)
        if known is None:
            known = self._known[words] = self._is_in(name_of(node), node.type, node.node_id, node.error or "")
        return known

    def other(self, item: Item) -> bool:
        """Whether it is in what another item is called, or in its error."""
        if isinstance(item, Round):
            return self._may_be_round and self._is_in(name_of(item))
        return self._is_in(name_of(item), getattr(item, "error", None) or "")

    def item(self, item: Item) -> bool:
        """Whether it is in any item."""
        return self.execution(item) if isinstance(item, NodeExecution) else self.other(item)

    def _is_in(self, *words: str) -> bool:
        return self._text in " ".join(words).lower()
