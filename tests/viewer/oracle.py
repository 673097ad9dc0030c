"""The rows of a tree, told by walking the whole run anew each time: what `RunTree` must say without doing so."""

from streamkit.cli.render.folding import TROUBLE
from streamkit.run import Run
from streamkit.run.execution import NodeExecution
from streamkit.run.logs import Log
from streamkit.run.rounds import Round
from viewer.rows import RUN, Row


def key_of(item, holder):
    """The key of what stands below an item; tries and entries are named with the execution that they are of."""
    match item:
        case Run():
            return RUN
        case NodeExecution():
            return ("x", item.id)
        case Round():
            return ("r", item.container.id, item.index)
        case Log():
            return ("l", holder[1], item.id)
        case _:
            return ("t", holder[1], item.index)


class Oracle:
    """What a person said, and the rules, applied to everything."""

    def __init__(self, run):
        self.run = run
        self.folds = {}
        self.below = {}
        self.held = None
        self.limit = None

    # ---- what there is

    def begun(self, node):
        return self.limit is None or node.number <= self.limit

    def children(self, item, key):
        """What stands directly below an item."""
        match item:
            case Run():
                return [node for node in item.nodes if self.begun(node)]
            case Round():
                return [node for node in item.nodes if self.begun(node)]
            case NodeExecution():
                rounds = [turn for turn in item.rounds if any(map(self.begun, turn.nodes))]
                entries = [item.entries[entry.id] for entry in item.logs]
                return [*item.attempts, *entries, *rounds, *filter(self.begun, item.unassigned)]
            case Log():
                node = self.run.executions[key[1]]
                return [node.entries[entry.id] for entry in self._entry(node.logs, item.id).children]
            case _:
                return []

    def _entry(self, entries, entry_id):
        found = next((entry for entry in entries if entry.id == entry_id), None)
        return found or next(filter(None, (self._entry(entry.children, entry_id) for entry in entries)), None)

    # ---- what is open

    def rule(self, item):
        match item:
            case Run():
                return True
            case NodeExecution():
                return item.container is not None or item.status != "succeeded"
            case Round():
                below = [each for node in item.nodes for each in node.walk()]
                goes_on = item.container.status == "running" and item.container.goes_on_in(item.index)
                return goes_on or any(each.status in TROUBLE for each in below)
            case _:
                return False

    def is_open(self, item, key, inherited):
        said = self.folds.get(key, inherited)
        if said is not None:
            return said
        if self.held is None:
            return self.rule(item)
        if self.rule(item) and (not isinstance(item, NodeExecution) or self._may_open(item)):
            self.held.add(key)
        return key in self.held

    def _may_open(self, node):
        return node.container is not None or node.attempts or node.logs

    def rows(self, *, everything=False):
        return list(self._rows([self.run], (), 0, None, (), everything, False))

    def _rows(self, items, holder, depth, inherited, guides, everything, is_folded):
        for place, item in enumerate(items):
            key, goes_on = key_of(item, holder), place + 1 < len(items)
            children = self.children(item, key)
            is_open = not is_folded and self.is_open(item, key, inherited)
            yield Row(key, item, depth, guides, not goes_on, is_open if children else None)
            if is_open or everything:
                inner = (*guides, goes_on) if depth else ()
                below = self.below.get(key, inherited)
                yield from self._rows(children, key, depth + 1, below, inner, everything, not is_open)

    # ---- what a person does

    def above(self):
        """For each row, whether shown or not, the keys of the rows above it in the tree, the nearest one first."""
        path, found = [], {}
        limit, self.limit = self.limit, None
        for row in self.rows(everything=True):
            del path[row.depth :]
            found[row.key] = path[::-1]
            path.append(row.key)
        self.limit = limit
        return found

    def open_below(self, key, is_open):
        above = self.above()
        for said in (self.folds, self.below):
            for other in [other for other in said if key in above.get(other, ())]:
                del said[other]
        self.folds[key] = self.below[key] = is_open

    def hold(self):
        self.held = {row.key for row in self.rows() if row.open}

    def spent(self, item):
        """Tokens of the leaves below a round or a container, and how many executions there are."""
        nodes = (
            item.nodes if isinstance(item, Round) else [*(n for t in item.rounds for n in t.nodes), *item.unassigned]
        )
        below = [each for node in nodes for each in node.walk()]
        return sum(each.total_tokens or 0 for each in below if each.container is None), len(below)
