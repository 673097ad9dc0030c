"""Executions of a RAGFlow agent: the wire names components only (protocol C.5).

There are no execution ids, so they are counted: `<component_id>#<n>`. A start opens an execution, a finish closes the
oldest open one of its component; a second start of an open one is a restart of the same (fan-in), unless a new round
has begun since. Containers are read from the nesting of starts and finishes: an Iteration or Loop holds what starts
after its first item marker, until its own finish; each marker begins a round. The last marker of a container is a
sentinel: a round that holds nothing else is taken back at the container's finish. ExitLoop leaves the innermost Loop
without a finish of its own (correction 4).

Every operation costs constant time, but for the nesting of containers, which is bounded.
"""

from typing import Final

from streamkit.dialects.ragflow.events import NodeFinishedData, NodeStartedData
from streamkit.run import NodeExecution, Run
from streamkit.run.state import MAX_DEPTH

_ITEM_OF: Final = {"IterationItem": "Iteration", "LoopItem": "Loop"}
_CONTAINERS: Final = frozenset(_ITEM_OF.values())


class Scope:
    """A container that is open."""

    __slots__ = ("began", "kind", "marker", "node", "round")

    def __init__(self, node: NodeExecution, kind: str) -> None:
        self.node = node
        self.kind = kind
        self.round = -1
        """The round that goes on; -1 before the first item marker: what starts then stands beside the container."""
        self.began = 0
        """So many executions began in this round."""
        self.marker: NodeExecution | None = None
        """The marker of this round."""


class Components:
    """The open executions of a run, and where the next one stands."""

    __slots__ = ("_counts", "_open", "_rounds", "_scopes")

    def __init__(self) -> None:
        self._open: dict[str, list[NodeExecution]] = {}
        """By component, oldest first. Lists: more than one is rare, and ten thousand streams have one of these each."""
        self._counts: dict[str, int] = {}
        self._scopes: list[Scope] = []
        self._rounds: dict[str, tuple[str, int]] = {}
        """By the id of an open execution: the container and the round in which it began."""

    def start(self, run: Run, data: NodeStartedData, at: float | None) -> NodeExecution:
        """A component begins, or begins again."""
        name, kind = data.component_id or "", data.component_type or ""
        if kind in _ITEM_OF:
            self._begin_round(run, _ITEM_OF[kind])
        waiting = self._open.get(name)
        if waiting and self._rounds.get(waiting[-1].id) == self._here():  # fan-in: started before it was ready
            node = waiting[-1]
            run.resume_execution(node)
        else:
            node = self._create(run, name, kind, data.component_name, at)
            self._open.setdefault(name, []).append(node)
            self._rounds[node.id] = self._here()
            if kind in _CONTAINERS and len(self._scopes) < MAX_DEPTH:
                self._scopes.append(Scope(node, kind))
        run.describe(node, type=kind, title=data.component_name, started_at=data.created_at, inputs=data.inputs)
        return node

    def finish(self, run: Run, data: NodeFinishedData, at: float | None) -> NodeExecution:
        """A component ended: the oldest open execution of it, or one whose start was not shown."""
        name, kind = data.component_id or "", data.component_type or ""
        waiting = self._open.get(name)
        if waiting:
            node = waiting[0]
            self._forget(node)
        else:
            node = self._create(run, name, kind, data.component_name, at)
        run.describe(node, type=kind, title=data.component_name, inputs=data.inputs, outputs=data.outputs)
        run.close_execution(
            node, "failed" if data.error else "succeeded", error=data.error, elapsed_time=data.elapsed_time, at=at
        )
        if kind in _CONTAINERS:
            self._leave(run, node)
        elif kind == "ExitLoop":
            self._exit_loop(run, at)
        return node

    def let_go(self, node: NodeExecution) -> None:
        """Forget an execution that the run keeps no more; what begins in it stands beside it from now on."""
        self._forget(node)
        if self._scopes:
            self._scopes = [scope for scope in self._scopes if scope.node is not node]

    def waiting(self) -> NodeExecution | None:
        """Return the UserFillUp that is open, where its start was shown (the Go backend does)."""
        for executions in self._open.values():
            for node in executions:
                if node.type == "UserFillUp":
                    return node
        return None

    def _create(self, run: Run, name: str, kind: str, title: str | None, at: float | None) -> NodeExecution:
        number = self._counts.get(name, 0)
        self._counts[name] = number + 1
        node = run.open_execution(
            f"{name}#{number}", name, type=kind, title=title or name, is_container=kind in _CONTAINERS, at=at
        )
        scope = self._scope()
        if scope is not None:
            run.place(node, scope.node, scope.round)
            scope.began += 1
            if kind in _ITEM_OF:
                scope.marker = node
        return node

    def _scope(self) -> Scope | None:
        """Return the innermost container that is in a round."""
        return next((scope for scope in reversed(self._scopes) if scope.round >= 0), None)

    def _here(self) -> tuple[str, int]:
        scope = self._scope()
        return (scope.node.id, scope.round) if scope is not None else ("", -1)

    def _begin_round(self, run: Run, kind: str) -> None:
        """An item marker begins the next round of the innermost container of its kind; what is inside that is over."""
        for depth in range(len(self._scopes) - 1, -1, -1):
            scope = self._scopes[depth]
            if scope.kind == kind:
                del self._scopes[depth + 1 :]
                scope.round += 1
                scope.began, scope.marker = 0, None
                run.begin_round(scope.node, scope.round)
                return

    def _leave(self, run: Run, node: NodeExecution) -> None:
        """A container finished: its last round was none, if it holds only its marker."""
        depth = next((at for at, scope in enumerate(self._scopes) if scope.node is node), None)
        if depth is None:
            return
        scope = self._scopes[depth]
        del self._scopes[depth:]
        if scope.marker is not None and scope.marker.round is not None and scope.began == 1:
            run.retract(scope.marker)
            self._forget(scope.marker)

    def _exit_loop(self, run: Run, at: float | None) -> None:
        for depth in range(len(self._scopes) - 1, -1, -1):
            scope = self._scopes[depth]
            if scope.kind == "Loop":
                del self._scopes[depth:]
                self._forget(scope.node)
                run.infer_end(scope.node, "succeeded", at)
                return

    def _forget(self, node: NodeExecution) -> None:
        """No finish is this execution's any more."""
        if self._rounds.pop(node.id, None) is not None:
            waiting = self._open[node.node_id]
            waiting.remove(node)
            if not waiting:
                del self._open[node.node_id]
