"""The benchmarks of the viewer measure what they say, in small; how quick it is, no test asks."""

from itertools import islice

import anyio
import pytest

from benchmarks.viewer import inside
from benchmarks.viewer.bodies import LongRun, body, huge_payload
from benchmarks.viewer.judged import GOALS, Figure, median, quantile
from streamkit import Tap

pytestmark = pytest.mark.untraced


def folded(data):
    tap = Tap("dify")
    tap.feed(data, at=0)
    return tap.run


def test_a_long_run_has_two_executions_and_six_events_a_round(tmp_path):
    run = folded(body(tmp_path, 100).read_bytes())
    assert len(run.executions) == 102  # with the start, and the iteration
    assert sum(run.events.values()) == 304
    assert not run.anomalies
    assert run.status == "running"


def test_what_is_said_makes_a_round_longer():
    run = LongRun()
    told = folded(b"".join([*run.opening(1), *islice(run.rounds(inside.SAYS), inside.SAYS + 5)]))
    assert told.leaf_tokens == 1000 + inside.SAYS
    assert not told.anomalies


def test_a_huge_payload_is_as_large_as_it_says():
    (node,) = folded(huge_payload(50_000)).executions.values()
    assert 40_000 < len(node.outputs_json) < 60_000


def test_a_figure_is_judged_by_its_goal():
    assert Figure("G4", 9.9).met
    assert not Figure("G4", 10.1).met
    assert Figure("G5 fps", 28).met
    assert not Figure("G5 fps", 27).met
    assert "MISSED" in str(Figure("G4", 10.1))


def test_of_several_figures_the_median_counts():
    assert median("G4", [Figure("G4", 1), Figure("G4", 9), Figure("G4", 2)]) == Figure("G4", 2)
    assert [quantile([1, 2, 3, 4], part) for part in (0, 0.5, 0.99)] == [1, 3, 4]


@pytest.mark.parametrize(
    ("part", "goals"),
    [
        ("long", {"G3", "G3 text", "G4", "G4 10k", "G5 p50", "G5 p99", "G5 fps", "G9 p50", "G9 p99", "G10", "G13"}),
        ("small", {"G15 p50", "G15 p99"}),
        ("huge", {"G11"}),
    ],
)
def test_each_part_gives_its_figures(part, goals, tmp_path, monkeypatch):
    monkeypatch.setattr(inside, "FEWER", 100)
    monkeypatch.setattr(inside, "MOMENTS", 10)
    found = anyio.run(inside.PARTS[part], tmp_path, 200, 0.2)
    assert {figure.goal for figure in found} == goals
    assert goals <= GOALS.keys()
    assert all(figure.value > 0 for figure in found)
