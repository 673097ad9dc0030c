"""What a row of a protocol table says of a run, and how that is read off one.

Shared by the tables of all dialects (`test_protocol_samples*.py`). The state is read as the JSON that `inspect --json`
prints, so nothing here knows how a run is built. How a run is written down: one line per execution, then what is
known of it; what runs inside a container stands indented below its round:

    iter1 succeeded, 36 tokens
      round 0 in 1.12 s
        http1@9911cf29 succeeded after 2 retries
        llm1@4cf2e45b failed: no such model
      unassigned
        code1@0fc7b3c0 running
    agent1@15b854d2 succeeded says '3 °C' thinks 'easy'
      ~ ROUND 1 success                                         (an entry of its agent log)

What an execution is called in front of its status is the dialect's business.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from textwrap import dedent
from typing import Any

import msgspec

from streamkit import Tap

Json = dict[str, Any]
"""One decoded object of `inspect --json`."""


def usage(prompt: int | None, completion: int | None, total: int, latency: float | None = None, **cost: str) -> Json:
    """The `usage` of a run: tokens, seconds, and money by currency."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": total,
        "latency": latency,
        "cost": money(cost),
    }


def money(cost: dict[str, str]) -> dict[str, Decimal]:
    return {currency: Decimal(price) for currency, price in cost.items()}


NO_USAGE = usage(None, None, 0)
"""Nobody counted a token: the total is the empty sum of the leaves, the split of it is unknown."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What must be true of a run; nothing here depends on time or on how the bytes were cut."""

    dialect: str
    mode: str | None
    status: str
    error: tuple[str, str | None, int | None] | None = None
    """(message, code, status)"""
    tree: str = ""
    """The executions, in the notation of this module's docstring."""
    forms: tuple[tuple[Any, ...], ...] = ()
    """As the dialect's `form` reads them."""
    text: str = ""
    reasoning: str = ""
    outputs: Any = None
    usage: Json = field(default_factory=lambda: NO_USAGE)
    total_tokens: int = 0
    total_steps: int | None = None
    leaf_tokens: int = 0
    leaf_cost: dict[str, Decimal] = field(default_factory=dict)
    citations: int = 0
    files: int = 0
    thoughts: tuple[tuple[int, str, str, str], ...] = ()
    """(position, tool, thought, observation)"""
    heartbeats: int = 0
    anomalies: tuple[str, ...] = ()


def outline(text: str) -> str:
    """A tree as it stands in a row, without the indentation of the row."""
    return dedent(text).strip("\n")


def inspect(bodies: Iterable[bytes], dialect: str = "auto", size: int | None = None) -> Json:
    """What `streamkit inspect --json` says of these bodies of one run, fed whole or `size` bytes at a time."""
    run = None
    for body in bodies:
        tap = Tap(dialect, run=run)
        for start in range(0, len(body), size or len(body) or 1):
            tap.feed(body[start : start + (size or len(body))])
        tap.close()
        run = tap.run
    assert run is not None
    return msgspec.json.decode(msgspec.json.encode(run.snapshot()))


Name = Callable[[Json], str]
"""Returns what a tree calls an execution."""


def facts(run: Json, *, name: Name, form: Callable[[Json], tuple[Any, ...]]) -> Facts:
    """Read off a run what a row of a table says of it. Text and tools that are not there may be "" or null."""
    error = run["error"]
    return Facts(
        dialect=run["dialect"],
        mode=run["mode"],
        status=run["status"],
        error=error and (error["message"], error["code"], error["status"]),
        tree="\n".join(tree_lines(run["nodes"], name)),
        forms=tuple(form(shown) for shown in run["forms"]),
        text=run["text"] or "",
        reasoning=run["reasoning"] or "",
        outputs=run["outputs"],
        usage={key: run["usage"][key] for key in NO_USAGE} | {"cost": money(run["usage"]["cost"])},
        total_tokens=run["total_tokens"],
        total_steps=run["total_steps"],
        leaf_tokens=run["leaf_tokens"],
        leaf_cost=money(run["leaf_cost"]),
        citations=len(run["citations"]),
        files=len(run["files"]),
        thoughts=tuple(
            (t["position"], t["tool"] or "", t["thought"] or "", t["observation"] or "") for t in run["thoughts"]
        ),
        heartbeats=run["stats"]["heartbeats"],
        anomalies=tuple(anomaly["kind"] for anomaly in run["anomalies"]),
    )


def tree_lines(nodes: list[Json], name: Name, indent: str = "") -> Iterator[str]:
    for node in nodes:
        yield indent + node_line(node, name)
        yield from log_lines(node["logs"], indent + "  ")
        for turn in node["rounds"]:
            seconds = turn["elapsed_time"]
            yield f"{indent}  round {turn['index']}" + (f" in {seconds} s" if seconds is not None else "")
            yield from tree_lines(turn["nodes"], name, indent + "    ")
        if node["unassigned"]:
            yield f"{indent}  unassigned"
            yield from tree_lines(node["unassigned"], name, indent + "    ")


def node_line(node: Json, name: Name) -> str:
    line = f"{name(node)} {node['status']}"
    if node["attempts"]:
        line += f" after {len(node['attempts'])} retries"
    if node["total_tokens"]:
        line += f", {node['total_tokens']} tokens"
    if node["error"] is not None:
        line += f": {node['error']}"
    if node["text"]:
        line += f" says {node['text']!r}"
    if node["reasoning"]:
        line += f" thinks {node['reasoning']!r}"
    return line


def log_lines(entries: list[Json], indent: str) -> Iterator[str]:
    for entry in entries:
        yield f"{indent}~ {entry['label']} {entry['status']}"
        yield from log_lines(entry["children"], indent + "  ")


def executions(nodes: list[Json]) -> Iterator[Json]:
    """Every execution, depth first."""
    for node in nodes:
        yield node
        for turn in node["rounds"]:
            yield from executions(turn["nodes"])
        yield from executions(node["unassigned"])
