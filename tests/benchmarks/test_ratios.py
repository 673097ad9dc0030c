"""Ratios within one run, so generous that a noisy machine keeps them: what fails here is broken, not a little slower.

Rounds alternate and the best of each side counts. No time is asserted.
"""

import gc
import subprocess
import sys

import pytest

from benchmarks import cases
from benchmarks.runner import cpu_time
from benchmarks.stages import LIMITS, library
from benchmarks.workers import ROOT

ROUNDS = 4
OURS = library("streamkit").stages


@pytest.fixture(autouse=True, scope="module")
def _frozen():
    """What other tests hold is not looked through by every collection of garbage."""
    gc.freeze()  # and stays so: to thaw it would thaw what was collected, too


def best_ratio(measure, base):
    """How often the time of `base` the other takes: the best of each over alternated rounds."""
    taken = [(measure(), base()) for _ in range(ROUNDS)]
    return min(time for time, _ in taken) / min(time for _, time in taken)


def of(stage, case):
    return lambda: cpu_time(stage, case, 0.005)


@pytest.mark.parametrize("stage", OURS)
@pytest.mark.parametrize("shape", ["token_stream", "mixed_workflow", "loops", "ragflow_agent"])
def test_four_times_the_events_cost_four_times_as_much(stage, shape):
    short, long = (cases.make(shape, "event", scale) for scale in (0.05, 0.2))
    assert best_ratio(of(OURS[stage], long), of(OURS[stage], short)) <= 8


@pytest.mark.parametrize("stage", OURS)
def test_a_line_of_four_times_the_length_costs_four_times_as_much(stage):
    short, long = (cases.make("one_12mb_event", "4KiB", megabytes / 12) for megabytes in (1, 4))
    assert best_ratio(of(OURS[stage], long), of(OURS[stage], short)) <= 12  # squared it would be 16


def test_smaller_chunks_cost_in_proportion():
    """Byte by byte costs a call for each, and not the whole body again."""
    short, long = (cases.make("token_stream", "1-byte", scale) for scale in (0.1, 0.4))
    assert best_ratio(of(OURS["frame"], long), of(OURS["frame"], short)) <= 8


@pytest.mark.parametrize("chunking", ["event", "64KiB"])
@pytest.mark.parametrize("shape", ["token_stream", "mixed_workflow"])
def test_decoding_costs_not_much_more_than_msgspec_alone(shape, chunking):
    case = cases.make(shape, chunking, 0.1)
    assert best_ratio(of(OURS["decode"], case), of(LIMITS["msgspec alone"].stages["decode"], case)) <= 6


@pytest.mark.parametrize("chunking", ["event", "4KiB", "64KiB"])
def test_framing_is_not_slower_than_a_loop_over_lines(chunking):
    case = cases.make("token_stream", chunking, 0.1)
    assert best_ratio(of(OURS["frame"], case), of(line_by_line, case)) <= 1.5


def line_by_line(case):
    """The event stream as one reads the standard: a line, a field, its value."""
    rest, fields, frames = b"", {}, []
    for chunk in case.chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            text = line.removesuffix(b"\r").decode()
            field, _, value = text.partition(":")
            if not text:
                frames.append({"event": "message", **fields})
                fields = {}
            elif field in ("data", "event", "id"):
                value = value.removeprefix(" ")
                fields[field] = f"{fields[field]}\n{value}" if field in fields else value
    return frames


def test_the_loop_over_lines_does_the_same():
    case = cases.make("token_stream", "4KiB", 0.01)
    assert [frame["data"].encode() for frame in line_by_line(case)] == case.payloads


def test_a_gateway_pays_no_more_than_an_observer():
    case = cases.make("mixed_workflow", "event", 0.1)
    assert best_ratio(of(OURS["gateway"], case), of(OURS["run"], case)) <= 2


IMPORTS = "msgspec.json, collections.abc, decimal, typing, re, itertools, dataclasses"
"""What streamkit needs of others."""


def test_importing_streamkit_costs_not_much_more_than_what_it_needs():
    def importing(names):
        code = f"import time; before = time.process_time(); import {names}; print(time.process_time() - before)"
        return lambda: float(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT))

    assert best_ratio(importing("streamkit"), importing(IMPORTS)) <= 6
