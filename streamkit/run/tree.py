"""The executions of a run: a tree of nodes, containers and rounds, and all operations on it.

The rules of `streamkit.run.run` hold here; this is its other half. Every operation costs constant time, however large
the tree is.
"""

from collections.abc import Collection, Iterator, Sequence
from decimal import Context, Decimal
from typing import Final, TypeVar

import msgspec

from streamkit.run.anomaly import KEPT, Kind
from streamkit.run.execution import MAX_DEPTH, OVER, Container, Log, NodeExecution, NodeUsage, Round, Siblings
from streamkit.run.journal import Changes, Journal
from streamkit.run.payload import cleaned, is_null
from streamkit.run.state import Anomaly, Attempt, Cost, LogEntry, NodeStatus
from streamkit.run.text import Text

T = TypeVar("T")

_EXACT: Final = Context(prec=300, traps=[])
"""Sums of money are exact, whatever the caller's context: prices have at most `payload.money`'s digits."""


class Tree:
    """Executions by id and in their places, what they streamed and what they spent."""

    def __init__(self) -> None:
        self.executions: dict[str, NodeExecution] = {}
        """Every execution by its id."""
        self.leaf_tokens = 0
        """Tokens summed over executions that are no containers, each once: the sound figure."""
        self.leaf_cost: Cost = {}
        """Prices summed likewise, by currency."""
        self.revision = 0
        """Grows with every change of the run."""
        self.anomalies: list[Anomaly] = []
        """What did not fit: the first `KEPT`; `anomaly_counts` counts them all."""
        self.anomaly_counts: dict[str, int] = {}
        self.frame: int | None = None
        """The number of the frame that is being folded."""
        self._payers: dict[str, int] = {}  # so many leaves named a price in a currency
        self._leaf_prompt_tokens: int | None = None
        self._leaf_completion_tokens: int | None = None
        self._top = Siblings()
        self._nodes: list[NodeExecution] | None = []
        self._latest: dict[str, NodeExecution] = {}
        self._running: dict[str, list[NodeExecution]] = {}  # by node id: what ran, the last open one at the end
        self._waiting_text: dict[str, Text] = {}
        self._waiting_reasoning: dict[str, Text] = {}
        self._journal = Journal()

    @property
    def nodes(self) -> Sequence[NodeExecution]:
        """Top-level executions, in the order in which they began."""
        if self._nodes is None:
            self._nodes = list(self._top)
        return self._nodes

    def walk(self) -> Iterator[NodeExecution]:
        """Yield every execution, depth first."""
        for node in self._top:
            yield from node.walk()

    def changed_since(self, revision: int) -> Changes:
        """Return which executions changed, moved or went after `revision`.

        Args:
            revision: a revision of this run, from `run.revision` or the `Changes` of an earlier call; 0 at first.
        """
        return self._journal.since(revision, self.revision)

    def report(self, kind: Kind, detail: str) -> None:
        """Keep and count an anomaly."""
        self.anomaly_counts[kind] = self.anomaly_counts.get(kind, 0) + 1
        if len(self.anomalies) < KEPT:
            self.anomalies.append(Anomaly(kind=kind, detail=detail[:500], frame=self.frame))
        self.revision += 1

    def open_execution(
        self,
        execution_id: str,
        node_id: str,
        *,
        type: str | None,
        title: str | None,
        is_container: bool = False,
        at: float | None = None,
    ) -> NodeExecution:
        """Create an execution, at first at the top level; `place` moves it into a container."""
        node = NodeExecution(execution_id, node_id, type=type or "", title=title or "")
        node.seen_at = at
        if is_container:
            node.container = Container()
        self.executions[execution_id] = node
        self._latest[node_id] = node
        self._running.setdefault(node_id, []).append(node)
        node.number = len(self.executions)
        self._top.add(node)
        self._nodes = None
        node._reasoning = self._waiting_reasoning.pop(node_id, None)
        early = self._waiting_text.pop(node_id, None)
        if early:
            node._text = early
            if early.length:
                node.first_token_at = at
        self._touch(node)
        return node

    def describe(
        self,
        node: NodeExecution,
        *,
        type: str | None = None,
        title: str | None = None,
        started_at: float | None = None,
        inputs: bytes | msgspec.Raw | None = None,
        outputs: bytes | msgspec.Raw | None = None,
        process_data: bytes | msgspec.Raw | None = None,
        metadata: bytes | msgspec.Raw | None = None,
        truncated: Collection[str] = (),
    ) -> None:
        """Learn facts of an execution; null never overwrites, nor does a value that was truncated.

        `truncated` names those of the values that the server cut.
        """
        node.type = type or node.type
        node.title = title or node.title
        node.started_at = known(node.started_at, started_at)
        for name, raw in (
            ("inputs", inputs),
            ("outputs", outputs),
            ("process_data", process_data),
            ("metadata", metadata),
        ):
            kept = self._keep(raw)
            slot = f"{name}_json"
            if kept is not None and not (name in truncated and getattr(node, slot) is not None):
                setattr(node, slot, kept)
                if node._decoded:
                    node._decoded.pop(slot, None)
        self._touch(node)

    def resume_execution(self, node: NodeExecution) -> None:
        """Take a start frame of a known execution: it runs again, unless its end is already known."""
        if node.status not in OVER or node.inferred:
            node.status = "running"
            node.inferred = False
            node.ended_at = None
            self._running.setdefault(node.node_id, []).append(node)
            self._touch(node)

    def pause_execution(self, node: NodeExecution) -> None:
        """Note that an execution waits; an end that is known stays."""
        if node.status not in OVER or node.inferred:
            node.status = "paused"
            node.inferred = False
            self._touch(node)

    def retry_execution(self, node: NodeExecution, index: int, error: str | None, elapsed_time: float | None) -> None:
        """Note that a try failed and another one follows; the same retry twice counts once."""
        if node.inferred:
            self.resume_execution(node)
        if node.attempts_by_index is None:
            node.attempts_by_index = {}
        if index not in node.attempts_by_index:
            node.attempts_by_index[index] = Attempt(index=index, error=error or None, elapsed_time=elapsed_time)
            self._touch(node)

    def close_execution(
        self,
        node: NodeExecution,
        status: NodeStatus,
        *,
        error: str | None = None,
        elapsed_time: float | None = None,
        finished_at: float | None = None,
        at: float | None = None,
    ) -> None:
        """Take the server's word on how an execution ended."""
        if status != "unknown" or node.status not in OVER or node.inferred:  # a word we do not know takes nothing back
            node.status = status
        node.error = error or node.error
        node.elapsed_time = known(elapsed_time, node.elapsed_time)
        node.finished_at = known(finished_at, node.finished_at)
        node.ended_at = at if node.inferred else known(node.ended_at, at)
        node.inferred = False
        self._touch(node)

    def place(self, node: NodeExecution, container: NodeExecution | None, index: int | None = None) -> None:
        """Move an execution into a round of a container, to its `unassigned`, or (None) to the top level.

        A container that would end up inside itself, or deeper than `MAX_DEPTH`, stays where it is.
        """
        if (container is node.parent and index == node.round_index) or not _may_hold(container, node):
            return
        self._take_out(node)
        node.parent = container
        if container is None:
            self._top.add(node)
            self._nodes = None
        else:
            self._put_into(container, node, index)
        self._touch(node)

    def _put_into(self, container: NodeExecution, node: NodeExecution, index: int | None) -> None:
        if container.container is None:
            self._count(container, container.usage, None)
            container.container = Container()
        if index is None:
            container.container.unassigned.add(node)
        else:
            turn = container.container.rounds.get(index)
            if turn is None:
                turn = container.container.rounds[index] = Round(container, index)
            turn.siblings.add(node)
            turn._frozen = None
            node.round = turn
        self._touch(container)

    def _take_out(self, node: NodeExecution) -> None:
        """Remove an execution from where it stands; a round that is empty then was none."""
        home, turn = node.parent, node.round
        if home is None or home.container is None:
            self._top.remove(node)
            self._nodes = None
        elif turn is None:
            home.container.unassigned.remove(node)
        else:
            turn.siblings.remove(node)
            turn._frozen = None
            if not turn.siblings:
                del home.container.rounds[turn.index]
        if home is not None:
            self._touch(home)
        node.parent = node.round = None

    def retract(self, node: NodeExecution) -> None:
        """Take back an execution that turned out to be none. It must not hold others."""
        self._take_out(node)
        del self.executions[node.id]
        self._count(node, node.usage, None)
        node.status = "unknown"  # so that nothing finds it as an open one
        if self._latest.get(node.node_id) is node:
            del self._latest[node.node_id]
        self.revision += 1
        self._journal.record(self.revision, node.id, gone=True)

    def infer_end(self, node: NodeExecution, status: NodeStatus, at: float | None = None) -> None:
        """Conclude how an execution ended, of which the server says nothing more."""
        self.close_execution(node, status, at=at)
        node.inferred = True

    def append_execution_text(
        self, node: NodeExecution, piece: str, at: float | None = None, *, thinking: bool = False
    ) -> None:
        """Append a delta to what one execution streamed; `thinking` as in `Text.append`."""
        if node._text is None:
            node._text = Text()
        node._text.append(piece, thinking=thinking)
        self._first_token(node, piece, at)
        self._touch(node)

    def begin_round(self, container: NodeExecution, index: int) -> None:
        """Note that a round is announced. It is shown when something of it is."""
        if container.container is not None:
            container.container.current = index
            self._touch(container)

    def time_round(self, container: NodeExecution, index: int, elapsed_time: float) -> None:
        """Learn how long a round took, in seconds."""
        turn = container.container.rounds.get(index) if container.container else None
        if turn is not None:
            turn.elapsed_time = elapsed_time
            turn._frozen = None
            self._touch(container)

    def spend(self, node: NodeExecution, usage: NodeUsage) -> None:
        """Take what an execution spent. Each execution counts once, however often it is told; containers never."""
        old = node.usage
        if old is not None:
            usage = NodeUsage(
                total_tokens=known(usage.total_tokens, old.total_tokens),
                prompt_tokens=known(usage.prompt_tokens, old.prompt_tokens),
                completion_tokens=known(usage.completion_tokens, old.completion_tokens),
                cost=known(usage.cost, old.cost),
                model=known(usage.model, old.model),
                provider=known(usage.provider, old.provider),
            )
        node.usage = usage
        self._count(node, old, usage)
        self._touch(node)

    def _count(self, node: NodeExecution, before: NodeUsage | None, now: NodeUsage | None) -> None:
        """Bring the sums over the leaves up to date with what one of them spent."""
        if node.container is not None:
            return
        before, now = before or NodeUsage(), now or NodeUsage()
        self.leaf_tokens += (now.total_tokens or 0) - (before.total_tokens or 0)
        self._leaf_prompt_tokens = _moved(self._leaf_prompt_tokens, before.prompt_tokens, now.prompt_tokens)
        self._leaf_completion_tokens = _moved(
            self._leaf_completion_tokens, before.completion_tokens, now.completion_tokens
        )
        for currency, amount in (now.cost or {}).items():
            self.leaf_cost[currency] = _EXACT.add(self.leaf_cost.get(currency, Decimal(0)), amount)
            self._payers[currency] = self._payers.get(currency, 0) + 1
        for currency, amount in (before.cost or {}).items():
            self.leaf_cost[currency] = _EXACT.subtract(self.leaf_cost[currency], amount)
            self._payers[currency] -= 1
            if not self._payers[currency]:
                del self.leaf_cost[currency]

    def latest(self, node_id: str) -> NodeExecution | None:
        """Return the execution of a node that is meant where only the node is named: the open one, else the last."""
        running = self._running.get(node_id, [])
        while running and running[-1].status != "running":
            running.pop()
        return running[-1] if running else self._latest.get(node_id)

    def log(self, node: NodeExecution, entry: LogEntry, parent_id: str | None) -> None:
        """Add or update an entry of an agent's log; what the update leaves out stays."""
        if node.log_entries is None:
            node.log_entries = {}
        log = node.log_entries.get(entry.id)
        if log is None:
            node.log_entries[entry.id] = Log(entry, parent_id)
        else:
            log.update(entry, parent_id)
        self._touch(node)

    def _keep(self, raw: bytes | msgspec.Raw | None) -> bytes | None:
        """Return a private copy of a JSON value, which pins no buffer; None for null. What is mended is reported."""
        if raw is None:
            return None
        data = bytes(raw)
        if is_null(data):
            return None
        kept = cleaned(data)
        if kept is not data:
            self.report("non-standard-json" if _is_utf8(data) else "bad-utf8", f"{len(data)} bytes")
        return kept

    def _touch(self, node: NodeExecution) -> None:
        """Give an execution a new revision, and forget frozen copies of it and of all that holds it."""
        self.revision += 1
        node.revision = self.revision
        self._journal.record(self.revision, node.id)
        # What holds an unfrozen execution is unfrozen too, so the way up is short in a stream of changes.
        holder: NodeExecution | None = node
        while holder is not None and (holder._frozen is not None or holder is node):
            holder._frozen = None
            if holder.round is not None:
                holder.round._frozen = None
            holder = holder.parent

    def append_node_text(self, node_id: str, piece: str, at: float | None = None) -> None:
        """Append a delta to what a node itself streamed.

        Text that arrives before its node waits for it. Text that arrives after the node's end is its own if it is
        still missing there, else it belongs to the next execution (a server may hold text back until the text before
        it is complete).
        """
        node = self.latest(node_id)
        if node is None or (node.status in OVER and _text_is_complete(node)):
            self._waiting_text.setdefault(node_id, Text()).append(piece)
            return
        if node._text is None:
            node._text = Text()
        node._text.append(piece)
        self._first_token(node, piece, at)
        self._touch(node)

    def _first_token(self, node: NodeExecution, piece: str, at: float | None) -> None:
        if at is not None and piece and node.first_token_at is None:
            node.first_token_at = at

    def append_node_reasoning(self, node_id: str, piece: str, at: float | None = None) -> None:
        """Append a delta of thinking to an execution of a node; what comes before the node waits for it."""
        node = self.latest(node_id)
        if node is None:
            self._waiting_reasoning.setdefault(node_id, Text()).append(piece)
            return
        if node._reasoning is None:
            node._reasoning = Text()
        node._reasoning.append(piece)
        self._first_token(node, piece, at)
        self._touch(node)


def known(first: T | None, second: T | None) -> T | None:
    """Return the first one that is not None."""
    return second if first is None else first


def _moved(total: int | None, before: int | None, now: int | None) -> int | None:
    """Return a sum after one summand changed; None while none is known."""
    return total if now is None and before is None else (total or 0) + (now or 0) - (before or 0)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _may_hold(container: NodeExecution | None, node: NodeExecution) -> bool:
    """Whether an execution may stand in a container: not in itself, nor deeper than is drawn."""
    for _ in range(MAX_DEPTH):
        if container is None:
            return True
        if container is node:
            return False
        container = container.parent
    return False


def _text_is_complete(node: NodeExecution) -> bool:
    """Whether a node that is over already has all of its text, by its own outputs."""
    outputs = node.outputs
    whole = outputs.get("text") if isinstance(outputs, dict) else None
    return isinstance(whole, str) and (node._text.length if node._text else 0) >= len(whole)
