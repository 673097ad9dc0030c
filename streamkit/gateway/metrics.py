"""Figures of all runs that passed, in the text format that Prometheus reads (exposition format 0.0.4).

Labels are of bounded variety: apps beyond the first so many are counted together.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Literal, Protocol

from streamkit.gateway.body import Body
from streamkit.gateway.heads import Head

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_APPS: Final = 500
"""So many apps have figures of their own."""
_LONGEST_NAME: Final = 100
_OTHER: Final = "other"
_CURRENCY: Final = re.compile("[A-Z]{3}")
"""What a server calls money is its own affair; a label is not."""
_SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Bounds of the buckets for the time to the first token."""

Labels = tuple[tuple[str, str], ...]
Kind = Literal["counter", "gauge"]


class Figure(Protocol):
    """Something that is counted or measured."""

    def lines(self) -> Iterator[str]:
        """Yield its lines."""


class Counter:
    """A figure that only grows, one for each set of labels."""

    def __init__(self, name: str, about: str) -> None:
        self._name = name
        self._about = about
        self._values: dict[Labels, float] = {}

    def add(self, amount: float = 1, /, **labels: str) -> None:
        """Let it grow."""
        key = tuple(sorted(labels.items()))
        self._values[key] = self._values.get(key, 0) + amount

    def lines(self) -> Iterator[str]:
        """Yield its lines."""
        yield from _head(self._name, self._about, "counter")
        for labels, value in self._values.items():
            yield _line(self._name, labels, value)


class Reading:
    """A figure that somebody else keeps, read when it is asked for."""

    def __init__(self, name: str, about: str, kind: Kind, read: Callable[[], Mapping[Labels, float]]) -> None:
        self._name = name
        self._about = about
        self._kind = kind
        self._read = read

    def lines(self) -> Iterator[str]:
        """Yield its lines."""
        yield from _head(self._name, self._about, self._kind)
        for labels, value in self._read().items():
            yield _line(self._name, labels, value)


class Histogram:
    """How often a figure was how large, one for each set of labels."""

    def __init__(self, name: str, about: str, bounds: Iterable[float] = _SECONDS) -> None:
        self._name = name
        self._about = about
        self._bounds = tuple(bounds)
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, value: float, /, **labels: str) -> None:
        """Count a figure."""
        key = tuple(sorted(labels.items()))
        counts = self._counts.setdefault(key, [0] * (len(self._bounds) + 1))
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[key] = self._sums.get(key, 0.0) + value

    def lines(self) -> Iterator[str]:
        """Yield its lines."""
        yield from _head(self._name, self._about, "histogram")
        for labels, counts in self._counts.items():
            total = 0
            for bound, count in zip((*map(str, self._bounds), "+Inf"), counts, strict=True):
                total += count
                yield _line(f"{self._name}_bucket", (*labels, ("le", bound)), total)
            yield _line(f"{self._name}_sum", labels, self._sums[labels])
            yield _line(f"{self._name}_count", labels, total)


class Metrics:
    """Counts the runs that pass; a listener of the proxy."""

    def __init__(self) -> None:
        self.runs = Counter("streamkit_runs_total", "Runs that ended, by how; a pause is no end.")
        self.bodies = Counter("streamkit_bodies_total", "Response bodies of runs, by why they ended.")
        self.tokens = Counter("streamkit_tokens_total", "Tokens that runs spent, each once.")
        self.cost = Counter("streamkit_cost_total", "What runs cost, by currency.")
        self.anomalies = Counter("streamkit_anomalies_total", "What did not fit, by kind.")
        self.errors = Counter("streamkit_observer_errors_total", "Mistakes of streamkit's own; no stream was touched.")
        self.first_token = Histogram("streamkit_first_token_seconds", "Time from the request to the first text.")
        self._readings: list[Reading] = []
        self._apps: set[str] = set()

    def watch(self, reading: Reading) -> None:
        """Show a figure that is read when it is asked for."""
        self._readings.append(reading)

    def body_began(self, body: Body) -> None:
        """Nothing is counted before the end."""

    def body_answered(self, body: Body, head: Head) -> None:
        """Nothing is counted before the end."""

    def body_ended(self, body: Body) -> None:
        """Count it, if it was one of a run."""
        if not body.is_run:
            return
        run, spent, app = body.run, body.spent, self._app(body)
        self.bodies.add(ended=str(body.ended), app=app)
        if spent.ends_run:
            self.runs.add(status=run.status, app=app, dialect=run.dialect)
        self.tokens.add(spent.tokens or 0, app=app)
        for currency, amount in spent.cost.items():
            known = currency if _CURRENCY.fullmatch(currency) else _OTHER
            self.cost.add(float(amount), app=app, currency=known)
        for kind, count in spent.anomalies.items():
            self.anomalies.add(count, kind=kind)
        self.errors.add(body.errors)
        if body.first_token is not None:
            self.first_token.observe(body.first_token, app=app)

    def text(self) -> str:
        """Return all figures."""
        counted = (self.runs, self.bodies, self.tokens, self.cost, self.anomalies, self.errors)
        shown: list[Figure] = [*counted, self.first_token, *self._readings]
        return "\n".join(line for figure in shown for line in figure.lines()) + "\n"

    def _app(self, body: Body) -> str:
        name = body.label[:_LONGEST_NAME]
        if name not in self._apps and len(self._apps) >= _APPS:
            return _OTHER
        self._apps.add(name)
        return name


def _head(name: str, about: str, kind: str) -> tuple[str, str]:
    return f"# HELP {name} {about}", f"# TYPE {name} {kind}"


def _line(name: str, labels: Labels, value: float) -> str:
    written = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
    number = int(value) if value == int(value) else value
    return f"{name}{{{written}}} {number}" if written else f"{name} {number}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
