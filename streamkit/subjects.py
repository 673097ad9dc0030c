"""What filters and statistics ask of a run, and of an execution: live or published, which have the same attributes.

A subject is made when it is needed, looks at the run as it is then, and remembers nothing. It never raises.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Final

import msgspec

from streamkit.run import NodeExecution, Run, RunState, Usage
from streamkit.run.state import NodeState

ERRORS: Final = frozenset({"failed", "exception", "interrupted"})
"""Statuses of what went wrong, also where an error strategy took over."""


class NodeSubject:
    """An execution."""

    __slots__ = ("node", "round_index", "run")

    def __init__(
        self, node: NodeExecution | NodeState, run: "RunSubject | None" = None, round_index: int | None = None
    ) -> None:
        """Look at an execution.

        Args:
            node: the execution.
            run: the run that it is part of: its app, user, mode, dialect and files are those of the execution, too.
            round_index: the round that it ran in; a live execution knows it by itself.
        """
        self.node = node
        self.run = run
        self.round_index = node.round_index if isinstance(node, NodeExecution) else round_index

    @property
    def title(self) -> str:
        """What it is called."""
        return self.node.title or self.node.node_id

    @property
    def seconds(self) -> float | None:
        """How long it took, as the server says it, else as it was seen."""
        return _known(self.node.elapsed_time, _between(self.node.seen_at, self.node.ended_at))

    @property
    def is_container(self) -> bool:
        """Whether others ran in it."""
        return bool(self.node.rounds or self.node.unassigned)

    @property
    def spent(self) -> Usage:
        """Tokens and cost of its own: what a container says of itself is what was spent inside of it."""
        node = self.node
        if self.is_container:
            return Usage()
        return Usage(node.prompt_tokens, node.completion_tokens, node.total_tokens, cost=node.cost or {})

    @property
    def failed(self) -> bool:
        """Whether it went wrong."""
        return self.node.status in ERRORS

    def texts(self, field: str) -> Iterable[str]:
        """Return what is known under the name of a text field."""
        own = _NODE_TEXTS.get(field)
        if own is not None:
            return filter(None, own(self))
        return self.run.texts(field) if self.run is not None else ()

    def figures(self, field: str) -> Iterable[float | Decimal]:
        """Return what is known under the name of a field of figures."""
        return (figure for figure in _NODE_FIGURES[field](self) if figure is not None)


class RunSubject:
    """A run."""

    __slots__ = ("files", "run")

    def __init__(self, run: Run | RunState, files: Sequence[str] = ()) -> None:
        """Look at a run.

        Args:
            run: the run.
            files: where it was found.
        """
        self.run = run
        self.files = files

    @property
    def seconds(self) -> float | None:
        """How long it took, as the server says it, else as it was seen."""
        run = self.run
        return _known(run.elapsed_time, run.usage.latency or None, _between(run.seen_at, run.ended_at))

    @property
    def failed(self) -> bool:
        """Whether it went wrong."""
        return self.run.status in ERRORS

    @property
    def spent(self) -> Usage:
        """Tokens and cost, as the server says it, else summed over its executions."""
        return msgspec.structs.replace(self.run.usage, total_tokens=self.run.total_tokens)

    @property
    def retries(self) -> int:
        """How many tries failed and were repeated."""
        return sum(len(subject.node.attempts) for subject in self.executions())

    @property
    def anomalies(self) -> int:
        """How many things did not fit."""
        run = self.run
        return sum((run.stats.anomalies if isinstance(run, RunState) else run.anomaly_counts).values())

    @property
    def errors(self) -> int:
        """How many executions failed."""
        return sum(subject.failed for subject in self.executions())

    def executions(self) -> Iterator[NodeSubject]:
        """Yield all executions, depth first, without recursion."""
        waiting: list[tuple[NodeExecution | NodeState, int | None]] = [(node, None) for node in self.run.nodes[::-1]]
        while waiting:
            node, index = waiting.pop()
            yield NodeSubject(node, self, index)
            waiting += [(inside, None) for inside in node.unassigned[::-1]]
            for turn in node.rounds[::-1]:
                waiting += [(inside, turn.index) for inside in turn.nodes[::-1]]

    def texts(self, field: str) -> Iterable[str]:
        """Return what is known under the name of a text field."""
        own = _RUN_TEXTS.get(field)
        inside = (subject.texts(field) for subject in self.executions()) if field in _OF_ALL else ()
        return filter(None, chain(own(self) if own is not None else (), chain.from_iterable(inside)))

    def figures(self, field: str) -> Iterable[float | Decimal]:
        """Return what is known under the name of a field of figures."""
        own = _RUN_FIGURES.get(field)
        if own is not None:
            return (figure for figure in own(self) if figure is not None)
        return chain.from_iterable(subject.figures(field) for subject in self.executions())


_Texts = Iterable[str | None]
_Figures = Iterable[float | Decimal | None]

_NODE_TEXTS: Final[Mapping[str, Callable[[NodeSubject], _Texts]]] = {
    "status": lambda it: (it.node.status,),
    "title": lambda it: (it.title,),
    "type": lambda it: (it.node.type,),
    "model": lambda it: (it.node.model,),
    "provider": lambda it: (it.node.provider,),
    "node": lambda it: (it.node.node_id,),
    "id": lambda it: (it.node.id,),
    "text": lambda it: (it.node.text,),
    "error": lambda it: (it.node.error, *(attempt.error for attempt in it.node.attempts)),
}
"""The others are those of the run."""

_NODE_FIGURES: Final[Mapping[str, Callable[[NodeSubject], _Figures]]] = {
    "dur": lambda it: (it.seconds,),
    "tok": lambda it: (it.node.total_tokens,),
    "cost": lambda it: (it.node.cost or {}).values(),
    "round": lambda it: (it.round_index,),
    "errors": lambda it: (int(it.failed),),
    "retries": lambda it: (len(it.node.attempts),),
    "anomalies": lambda _: (),
}

_RUN_TEXTS: Final[Mapping[str, Callable[[RunSubject], _Texts]]] = {
    "status": lambda it: (it.run.status,),
    "title": lambda it: (it.run.app, it.run.mode, it.run.id, it.run.message_id, *it.files),
    "id": lambda it: (it.run.id, it.run.message_id, it.run.conversation_id, it.run.task_id),
    "app": lambda it: (it.run.app,),
    "user": lambda it: (it.run.user,),
    "mode": lambda it: (it.run.mode,),
    "dialect": lambda it: (it.run.dialect,),
    "file": lambda it: it.files,
    "text": lambda it: (it.run.text,),
    "error": lambda it: (it.run.error.message, it.run.error.code) if it.run.error is not None else (),
}

_RUN_FIGURES: Final[Mapping[str, Callable[[RunSubject], _Figures]]] = {
    "dur": lambda it: (it.seconds,),
    "tok": lambda it: (it.run.total_tokens,),
    "cost": lambda it: it.run.usage.cost.values(),
    "errors": lambda it: (it.errors,),
    "retries": lambda it: (it.retries,),
    "anomalies": lambda it: (it.anomalies,),
}

_OF_ALL: Final = ("type", "model", "provider", "node", "error")
"""Texts of its executions that are also texts of a run."""


def _known(*values: float | None) -> float | None:
    """Return the first value that is known."""
    return next((value for value in values if value is not None), None)


def _between(begin: float | None, end: float | None) -> float | None:
    return None if begin is None or end is None else max(end - begin, 0.0)
