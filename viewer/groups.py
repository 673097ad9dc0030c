"""What of a live run is open: only that exists as objects, and it follows the run.

Rule 1: a change costs as much as what holds the execution is deep, however large the run is.
Rule 2: the run tells what changed, moved or went (`changed_since`); where it cannot, everything is looked at once.
Rule 3: what a person said counts. Else open is what goes on or went wrong, and what holds it.
"""

import math
from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import Final

from streamkit.run import Run
from streamkit.run.execution import NodeExecution
from streamkit.run.logs import Log
from streamkit.run.rounds import Round
from viewer.beginnings import Beginnings
from viewer.folds import Folds
from viewer.kinds import INSIDE, LOG, ROUNDS, Attempts, Entries, LogTree, Rounds, Top, goes_on_from
from viewer.parts import Group, Part
from viewer.rows import RUN, Item, Key, key_of_home, named
from viewer.sums import Home, Sums, home_of

_NUMBER: Final = attrgetter("number")


class Groups:
    """The open groups of one run, by key, and the part of the tree that holds them all."""

    def __init__(self, run: Run) -> None:
        """Look at a run for the first time."""
        self.run = run
        self._folds = Folds()
        self._revision = 0
        self._limit = math.inf
        self._moved = True
        """Whether rows came, went, opened or folded since somebody asked."""
        self._begin()

    # ---- what changed

    def _catch_up(self) -> None:
        run = self.run
        if run.revision == self._revision:
            return
        changes = run.changed_since(self._revision)
        self._revision = changes.revision
        if changes.everything:
            self._begin()
            return
        nodes = [run.executions[execution_id] for execution_id in changes.changed]
        self._number(nodes)
        homes = self._sums.update(nodes, changes.gone)
        for home in homes:
            if isinstance(home, Round):
                self._beginnings.forget(home)
        self._moved |= bool(homes or changes.gone)
        for execution_id in changes.gone:
            self._close_at(("x", execution_id))
        self._follow(homes, nodes)

    def _begin(self) -> None:
        """Look at all of the run."""
        self._revision = self.run.changed_since(self.run.revision).revision
        self._sums = Sums(self.run.executions.values())
        self._beginnings = Beginnings()
        self._by_number = sorted(self.run.executions.values(), key=_NUMBER)
        self._build()

    def _number(self, nodes: Iterable[NodeExecution]) -> None:
        """Keep all executions by their numbers, for who goes to and fro."""
        last = self._by_number[-1].number if self._by_number else 0
        self._by_number += sorted((node for node in nodes if node.number > last), key=_NUMBER)
        if len(self._by_number) != len(self.run.executions):  # some were taken back
            self._by_number = sorted(self.run.executions.values(), key=_NUMBER)

    def _build(self) -> None:
        """Open what is open from nothing."""
        self._groups: dict[Key, Group] = {}
        self._top = Top(self.run, self._beginnings)
        self._fill(self._top)
        self._moved = True

    def _follow(self, homes: Collection[Home], nodes: Iterable[NodeExecution]) -> None:
        """Look again where executions came or went, then open and fold what changed."""
        turns = [home for home in homes if isinstance(home, Round)]
        groups = {self._groups.get(RUN), *map(self._group_of, homes)}
        parts = [group.parts[INSIDE] for group in groups if group is not None]
        around = {self._group_of(turn.container) for turn in turns}
        parts += [group.parts[ROUNDS] for group in around if group is not None]
        for part in parts:
            self._look(part)
        for turn in turns:
            self._judge(turn)
        for node in nodes:
            self._judge(node)
            self._look_into(node)

    def _look(self, part: Part) -> None:
        self._moved |= part.look(self._limit)

    def _look_into(self, node: NodeExecution) -> None:
        """Follow what an open execution says of itself: its tries, its log, and which of its rounds go on."""
        group = self._group_of(node)
        for part in group.parts if group else ():
            if isinstance(part, Attempts):
                self._look(part)
            elif isinstance(part, Entries):
                self._hang_up_anew(part)
            elif isinstance(part, Rounds):
                for turn in part.went_on():
                    self._judge(turn)

    def _hang_up_anew(self, part: Entries) -> None:
        """Build the log of an open execution anew if entries came or moved."""
        if part.tree.is_old():
            for group in part.open_groups():
                self._close(group)
            part.tree = LogTree(part.tree.execution)
            self._fill(part)
            self._moved = True

    # ---- what is open

    def _judge(self, item: Home) -> None:
        """Open or fold an execution or a round, wherever it stands now."""
        part = self._part_of(item)
        if part is not None:
            self._settle(part, item)
            return
        key = key_of_home(item)
        if self.item(key) is item or self._group_of(item) is not None:  # else another one has its name
            self._close_at(key)

    def _settle(self, part: Part, item: Item) -> None:
        """Open or fold what stands in a part."""
        key = part.key(item)
        group = self._groups.get(key)
        if not self._wants(part, item):
            self._close_at(key)
        elif group is None or group.item is not item or group.holder is not part:
            self._open(part, item)

    def _part_of(self, item: Home) -> Part | None:
        """Return the part in which something is shown; None if what holds it is folded, or not there yet."""
        if isinstance(item, Round):
            group, kind = self._group_of(item.container), ROUNDS
        else:
            home = home_of(item)
            group, kind = (self._group_of(home) if home is not None else self._groups.get(RUN)), INSIDE
        part = group.parts[kind] if group is not None else None
        return part if part is not None and part.shows(item) else None

    def _group_of(self, item: Home) -> Group | None:
        group = self._groups.get(key_of_home(item))
        return group if group is not None and group.item is item else None

    def _wants(self, part: Part, item: Item) -> bool:
        if not part.may_open(item):
            return False
        return self._folds.opens(part.key(item), part.inherited, self._rule(item))

    def _rule(self, item: Item) -> bool:
        """Whether something is open of which no person said anything."""
        if isinstance(item, NodeExecution):
            return item.container is not None or item.status != "succeeded"
        if isinstance(item, Round):
            return bool(self._sums.of(item).troubled) or item.index >= goes_on_from(item.container)
        return isinstance(item, Run)

    def _open(self, part: Part, item: Item) -> None:
        key = part.key(item)
        self._close_at(key)  # where it stood before, if it was moved
        group = self._groups[key] = Group(key, item, part, self._folds.below(key, part.inherited))
        for below in group.parts:
            self._fill(below)
        part.put(group)
        self._moved = True

    def _fill(self, part: Part) -> None:
        part.look(self._limit)
        for item in self._in_question(part):
            if self._wants(part, item):
                self._open(part, item)

    def _in_question(self, part: Part) -> Iterable[Item]:
        """Return the children that may have to be open. Of a hundred thousand rounds that went well, none is asked."""
        if not isinstance(part, Rounds) or part.inherited is not None:
            return part.shown()
        said = map(part.at, self._folds.rounds_said(part.container.id))
        troubled = map(part.at, [turn.index for turn in self._sums.troubled(part.container)])
        found = {turn.index: turn for turn in (*said, *troubled, *part.going_on()) if turn is not None}
        return [found[index] for index in sorted(found)]

    def _close(self, group: Group) -> None:
        group.holder.take(group)
        self._forget(group)
        self._moved = True

    def _close_at(self, key: Key) -> None:
        group = self._groups.get(key)
        if group is not None:
            self._close(group)

    def _forget(self, group: Group) -> None:
        waiting = [group]
        while waiting:
            group = waiting.pop()
            del self._groups[group.key]
            waiting += (child for part in group.parts for child in part.open_groups())

    # ---- keys

    def item(self, key: Key) -> Item | None:
        """Return what a key names; None if that is not there."""
        return named(self.run, key)

    def parent(self, key: Key) -> Key | None:
        """Return the key of the row above in the tree; None for the run, and for what is not there."""
        item = self.item(key)
        if isinstance(item, NodeExecution):
            home = home_of(item)
            return key_of_home(home) if home is not None else RUN
        if item is None or item is self.run:
            return None
        if isinstance(item, Log):
            around = self._log_of(self.run.executions[str(key[1])]).around(item.id)
            if around is not None:
                return ("l", key[1], around)
        return ("x", key[1])

    def _log_of(self, node: NodeExecution) -> LogTree:
        group = self._group_of(node)
        part = group.parts[LOG] if group else None
        return part.tree if isinstance(part, Entries) else LogTree(node)

    def _part_at(self, key: Key) -> Part | None:
        """Return the part in which something is shown; None if what holds it is folded, or not there."""
        item = self.item(key)
        if isinstance(item, NodeExecution | Round):
            return self._part_of(item)
        if item is None or isinstance(item, Run):
            return self._top if item is not None else None
        group, kind = self._groups.get(self.parent(key) or RUN), Entries if isinstance(item, Log) else Attempts
        return next((part for part in group.parts if isinstance(part, kind)), None) if group is not None else None
