"""The tree in view says at any moment what a walk over the whole run says."""

import json
import sys
from decimal import Decimal
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamkit import Run, Tap
from streamkit.run import LogEntry, NodeUsage, journal
from streamkit.run.retention import Retention
from viewer.rows import RUN
from viewer.tree import RunTree

from .oracle import Oracle

FIXTURES = Path(__file__).parents[2] / "fixtures"
BODIES = {str(path.relative_to(FIXTURES)): path.read_bytes() for path in sorted(FIXTURES.rglob("*.sse"))}


class Pair:
    """A tree and the oracle, which hear the same."""

    def __init__(self, run):
        self.run, self.tree, self.oracle = run, RunTree(run), Oracle(run)
        self.before = self.oracle.rows()

    def act(self, action, pick):
        """Let a person do something, perhaps with a row, which may be folded away."""
        rows = self.oracle.rows(everything=True)
        getattr(self, action)(rows[pick % len(rows)].key, pick)

    def toggle(self, key, _pick):
        self.oracle.folds[key] = key not in self.tree._groups
        self.tree.toggle(key)

    def set_open(self, key, pick):
        self.oracle.folds[key] = pick % 2 == 0
        self.tree.set_open(key, pick % 2 == 0)

    def open_below(self, key, pick):
        self.oracle.open_below(key, pick % 2 == 0)
        self.tree.open_below(key, pick % 2 == 0)

    def open_all(self, _key, _pick):
        self.oracle.open_below(RUN, True)
        self.tree.open_all()

    def close_all(self, _key, _pick):
        self.oracle.open_below(RUN, False)
        self.oracle.folds[RUN] = True
        self.tree.close_all()

    def reveal(self, key, _pick):
        self.oracle.folds |= dict.fromkeys(self.oracle.above()[key], True)
        self.tree.reveal(key)
        assert self.tree.row_of(key) is not None

    def travel(self, _key, pick):
        last = max((node.number for node in self.run.executions.values()), default=0)
        self.oracle.limit = self.tree.limit = pick % (last + 1)

    def return_to_now(self, _key, _pick):
        self.oracle.limit = self.tree.limit = None

    def hold(self, _key, _pick):
        if self.tree.follow:
            self.oracle.hold()
        self.tree.follow = False

    def follow(self, _key, _pick):
        self.oracle.held = None
        self.tree.follow = True

    def check(self):
        tree, rows = self.tree, self.oracle.rows()
        moved = tree.sync()
        assert tree.window(0, len(rows) + 1) == rows
        assert tree.height == len(rows)
        assert moved or look(rows) == look(self.before)
        assert not tree.sync()
        self.before = rows
        for number, row in enumerate(rows):
            assert tree.row_of(row.key) == number
            assert tree.window(number, 2) == rows[number : number + 2]
        assert tree.window(len(rows), 1) == []
        everything = self.oracle.rows(everything=True)
        assert list(tree.walk()) == everything
        assert tree.find(Everything()) == [row.key for row in everything[1:]]
        begun = sorted(filter(self.oracle.begun, self.run.executions.values()), key=lambda node: -node.number)
        assert [node.number for node in tree.latest()] == [node.number for node in begun]
        above = self.oracle.above()
        assert all(list(tree._above(row.key)) == above[row.key] for row in everything)
        for node in self.run.executions.values():
            assert tree.rounds_begun(node) == sum(any(map(self.oracle.begun, turn.nodes)) for turn in node.rounds)
            for item in (node, *node.rounds) if node.container is not None else ():
                sums = tree._sums.of(item)
                assert (sums.tokens, sums.executions) == self.oracle.spent(item)


class Everything:
    """Is looked for."""

    def execution(self, _node):
        return True

    def other(self, _item):
        return True


def look(rows):
    return [(row.key, row.depth, row.guides, row.is_last, row.open is True) for row in rows]


