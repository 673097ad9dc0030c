"""What is said of many runs: of each in one line, and of all in groups. The fields are those of `--json`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from math import ceil
from typing import Final, TypeVar

from msgspec import Struct, field

from streamkit.run.state import Cost, RunStatus
from streamkit.subjects import NodeSubject, RunSubject
from streamkit.where import Where

T = TypeVar("T")


class Listed(Struct, frozen=True):
    """What is said of a run: a line of the table, or an object of `--json`."""

    status: RunStatus
    files: Sequence[str]
    """The run's bodies, in the order in which they were read."""
    dialect: str
    mode: str | None
    """workflow, chatflow, chat, …"""
    app: str | None
    user: str | None
    id: str | None
    message_id: str | None
    started_at: int | float | None
    """Epoch seconds, the server's."""
    duration: float | None
    """Seconds, as the server says it."""
    tokens: int | None
    """The server's figure where it gives one, else the sum over the executions."""
    cost: Cost
    """Sums by currency, as decimals."""
    nodes: int
    """Executions."""
    errors: int
    """Executions that failed, also where an error strategy took over."""
    retries: int
    """Tries that failed and were repeated."""
    forms: int
    """Forms that wait for a person."""
    error: str | None
    """Why the run failed, as the server says it."""


def listed(subject: RunSubject) -> Listed:
    """Return what is said of a run."""
    run = subject.run
    return Listed(
        status=run.status,
        files=subject.files,
        dialect=run.dialect,
        mode=run.mode,
        app=run.app,
        user=run.user,
        id=run.id,
        message_id=run.message_id,
        started_at=run.started_at,
        duration=subject.seconds,
        tokens=run.total_tokens,
        cost=run.usage.cost,
        nodes=sum(1 for _ in subject.executions()),
        errors=subject.errors,
        retries=subject.retries,
        forms=sum(form.status == "waiting" for form in run.forms),
        error=run.error.message if run.error is not None else None,
    )


# ---- groups


class Group(Struct, frozen=True, kw_only=True):
    """What is said of a group: a line of the table, or an object of `--json`. Null is what none of it tells."""

    group: str | None
    """What it has in common; null where that is not known."""
    count: int
    """Runs or executions."""
    errors: int
    """Those that failed."""
    p50: float | None
    """Half of them took no more seconds than this."""
    p95: float | None
    """95 of 100 took no more seconds than this."""
    max: float | None
    """The longest took so many seconds."""
    time: float | None
    """Seconds of all together."""
    prompt_tokens: int | None
    """Sums; a container has none of its own."""
    completion_tokens: int | None
    total_tokens: int | None
    mean_prompt_tokens: float | None
    """Means over those that tell it."""
    mean_completion_tokens: float | None
    mean_total_tokens: float | None
    cost: Cost
    """Sums by currency, as decimals."""


class _Sum(Struct):
    """A group that is being filled."""

    count: int = 0
    errors: int = 0
    seconds: list[float] = field(default_factory=list)
    prompt: list[int] = field(default_factory=list)
    completion: list[int] = field(default_factory=list)
    total: list[int] = field(default_factory=list)
    cost: Cost = field(default_factory=dict)

    def add(self, subject: RunSubject | NodeSubject) -> None:
        """Add a run or an execution."""
        self.count += 1
        self.errors += subject.failed
        spent = subject.spent
        self.seconds += _if_known(subject.seconds)
        self.prompt += _if_known(spent.prompt_tokens)
        self.completion += _if_known(spent.completion_tokens)
        self.total += _if_known(spent.total_tokens)
        for currency, amount in spent.cost.items():
            self.cost[currency] = self.cost.get(currency, Decimal(0)) + amount

    def group(self, name: str | None) -> Group:
        """Return the group as it is printed."""
        self.seconds.sort()
        return Group(
            group=name,
            count=self.count,
            errors=self.errors,
            p50=_percentile(self.seconds, 50),
            p95=_percentile(self.seconds, 95),
            max=_percentile(self.seconds, 100),
            time=sum(self.seconds) if self.seconds else None,
            prompt_tokens=sum(self.prompt) if self.prompt else None,
            completion_tokens=sum(self.completion) if self.completion else None,
            total_tokens=sum(self.total) if self.total else None,
            mean_prompt_tokens=_mean(self.prompt),
            mean_completion_tokens=_mean(self.completion),
            mean_total_tokens=_mean(self.total),
            cost=self.cost,
        )


OF_NODES: Final[Mapping[str, Callable[[NodeSubject], str | None]]] = {
    "node": lambda it: it.title,
    "model": lambda it: it.node.model,
    "type": lambda it: it.node.type or None,
}
"""What executions are grouped by."""

OF_RUNS: Final[Mapping[str, Callable[[RunSubject], str | None]]] = {
    "app": lambda it: it.run.app or it.run.workflow_id,
    "status": lambda it: it.run.status,
}
"""What runs are grouped by."""


def groups(runs: Iterable[RunSubject], by: str, where: Where) -> list[Group]:
    """Return groups, those first that took most time.

    Args:
        runs: the runs.
        by: a key of `OF_NODES` or of `OF_RUNS`.
        where: which of the executions, or of the runs, count.
    """
    sums: dict[str | None, _Sum] = {}
    for name, subject in _named(runs, by, where):
        sums.setdefault(name, _Sum()).add(subject)
    return sorted((found.group(name) for name, found in sums.items()), key=lambda group: -(group.time or 0))


def _named(runs: Iterable[RunSubject], by: str, where: Where) -> Iterator[tuple[str | None, RunSubject | NodeSubject]]:
    """Yield what is grouped, with the name of its group. What neither names a model nor spent anything uses none."""
    for run in runs:
        if by in OF_RUNS:
            if where.matches(run):
                yield OF_RUNS[by](run), run
            continue
        for node in run.executions():
            name = OF_NODES[by](node)
            if where.matches(node) and (by != "model" or name is not None or node.spent.total_tokens):
                yield name, node


def _if_known(value: T | None) -> tuple[T, ...]:
    return () if value is None else (value,)


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    """Return the nearest rank: a value that was really there."""
    return ordered[max(ceil(len(ordered) * percent / 100) - 1, 0)] if ordered else None


def _mean(values: Sequence[int]) -> float | None:
    return sum(values) / len(values) if values else None
