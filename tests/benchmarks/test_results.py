"""Ratios, goals and the page, from small made-up results: no peer is needed, and nothing is measured."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from benchmarks import report
from benchmarks.goals import goals, goals_compiled, linearity
from benchmarks.results import Figures, Flat, Machine, Memory, Results, Size, ratio, worst

ROOT = Path(__file__).parents[2]


def figures(library, *seconds, stage="frame", shape="token_stream", chunking="event", scale=1.0, wrong=None):
    return Figures(stage, shape, chunking, scale, library, dict(enumerate(seconds)), wrong)


@pytest.fixture
def results():
    """A comparison in which streamkit needs 1 ms for everything, compiled 0.5 ms, and others what they need."""
    found = Results(
        Machine("A Processor", 2, "Linux x86_64", "CPython 3.11.7", "2026-11-22"),
        {"streamkit": "0.1.0", "httpx-sse": "0.4.3"},
        {"eventsource-parser (node)": "there is no node on this machine"},
        full=True,
    )
    for shape in ("token_stream", "mixed_workflow", "pings"):
        for chunking in ("event", "64KiB"):
            found.sizes.append(Size(shape, chunking, 1.0, 1000, 330_000, 1000))
            where = {"shape": shape, "chunking": chunking}
            for stage in ("frame", "decode", "feed", "run", "gateway"):
                found.figures.append(figures("streamkit", 1e-3, 1e-3, stage=stage, **where))
                found.figures.append(figures("streamkit, compiled", 0.5e-3, 0.5e-3, stage=stage, **where))
            wrong = "frame 1 is empty: nothing was sent" if shape == "pings" else None
            seconds = () if wrong else (4e-3, 4e-3)
            found.figures += [
                figures("httpx-sse", *seconds, stage=stage, wrong=wrong, **where) for stage in ("frame", "decode")
            ]
            found.figures.append(figures("httpx-sse", *(6e-3 for _ in seconds), stage="json", wrong=wrong, **where))
            found.figures.append(figures("msgspec alone", 0.9e-3, 0.9e-3, stage="decode", **where))
    for scale, seconds in ((1 / 12, 1e-3), (4 / 12, 4.2e-3), (1.0, 13e-3)):
        where = {"shape": "one_12mb_event", "chunking": "4KiB", "scale": scale}
        found.sizes.append(Size("one_12mb_event", "4KiB", scale, 6, round(12e6 * scale), 3000))
        found.figures.append(figures("streamkit", seconds, **where))
        found.figures.append(figures("join and find", 5e-3 * scale, stage="join", **where))
    found.peaks = {"streamkit": 25_000_000}
    found.flat = [Flat("loops", 100_000, [[1e-6] * 9 + [1.05e-6], [1e-6] * 10, [1e-6] * 9 + [2e-6]])]
    found.memory = [Memory("executions", 100_000, 70e6), Memory("taps", 10_000, 7000)]
    return found


def test_a_ratio_is_the_median_of_the_ratios_of_each_round():
    slow = figures("a", 2.0, 9.0, 6.0)
    base = figures("b", 1.0, 3.0, 1.0)  # ratios 2, 3, 6: not 6 / 1, which the medians would give
    assert ratio(slow, base) == 3.0


def test_a_round_that_one_of_them_has_not_is_left_out():
    slow, base = figures("a", 2.0), figures("b", 1.0, 50.0)
    assert ratio(slow, base) == 2.0


def test_there_is_no_ratio_without_figures():
    wrong = figures("a", wrong="raises ValueError at frame 1")
    assert ratio(wrong, figures("b", 1.0)) is None
    assert ratio(None, figures("b", 1.0)) is None
    assert worst([None, 1.5, 0.5]) == 1.5
    assert worst([None]) is None


def test_the_largest_scale_is_found_first(results):
    assert results.find("frame", "one_12mb_event", "4KiB", "streamkit").scale == 1.0
    assert results.find("frame", "one_12mb_event", "4KiB", "nobody") is None


def test_a_flat_run_is_told_by_the_median_over_its_rounds(results):
    assert results.flat[0].ratio == pytest.approx(1.05)


def test_linearity_compares_4_mb_with_1_mb(results):
    assert linearity(results, "streamkit") == pytest.approx(4.2)
    assert linearity(results, "httpx-sse") is None


SHAPES = ("token_stream", "mixed_workflow")
CHUNKINGS = ("event", "64KiB")


def test_goals_are_met_missed_or_not_measured(results):
    found = {}
    for goal in goals(results):
        subject = goal.text.partition(":")[0]
        found[goal.text if subject == "frame, every shape" else subject] = (goal.found, goal.met)
    assert found == {
        **{f"decode, {shape}, {chunking}": ("1.11", True) for shape in SHAPES for chunking in CHUNKINGS},
        **{f"run, {shape}, {chunking}": ("6.00", True) for shape in SHAPES for chunking in CHUNKINGS},
        **{f"gateway, token_stream, {chunking}": ("6.00", False) for chunking in CHUNKINGS},
        "frame, every shape: faster than every Python library": ("4.00 (httpx-sse, mixed_workflow, 64KiB)", True),
        "frame, every shape: faster than the loop that people write": ("not measured", None),
        "frame, every shape, other chunks": ("not measured", None),
        "frame, token_stream": ("4.00 (httpx-sse, token_stream, 64KiB)", True),
        "frame, a line of 4 MB": ("4.20", True),
        "frame, an event of 12 MB": ("2.60", True),
        "long runs": ("1.05", True),
        "an open tap in a gateway": ("6.8 KiB", True),
        "100,000 executions": ("70 MB", False),
    }


def test_goals_of_speed_are_the_same_compiled(results):
    plain, compiled = goals(results), goals_compiled(results)
    assert [goal.text for goal in compiled] == [goal.text for goal in plain[: len(compiled)]]
    found = {goal.text.partition(":")[0]: (goal.found, goal.met) for goal in compiled}
    assert found["decode, token_stream, event"] == ("0.56", True)
    assert found["gateway, token_stream, 64KiB"] == ("12.00", True)
    assert found["frame, a line of 4 MB"] == ("not measured", None)


def test_nothing_measured_is_no_goal_met(results):
    empty = Results(results.machine, {}, {}, full=False)
    assert {goal.met for goal in [*goals(empty), *goals_compiled(empty)]} == {None}


# ---- the page


def test_the_page_tells_figures_and_what_is_wrong(results):
    page = report.page(results)
    assert "A Processor, 2 cores, Linux x86_64, CPython 3.11.7, on 2026-11-22" in page
    assert "| `token_stream` | 1.00 (1.00) | 0.50 | 4.00 |" in page
    assert (
        "| gateway, token_stream, event: 7 x faster than httpx-sse and json.loads | 6.00 | MISSED | 12.00 | met |"
        in page
    )
    assert "| httpx-sse | `pings` | 64KiB, event | frame 1 is empty: nothing was sent |" in page
    assert "| 100,000 executions: less than 60 MB | 70 MB | MISSED |  |  |" in page
    assert "eventsource-parser (node) (there is no node on this machine)" in page
    assert "| `pings` | 1.00 (1.00) | 0.50 | wrong |" in page


def test_the_table_for_a_terminal_fits_100_columns(results):
    table = report.table(results)
    assert max(map(len, table.splitlines())) <= 100
    assert "4.00 (4.00)" in table
    assert "MISSED  100,000 executions: less than 60 MB: 70 MB" in table


def test_the_page_of_a_file_is_printed(results, tmp_path):
    file = tmp_path / "results.json"
    file.write_bytes(msgspec.json.encode(results))
    done = CliRunner().invoke(report.main, [str(file)])
    assert done.exit_code == 0
    assert done.output == report.page(results)


def test_the_page_in_the_docs_begins_with_its_caveats_and_names_its_command(results):
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert page.startswith("# Benchmarks\n\nBenchmarks are *hard*")
    assert "benchmarks.compare --full --json" in page
    headings = [line for line in report.page(results).splitlines() if line.startswith("## ")]
    assert {"## Goals", "## Where peers are wrong"} <= set(headings) & set(page.splitlines())
    assert page.index("made by the authors of streamkit") < page.index("## ")