PICK = st.integers(0, 40)
ACTIONS = st.tuples(
    st.sampled_from(
        [
            *("toggle", "toggle", "set_open", "set_open", "open_below", "open_below", "open_all", "close_all"),
            *("reveal", "travel", "travel", "return_to_now", "hold", "follow"),
        ]
    ),
    PICK,
)

# ---- a run to which anything happens


class World:
    """A run, and operations on it that are chosen by numbers."""

    def __init__(self, retention):
        self.run = Run("dify", retention=retention)
        self.begun = 0

    def one(self, pick, kind=lambda node: True):
        found = [node for node in self.run.executions.values() if kind(node)]
        return found[pick % len(found)] if found else None

    def do(self, what, first, second, third):
        node = self.one(first) if what != "begin" else None
        if node is None:
            self.begun += 1
            node = self.open(f"e{self.begun}", first)
            what = "place"
        getattr(self, what)(node, second, third)

    def open(self, execution_id, pick):
        return self.run.open_execution(execution_id, "n", type="t", title="", is_container=pick % 4 == 0)

    def place(self, node, second, third):
        home = self.one(second, lambda other: other.container is not None or third % 5 == 4)
        self.run.place(node, home if third else None, (2, 0, None, 1, None)[third % 5] if home and third else None)

    def close(self, node, second, _third):
        self.run.close_execution(node, ("succeeded", "succeeded", "failed", "stopped", "exception")[second % 5])

    def resume(self, node, _second, _third):
        node.inferred = True
        self.run.resume_execution(node)

    def retry(self, node, second, _third):
        self.run.retry_execution(node, second % 3, "no", None)

    def log(self, node, second, third):
        entry = LogEntry(id=f"l{second % 5}", label="", status="start")
        self.run.log(node, entry, f"l{third % 7}" if third % 2 else None)

    def spend(self, node, second, _third):
        self.run.spend(node, NodeUsage(total_tokens=second))

    def begin_round(self, node, second, _third):
        self.run.begin_round(node, second % 3)

    def retract(self, node, second, third):
        """Take one back, and perhaps begin another one with its id."""
        if node.container is None or node.container.is_empty():
            self.run.retract(node)
            if third % 2:
                self.open(node.id, second)

    def end(self, _node, _second, _third):
        self.run.close_open_executions()


OPERATIONS = st.tuples(
    st.sampled_from(
        [
            *("begin", "begin", "begin", "begin", "place", "place", "place", "close", "close", "resume", "retry"),
            *("log", "log", "spend", "begin_round", "retract", "retract", "end"),
        ]
    ),
    PICK,
    PICK,
    PICK,
)
STEPS = st.lists(st.lists(OPERATIONS, min_size=1, max_size=6) | ACTIONS, max_size=25)


def play(steps, retention):
    world = World(retention)
    pair = Pair(world.run)
    for step in steps:
        if isinstance(step, list):
            for operation in step:
                world.do(*operation)
        else:
            pair.act(*step)
        pair.check()


@given(steps=STEPS)
@settings(max_examples=150)
def test_whatever_happens_the_rows_are_those_of_a_whole_walk(steps):
    play(steps, Retention())


@given(steps=STEPS)
def test_executions_that_are_let_go_leave_the_tree(steps):
    play(steps, Retention(max_executions=6))


@given(steps=STEPS)
def test_a_tree_that_looks_too_rarely_looks_at_everything(steps):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "LENGTH", 4)
        play(steps, Retention())


# ---- streams


def frame(word, **data):
    return (
        b"data: " + json.dumps({"event": word, "workflow_run_id": "r", "task_id": "t", "data": data}).encode() + b"\n\n"
    )


