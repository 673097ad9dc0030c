"""The rows below what is open in the tree: groups of children, each in parts of one kind.

A part copies nothing: its children are the run's own lists. It knows which few of them are open, and how many rows
those take, so that a row is found without counting those before it.

Rule: the run may have changed since a part looked at it. Whoever reads parts lets them look first.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from viewer.opened import Opened
from viewer.rows import Item, Key


class Group:
    """What is open: its children stand below it."""

    __slots__ = ("holder", "inherited", "item", "key", "parts", "rows")

    def __init__(self, key: Key, item: Item, holder: "Part", inherited: bool | None) -> None:
        self.key = key
        self.item = item
        self.holder = holder
        """The part in which this stands."""
        self.inherited = inherited
        """Whether a person opened (or folded) everything below."""
        self.rows = 0
        """All below this one."""
        self.parts = holder.parts_below(item)
        for part in self.parts:
            part.owner = self


class Part:
    """Children of one kind, in order."""

    __slots__ = ("_last", "_opened", "count", "items", "owner", "rows")

    def __init__(self) -> None:
        self.items: Sequence[Any] = ()  # Any: each kind of part knows its own
        """The run's own list, where it has one; the first `count` of it are shown."""
        self.count = 0
        self.rows = 0
        """The children and all below them."""
        self.owner: Group | None = None
        self._last: Any = None
        self._opened: Opened[Group] | None = None

    # ---- what each kind says

    def order(self, item: Any) -> int:  # noqa: ANN401
        """Return the number by which a child is found again."""
        raise NotImplementedError

    def key(self, item: Any) -> Key:  # noqa: ANN401
        """Return the key of a child."""
        raise NotImplementedError

    def _position(self, order: int) -> int:
        """Return where a child stands among the others."""
        raise NotImplementedError

    def _read(self, limit: float) -> tuple[Sequence[Any], int]:
        """Return the children as they are now, and how many of them are shown."""
        raise NotImplementedError

    def may_open(self, item: Any) -> bool:  # noqa: ANN401
        """Whether a child can have children."""
        return False

    def has_below(self, item: Any, limit: float) -> bool:  # noqa: ANN401
        """Whether a child has children that are shown."""
        return self.may_open(item)

    def parts_below(self, item: Any) -> "tuple[Part, ...]":  # noqa: ANN401
        """Return the parts of a child's children; they have not looked yet."""
        return ()

    # ---- looking

    @property
    def inherited(self) -> bool | None:
        """Whether a person opened (or folded) everything here."""
        return self.owner.inherited if self.owner is not None else None

    def look(self, limit: float) -> bool:
        """Read anew which children there are; return whether one came or went, where the run does not tell."""
        count, last = self.count, self._last
        self.items, self.count = self._read(limit)
        self._last = self.items[self.count - 1] if self.count else None
        if self.count != count:
            self.grow(self.count - count)
        return self.count != count or self._last is not last

    def shown(self) -> Iterator[Any]:
        """Yield the children."""
        return islice(self.items, self.count)

    def shows(self, item: Item) -> bool:
        """Whether something is one of the children."""
        position = self._position(self.order(item))
        return position < self.count and self.items[position] is item

    def open_child(self, item: Any) -> Group | None:  # noqa: ANN401
        """Return the group of a child that is open."""
        return self._opened.get(self.order(item)) if self._opened else None

    # ---- rows

    def find(self, row: int) -> tuple[int, int]:
        """Return at or below which child a row stands, and how far below its own row."""
        opened = self._opened
        number = opened.starts_before(row, self._position) if opened else 0
        if not opened or not number:
            return row, 0
        group, start = opened.groups[number - 1], opened.start(number - 1, self._position)
        rest = row - start
        position = self._position(opened.orders[number - 1])
        return (position, rest) if rest <= group.rows else (position + rest - group.rows, 0)

    def row_of(self, item: Item) -> int:
        """Return the row of a child, counted from the first one."""
        order = self.order(item)
        before = self._opened.rows_before(order) if self._opened else 0
        return self._position(order) + before

    def row_in_tree(self, item: Item) -> int:
        """Return the row of a child, counted from the root of the tree."""
        row, part = self.row_of(item), self
        while part.owner is not None:
            owner = part.owner
            row += 1 + sum(before.rows for before in owner.parts[: owner.parts.index(part)])
            part = owner.holder
            row += part.row_of(owner.item)
        return row

    def grow(self, rows: int) -> None:
        """Count rows more or fewer here, and in all that holds this."""
        part: Part = self
        while True:
            part.rows += rows
            group = part.owner
            if group is None:
                return
            group.rows += rows
            part = group.holder
            if part._opened is None or not part._opened.grew(part.order(group.item), group):
                return  # it is being opened, or folded: its holder does not count it

    def put(self, group: Group) -> None:
        """Open a child."""
        if self._opened is None:
            self._opened = Opened[Group]()
        self._opened.put(self.order(group.item), group)
        self.grow(group.rows)

    def take(self, group: Group) -> None:
        """Fold a child."""
        if self._opened is not None:
            self._opened.take(self.order(group.item))
            self.grow(-group.rows)

    def open_groups(self) -> Sequence[Group]:
        """Return what is open of the children."""
        return tuple(self._opened.groups) if self._opened else ()
