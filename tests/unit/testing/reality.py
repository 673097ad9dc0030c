"""What is built, held against what real servers sent: the same shape, and the same keys in the same order."""

import json
from collections import defaultdict
from pathlib import Path

from streamkit import Tap
from streamkit.reader import Reader
from streamkit.shape import changes, shape_of

FIXTURES = Path(__file__).parents[3] / "fixtures"


def differences(recorded, built, *ignore):
    """How the shape of a built body differs from that of a recording."""
    found = changes(shape_of((FIXTURES / recorded).read_bytes()), shape_of(built), ignore)
    return [(change.change, change.where, change.old, change.new) for change in found]


def run_of(stream):
    """The run of all bodies of a stream, nothing of which may be odd."""
    run = None
    for body in stream.bodies():
        tap = Tap(run=run)
        tap.feed(body)
        tap.close()
        run = tap.run
    state = run.snapshot()
    assert [(anomaly.kind, anomaly.detail) for anomaly in state.anomalies if anomaly.kind not in EXPECTED] == []
    return state


EXPECTED = ("filtered-session", "error-in-answer")
"""What is said of streams that are in order: that a version does not show its nodes, or has no word for an error."""


def keys(body):
    """The keys of every object by where it stands: the events of a node are told apart by its type."""
    reader = Reader()
    found = defaultdict(set)
    for record in reader.feed(body) + reader.close():
        if b"[DONE]" not in record.data and not record.event.is_heartbeat:
            payload = json.loads(record.data)
            inside = payload.get("data") if isinstance(payload.get("data"), dict) else {}
            kind = inside.get("node_type") or inside.get("component_type") if record.event.kind[:5] == "node_" else ""
            collect(payload, f"{record.event.kind} {kind}".strip(), found)
    return found


def collect(value, path, found):
    if isinstance(value, dict):
        found[path].add(tuple(value))
        for key, inside in value.items():
            collect(inside, f"{path}.{key}", found)
    if isinstance(value, list):
        for inside in value:
            collect(inside, f"{path}[]", found)


def strange_keys(recordings, built, *passed_over):
    """Where a built body has keys, or an order of them, that no recording has."""
    real = defaultdict(set)
    for recording in recordings:
        for path, told in keys((FIXTURES / recording).read_bytes()).items():
            real[path] |= told
    return [
        (path, told)
        for path, found in keys(built).items()
        if path in real and not any(word in path for word in passed_over)
        for told in found
        if not any(is_in_order(told, known) for known in real[path])
    ]


def is_in_order(some, all_of_them):
    """Whether keys stand among others in the same order."""
    rest = iter(all_of_them)
    return all(key in rest for key in some)
