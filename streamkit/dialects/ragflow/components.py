"""Executions of a RAGFlow agent: the wire names components only (protocol C.5).

There are no execution ids, so they are counted: `<component_id>#<n>`. A start opens an execution, a finish closes the
one of its component that is open in this round, else the oldest; a second start of an open one is a restart of the same
(fan-in), unless a new round has begun since. Where they stand is said in `scopes`. The last marker of a container is a
sentinel: a round that holds nothing else is taken back at the container's finish. ExitLoop leaves the innermost Loop
without a finish of its own (correction 4).

Every operation costs constant time, but for the nesting of containers, which is bounded.
"""

from collections.abc import Sequence

from streamkit.dialects.ragflow.events import NodeFinishedData, NodeStartedData
from streamkit.dialects.ragflow.scopes import CONTAINERS, Scope, Scopes
from streamkit.run import NodeExecution, Run


class Components:
    """The open executions of a run, and where the next one stands."""

    __slots__ = ("_counts", "_open", "_scopes")

    def __init__(self) -> None:
        self._open: dict[str, list[NodeExecution]] = {}
        """By component, oldest first. Lists: more than one is rare, and ten thousand streams have one of these each."""
        self._counts: dict[str, int] = {}
        self._scopes = Scopes()

    def start(self, run: Run, data: NodeStartedData, at: float | None) -> NodeExecution:
        """A component begins, or begins again."""
        name, kind = data.component_id or "", data.component_type or ""
        home = self._scopes.home(run, name, kind)
        waiting = self._open.get(name)
        if waiting and _stands_in(waiting[-1], home):  # fan-in: started before it was ready
            node = waiting[-1]
            run.resume_execution(node)
        else:
            node = self._create(run, name, kind, data.component_name, home, at)
            self._open.setdefault(name, []).append(node)
        self._scopes.start(run, node, home)
        run.describe(node, type=kind, title=data.component_name, started_at=data.created_at, inputs=data.inputs)
        return node

    def finish(self, run: Run, data: NodeFinishedData, at: float | None) -> NodeExecution:
        """A component ended: an open execution of it, or one whose start was not shown."""
        name, kind = data.component_id or "", data.component_type or ""
        self._scopes.ends()
        waiting = self._open.get(name)
        if waiting:
            node = self._ending(name, waiting)
            self._forget(node)
        else:
            node = self._create(run, name, kind, data.component_name, self._scopes.home_of_end(name), at)
        run.describe(node, type=kind, title=data.component_name, inputs=data.inputs, outputs=data.outputs)
        run.close_execution(
            node, "failed" if data.error else "succeeded", error=data.error, elapsed_time=data.elapsed_time, at=at
        )
        if kind in CONTAINERS:
            self._leave(run, node)
        elif kind == "ExitLoop":
            self._exit_loop(run, node, at)
        return node

    def let_go(self, node: NodeExecution) -> None:
        """Forget an execution that the run keeps no more; what begins in it stands beside it from now on."""
        self._forget(node)
        scope = self._scopes.scope_of(node)
        if scope is not None:
            self._scopes.drop(scope)

    def waiting(self) -> NodeExecution | None:
        """Return the UserFillUp that is open, where its start was shown (the Go backend does)."""
        for executions in self._open.values():
            for node in executions:
                if node.type == "UserFillUp":
                    return node
        return None

    def _ending(self, name: str, waiting: Sequence[NodeExecution]) -> NodeExecution:
        """Return which one ends: that of this round. In an earlier one a model died, or a branch was not ready."""
        if len(waiting) > 1 and _stands_in(waiting[-1], self._scopes.home_of_end(name)):
            return waiting[-1]
        return waiting[0]

    def _create(
        self, run: Run, name: str, kind: str, title: str | None, home: Scope | None, at: float | None
    ) -> NodeExecution:
        number = self._counts.get(name, 0)
        self._counts[name] = number + 1
        node = run.open_execution(
            f"{name}#{number}", name, type=kind, title=title or name, is_container=kind in CONTAINERS, at=at
        )
        self._scopes.put(run, node, home)
        return node

    def _leave(self, run: Run, node: NodeExecution) -> None:
        """A container finished: its last round was none, if it holds only its marker."""
        scope = self._scopes.scope_of(node)
        if scope is None:
            return
        self._scopes.close(scope)
        if scope.marker is not None and scope.marker.round is not None and scope.began == 1:
            run.retract(scope.marker)
            self._forget(scope.marker)

    def _exit_loop(self, run: Run, node: NodeExecution, at: float | None) -> None:
        scope = self._scopes.loop_around(node)
        if scope is not None:
            self._scopes.close(scope)
            self._forget(scope.node)
            run.infer_end(scope.node, "succeeded", at)

    def _forget(self, node: NodeExecution) -> None:
        """No finish is this execution's any more."""
        waiting = self._open.get(node.node_id)
        if not waiting:
            return
        if waiting[-1] is node:  # nearly always one of the two: a search would look at all that never ended
            waiting.pop()
        elif waiting[0] is node:
            del waiting[0]
        elif node in waiting:
            waiting.remove(node)
        if not waiting:
            del self._open[node.node_id]


def _stands_in(node: NodeExecution, home: Scope | None) -> bool:
    """Whether an execution began in the round that goes on."""
    if home is None:
        return node.parent is None
    return node.parent is home.node and node.round_index == home.round
