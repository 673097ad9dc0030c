"""What a run does not keep changes nothing of what it is: status, usage, tokens, segments, forms and tree."""

from pathlib import Path

import msgspec
import pytest

from streamkit import Run, Tap
from streamkit.run import GATEWAY, Retention

FIXTURES = Path(__file__).parents[2] / "fixtures"
BODIES = {
    str(path.relative_to(FIXTURES)): path.read_bytes()
    for path in sorted(FIXTURES.rglob("*"))
    if path.suffix in (".sse", ".json", ".ndjson", ".txt")
    and "golden" not in path.name
    and path.name != "MANIFEST.json"
}

POLICIES = {
    "drop": Retention(payloads="drop"),
    "preview": Retention(payloads="preview", max_payload=40),
    "counted text": Retention(max_text=0),
    "short text": Retention(max_text=5),
    "all but executions": msgspec.structs.replace(GATEWAY, max_executions=None),
}
FEW = {"few": Retention(max_executions=3), "none": Retention(payloads="drop", max_executions=0)}

NAMES_THEM_AGAIN = {"dify/synthetic/reconnect_3_replay.sse", "hostile/wrong_types.sse"}
"""Bodies that name executions again that ended before: of few that are kept these are gone, and are unknown then."""


def folded(body, retention):
    run = Run("auto", retention=retention)
    tap = Tap("auto", run=run)
    for start in range(0, len(body), 4096):
        tap.feed(body[start : start + 4096], at=start / 4096)
    tap.close(at=1e6)
    return run


IN_VALUES = {"bad-utf8", "non-standard-json"}
"""Anomalies that may be of a value: one that is dropped is not looked at."""


def facts(run, policy):
    """What is the same under this policy as under every other one."""
    counts = run.anomaly_counts.items()
    anomalies = {kind: count for kind, count in counts if policy.payloads != "drop" or kind not in IN_VALUES}
    forms = [msgspec.structs.replace(form, submitted=None) for form in run.forms]
    return (
        *(run.dialect, run.mode, run.id, run.status, run.error, run.settled, run.ended_by_server),
        *(run.task_id, run.message_id, run.conversation_id, run.workflow_id, run.user),
        *(run.usage, run.total_tokens, run.leaf_tokens, run.leaf_cost, run.total_steps, run.elapsed_time),
        *(run.started_at, run.finished_at, run.seen_at, run.first_token_at, run.last_progress_at, run.ended_at),
        *(run.segments, forms, run.events, anomalies),
    )


def tree(run):
    """Every execution with all that is not content, and its place."""
    names = (
        *("id", "node_id", "type", "title", "status", "inferred", "error", "started_at", "finished_at", "seen_at"),
        *("ended_at", "first_token_at", "elapsed_time", "usage", "attempts", "round_index"),
    )
    return [(node.parent and node.parent.id, *(getattr(node, name) for name in names)) for node in run.walk()]


def everything_counted(run):
    """The executions that are kept and those that went are all that there were."""
    state = run.snapshot()
    missing = [state.missing, *(node.missing for node in frozen(state))]
    gone = sum(item.executions for item in missing if item is not None)
    assert gone == state.stats.dropped.executions
    return len(run.executions) + gone


def frozen(state):
    waiting = list(state.nodes)
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [*node.unassigned, *(inside for turn in node.rounds for inside in turn.nodes)]


@pytest.mark.parametrize("name", BODIES)
def test_a_run_that_keeps_less_is_the_same_run(name):
    whole = folded(BODIES[name], Retention())
    for policy in POLICIES.values():
        run = folded(BODIES[name], policy)
        assert facts(run, policy) == facts(whole, policy)
        assert tree(run) == tree(whole)
        assert msgspec.json.decode(msgspec.json.encode(run.snapshot()))
        assert run.executions.keys() == whole.executions.keys()


@pytest.mark.parametrize("name", BODIES)
def test_a_run_that_keeps_few_executions_is_the_same_run(name):
    whole = folded(BODIES[name], Retention())
    for policy in (GATEWAY, *(FEW.values() if name not in NAMES_THEM_AGAIN else ())):
        run = folded(BODIES[name], policy)
        assert msgspec.json.decode(msgspec.json.encode(run.snapshot()))
        assert facts(run, policy) == facts(whole, policy)
        assert everything_counted(run) == len(whole.executions)
        kept = {row[1]: row for row in tree(whole)}
        assert {row[1] for row in tree(run)} <= set(kept)