class Rounds:
    """The frames of a run with an iteration, a loop in its rounds, an agent and retries."""

    def __init__(self):
        self.begun = []

    def frames(self, what, pick):
        inside = ({"iteration_id": "it"}, {"loop_id": "lp", "iteration_id": "it"}, {})[pick % 3]
        match what:
            case "start":
                self.begun.append((f"e{len(self.begun)}", inside))
                return [frame("node_started", id=self.begun[-1][0], node_id=f"n{pick % 4}", node_type="llm", **inside)]
            case "iteration" | "loop":
                node_id = {"iteration": "it", "loop": "lp"}[what]
                held = {"iteration_id": "it"} if what == "loop" else {}
                return [frame(f"{what}_started", id=node_id, node_id=node_id, node_type=what, **held)]
            case "next":
                kind, node_id = (("iteration", "it"), ("loop", "lp"))[pick % 2]
                return [frame(f"{kind}_next", node_id=node_id, index=pick // 2 % 6)]
            case "completed":
                kind, node_id = (("iteration", "it"), ("loop", "lp"))[pick % 2]
                return [frame(f"{kind}_completed", id=node_id, node_id=node_id, status="succeeded")]
            case "over":
                return [frame("workflow_finished", id="r", status=("succeeded", "failed")[pick % 2])]
        if not self.begun:
            return []
        execution_id, inside = self.begun[pick % len(self.begun)]
        return [self._of(what, execution_id, pick, inside)]

    def _of(self, what, execution_id, pick, inside):
        of = {"id": execution_id, "node_id": f"n{pick % 4}", "node_type": "llm", **inside}
        match what:
            case "retry":
                return frame("node_retry", retry_index=pick % 4, error="no", **of)
            case "log":
                names = {"node_execution_id": execution_id, "node_id": of["node_id"], "id": f"l{pick % 6}"}
                return frame(
                    "agent_log", parent_id=f"l{pick // 6}" if pick > 5 else None, label="L", status="start", **names
                )
            case "finish, round untold":
                return frame("node_finished", status="succeeded", execution_metadata={"total_tokens": pick}, **of)
            case _:
                told = {"total_tokens": pick, "iteration_index": pick % 5, "loop_index": pick % 3}
                return frame(
                    "node_finished", status=("succeeded", "failed")[pick % 7 == 0], execution_metadata=told, **of
                )


WORDS = st.sampled_from(
    [
        *("start", "start", "start", "iteration", "loop", "next", "next", "finish", "finish", "finish, round untold"),
        *("retry", "log", "completed", "over"),
    ]
)


@given(steps=st.lists(st.lists(st.tuples(WORDS, PICK), min_size=1, max_size=5) | ACTIONS, max_size=25))
def test_rounds_in_and_out_of_order_retries_and_logs_stand_where_a_whole_walk_finds_them(steps):
    stream, tap = Rounds(), Tap("dify")
    pair = Pair(tap.run)
    for step in steps:
        if isinstance(step, list):
            for word in step:
                for data in stream.frames(*word):
                    tap.feed(data)
        else:
            pair.act(*step)
        pair.check()
    tap.close()
    pair.check()


@pytest.mark.untraced
@pytest.mark.parametrize("name", BODIES)
def test_a_recorded_run_ends_with_the_rows_of_a_whole_walk(name):
    body, chance, tap = BODIES[name], Random(name), Tap("auto")  # noqa: S311
    pair, start = Pair(tap.run), 0
    while start < len(body):
        end = start + chance.randrange(1, max(2000, len(body) // 8))
        tap.feed(body[start:end])
        pair.tree.sync()
        start = end
    tap.close()
    rows = pair.oracle.rows()
    pair.tree.sync()
    assert pair.tree.window(0, len(rows) + 1) == rows
    assert [pair.tree.row_of(row.key) for row in rows] == list(range(len(rows)))
    assert list(pair.tree.walk()) == pair.oracle.rows(everything=True)


# ---- what a person sees


def execution(run, execution_id, *, inside=None, index=None, **options):
    node = run.open_execution(execution_id, "n", type="t", title="", **options)
    run.place(node, inside, index)
    return node


def container(run, execution_id="loop", **options):
    return execution(run, execution_id, is_container=True, **options)


@pytest.fixture
def run():
    return Run("dify")


def test_a_round_is_open_while_it_goes_on_and_folds_once_all_of_it_went_well(run):
    loop = container(run)
    tree = RunTree(run)
    first = execution(run, "a", inside=loop, index=0)
    assert tree.row_of(("x", "a")) == 3
    run.begin_round(loop, 1)
    run.close_execution(first, "succeeded")
    assert tree.row_of(("x", "a")) is None
    assert [row.open for row in tree.window(0, 9)] == [True, True, False]


def test_a_round_that_failed_stays_open_also_if_the_failure_is_deep_in_it(run):
    outer = container(run)
    inner = container(run, "inner", inside=outer, index=0)
    deep = execution(run, "deep", inside=inner, index=0)
    for node, status in ((deep, "failed"), (inner, "succeeded"), (outer, "succeeded")):
        run.close_execution(node, status)
    assert RunTree(run).row_of(("x", "deep")) == 5


def test_nothing_folds_by_itself_while_somebody_reads(run):
    loop = container(run)
    node = execution(run, "a", inside=loop, index=0)
    tree = RunTree(run)
    tree.follow = False
    run.close_execution(loop, "succeeded")
    run.close_execution(node, "succeeded")
    assert tree.row_of(("x", "a")) == 3
    tree.follow = True
    assert tree.row_of(("x", "a")) is None


def test_what_a_person_folded_stays_folded_when_it_fails(run):
    loop = container(run)
    node = execution(run, "a", inside=loop, index=0)
    tree = RunTree(run)
    tree.toggle(("r", "loop", 0))
    run.close_execution(node, "failed")
    assert tree.row_of(("x", "a")) is None
    tree.reveal(("x", "a"))
    assert tree.row_of(("x", "a")) == 3


def test_the_past_has_no_rounds_that_had_not_begun(run):
    loop = container(run)
    for index in (3, 1):
        execution(run, f"e{index}", inside=loop, index=index)
    tree = RunTree(run)
    tree.limit = 2
    assert [row.key for row in tree.window(0, 9)] == [RUN, ("x", "loop"), ("r", "loop", 3), ("x", "e3")]
    tree.limit = 1
    assert [row.open for row in tree.window(0, 9)] == [True, None]
    tree.limit = None
    assert [row.key for row in tree.window(2, 9)][::2] == [("r", "loop", 1), ("r", "loop", 3)]


def test_guides_go_on_where_something_follows(run):
    loop = container(run)
    for index in (0, 1):
        execution(run, f"e{index}", inside=loop, index=index)
    execution(run, "last")
    rows = RunTree(run).window(0, 9)
    assert [row.guides for row in rows] == [(), (), (True,), (True, True), (True,), (True, False), ()]
    assert [row.is_last for row in rows] == [True, False, False, True, True, True, True]


def test_a_container_that_goes_on_has_spent_what_is_in_it_and_one_that_ended_what_the_server_says(run):
    loop = container(run)
    for index in (0, 1):
        node = execution(run, f"e{index}", inside=loop, index=index)
        run.spend(node, NodeUsage(total_tokens=5, cost={"USD": Decimal("0.1")}))
    tree = RunTree(run)
    assert tree.spent(loop) == (10, {"USD": Decimal("0.2")})
    assert tree.spent(loop.rounds[0]) == (5, {"USD": Decimal("0.1")})
    assert tree.spent(loop.rounds[0].nodes[0]) == (5, {"USD": Decimal("0.1")})
    assert tree.spent(run) == (10, {"USD": Decimal("0.2")})
    run.spend(loop, NodeUsage(total_tokens=11))
    run.close_execution(loop, "succeeded")
    assert tree.spent(loop) == (11, {"USD": Decimal("0.2")})


def test_an_open_entry_of_a_log_stays_open_when_it_moves(run):
    agent = execution(run, "a")

    def log(*entries):
        for entry_id, parent_id in entries:
            run.log(agent, LogEntry(id=entry_id, label="", status="start"), parent_id)

    log(("thought", None), ("call", "thought"))
    pair = Pair(run)
    pair.oracle.folds[("l", "a", "thought")] = True
    pair.tree.toggle(("l", "a", "thought"))
    assert pair.tree.row_of(("l", "a", "call")) == 3
    log(("round", None), ("thought", "round"))
    pair.check()
    pair.oracle.folds[("l", "a", "round")] = True
    pair.tree.toggle(("l", "a", "round"))
    assert pair.tree.row_of(("l", "a", "call")) == 4
    pair.check()


def test_what_is_not_there_has_no_row_and_nothing_above(run):
    loop = container(run)
    execution(run, "a", inside=loop, index=0)
    tree = RunTree(run)
    for key in (("x", "b"), ("r", "loop", 7), ("r", "a", 0), ("t", "a", 1), ("l", "a", "l")):
        assert tree.row_of(key) is None
        assert tree.parent(key) is None
        tree.reveal(key)
        tree.toggle(key)
    assert tree.height == 4


def test_a_walk_that_pauses_survives_what_the_run_does_meanwhile(run):
    loop = container(run)
    nodes = [execution(run, f"e{number}", inside=loop, index=number // 4) for number in range(12)]
    tree = RunTree(run)
    for steps in range(18):
        walk = tree.walk()
        list(islice(walk, steps))
        run.retract(nodes.pop()) if nodes else execution(run, f"new{steps}")
        tree.sync()
        assert len(list(walk)) < 30


def test_sums_write_to_no_cost_of_an_execution(run):
    loop = run.open_execution("it", "it", type="iteration", title="Each", is_container=True)
    tree, nodes = RunTree(run), []
    for index, price in enumerate(("0.1", "0.2")):
        nodes.append(run.open_execution(f"n{index}", "n", type="llm", title="N"))
        run.spend(nodes[-1], NodeUsage(total_tokens=1, cost={"USD": Decimal(price)}))
        run.place(nodes[-1], loop, 0)
        assert tree.spent(loop)[0] == index + 1
    run.retract(nodes.pop())
    assert tree.spent(loop) == tree.spent(loop.rounds[0]) == (1, {"USD": Decimal("0.1")})
    assert nodes[0].cost == {"USD": Decimal("0.1")}


# ---- flat cost


@pytest.mark.untraced
@pytest.mark.parametrize("rounds", [False, True], ids=["at the top level", "in rounds of one container"])
@pytest.mark.parametrize("looks_at", ["the top", "the end"])
def test_what_comes_and_what_is_pressed_costs_the_same_in_a_large_run(rounds, looks_at):
    """Calls are counted, never timed."""
    costs = [_cost_of_a_turn(size, rounds, looks_at) for size in (500, 5_000)]
    assert costs[1] < 1.5 * costs[0]


def _cost_of_a_turn(size, rounds, looks_at):
    run = Run("dify")
    loop = container(run)

    def add(number):
        node = execution(run, f"e{number}", inside=loop if rounds else None, index=number)
        run.begin_round(loop, number + 1)
        run.close_execution(node, "succeeded" if number % 3 else "failed")

    tree = RunTree(run)
    for number in range(size):
        add(number)
    tree.sync()

    def turn(number):
        add(number)
        tree.sync()
        rows = tree.window(0 if looks_at == "the top" else tree.height - 20, 20)
        tree.toggle(rows[5].key)
        tree.row_of(rows[7].key)
        tree.window(0 if looks_at == "the top" else tree.height - 20, 20)

    turn(size)
    return calls(lambda: turn(size + 1))


def calls(action):
    """How many functions an action calls, of Python and of C."""
    count = 0

    def note(_frame, happened, _arg):
        nonlocal count
        count += happened in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count
