"""What takes the figures: cases on disk, verification, the process of a library, and who is asked when.

Peers are no dependency of the tests; libraries here are streamkit, the limits, and made-up ones that do wrong.
"""

import time

import msgspec
import pytest
from click.testing import CliRunner

from benchmarks import bench_flat, bench_memory, cases, compare, daily
from benchmarks.cases import Case
from benchmarks.compare import Effort, Plan
from benchmarks.results import Machine, Results
from benchmarks.runner import Reply, Task, cpu_time, verify
from benchmarks.shapes import SHAPES
from benchmarks.stages import LIMITS, Library, library
from benchmarks.workers import NODE, Worker, absent

CASE = Case("dify", [b"data: 1\n\ndata: ", b"2\n\n"], [b"1", b"2"])
QUICK = Effort(rounds=2, seconds=0.001, patience=30, enough=10)


# ---- cases


def test_a_case_survives_its_file(tmp_path):
    made = cases.make("pings", "random", 0.01)
    cases.write(made, tmp_path / "case")
    assert cases.read(tmp_path / "case") == made


def test_a_chunking_may_want_less_of_a_shape():
    assert len(cases.make("token_stream", "1-byte").payloads) < len(cases.make("token_stream", "4KiB").payloads) / 50


def test_the_digest_knows_where_a_payload_ends():
    assert cases.digest([b"ab", b"c"]) != cases.digest([b"a", b"bc"])


# ---- verification


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        (["1", "2"], None),
        ([b"1", b"2"], None),
        (["1"], "1 frames, not 2"),
        (["1", "2", "3"], "3 frames, not 2"),
        (["1", "3"], "other data in frame 2"),
        (["", "1", "2"], "frame 1 is empty: nothing was sent"),
    ],
)
def test_wrong_frames_are_told(found, wrong):
    assert verify(Library({}, lambda _: iter(found)), CASE) == wrong


def test_decoded_frames_are_compared_as_values():
    assert verify(Library({}, lambda _: iter([1, 2]), decodes=True), CASE) is None
    assert verify(Library({}, lambda _: iter([1, 1]), decodes=True), CASE) == "other data in frame 2"


def test_what_a_library_raises_is_its_answer():
    def frames(_):
        yield "1"
        raise ValueError

    assert verify(Library({}, frames), CASE) == "raises ValueError at frame 2"


def test_a_limit_parses_nothing_and_cannot_be_wrong():
    assert all(verify(limit, CASE) is None for limit in LIMITS.values())


def test_streamkit_is_right_on_every_shape():
    ours = library("streamkit")
    assert [name for name in SHAPES if verify(ours, cases.make(name, "random", 0.02))] == []


# ---- figures


def test_the_first_run_only_warms_unless_it_is_long():
    calls = []
    cpu_time(calls.append, CASE, 1e-4)
    assert len(calls) > 2
    assert cpu_time(lambda _: spin(0.02), CASE, 0.01) >= 0.02


def spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


# ---- processes


def test_a_process_verifies_and_measures(tmp_path):
    cases.write(cases.make("token_stream", "event", 0.01), tmp_path / "case")
    with Worker("streamkit", patience=30) as worker:
        assert worker.ask(Task(str(tmp_path / "case"))).wrong is None
        for stage in library("streamkit").stages:
            reply = worker.ask(Task(str(tmp_path / "case"), stage, 0.001))
            assert reply.wrong is None
            assert reply.seconds > 0


def test_who_does_not_answer_in_time_is_ended_and_begun_anew(tmp_path):
    cases.write(cases.make("token_stream", "event", 0.01), tmp_path / "case")
    with Worker("streamkit", patience=1e-6) as worker:
        assert worker.ask(Task(str(tmp_path / "case"))).wrong == "no end in 1e-06 s"  # its imports are not counted
        worker._patience = 30
        assert worker.ask(Task(str(tmp_path / "case"))) == Reply()


def test_a_process_that_dies_is_an_answer_too(tmp_path):
    with Worker("no such library", patience=30) as worker:
        assert worker.ask(Task(str(tmp_path / "case"))).wrong == "the process died"


def test_a_library_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert absent(NODE, lambda _: "1.0") == "there is no node on this machine"
    assert absent("httpx-sse", lambda _: None) == "not installed"
    assert absent("httpx-sse", lambda _: "1.0") is None


# ---- who is asked when


class Recorded:
    """A library that needs a second for everything, and writes down when it is asked."""

    def __init__(self, name, asked, *, seconds=1.0, wrong=None):
        self.name, self.asked, self.seconds, self.wrong = name, asked, seconds, wrong

    def ask(self, task):
        if task.stage is None:
            return Reply(wrong=self.wrong)
        self.asked.append((self.name, task.stage))
        return Reply(seconds=self.seconds)


def measured(tmp_path, *workers):
    results = Results(Machine("", 1, "", "", ""), {}, {}, full=False)
    compare.measure(results, Plan("loops", "event", 0.01, ("frame", "decode")), workers, tmp_path, QUICK)
    return results


def test_libraries_are_asked_in_turn_and_each_round_begins_with_another(tmp_path):
    asked = []
    measured(tmp_path, Recorded("streamkit", asked), Recorded("msgspec alone", asked), Recorded("bytes.split", asked))
    first = [("streamkit", "frame"), ("bytes.split", "frame"), ("streamkit", "decode"), ("msgspec alone", "decode")]
    second = [("bytes.split", "frame"), ("streamkit", "frame"), ("msgspec alone", "decode"), ("streamkit", "decode")]
    assert asked == first + second


def test_who_is_wrong_is_not_measured(tmp_path):
    asked = []
    results = measured(tmp_path, Recorded("streamkit", asked, wrong="3 frames, not 2"))
    assert asked == []
    assert {figures.wrong for figures in results.figures} == {"3 frames, not 2"}


def test_who_takes_long_is_not_asked_again(tmp_path):
    asked = []
    results = measured(tmp_path, Recorded("streamkit", asked, seconds=11.0))
    assert asked == [("streamkit", "frame"), ("streamkit", "decode")]
    assert [figures.rounds for figures in results.figures] == [{0: 11.0}, {0: 11.0}]


def test_the_short_form_measures_every_shape_and_the_long_one_every_chunking():
    short, full = ({(plan.shape, plan.chunking) for plan in compare.plans(full=full)} for full in (False, True))
    assert {shape for shape, _ in short} == set(SHAPES)
    assert full == {(shape, chunking) for shape in SHAPES for chunking in cases.CHUNKINGS}


# ---- one stage, long runs, memory


def test_a_stage_is_measured_by_its_own_command():
    command = daily.command({"frame": library("streamkit").stages["frame"]}, "Measure framing.")
    options = ["--shape", "pings", "--chunking", "4KiB", "--scale", "0.01", "--rounds", "1"]
    figure = msgspec.json.decode(CliRunner().invoke(command, [*options, "--json"]).output, type=daily.Figure)
    assert (figure.stage, figure.shape, figure.chunking, figure.events) == ("frame", "pings", "4KiB", 109)
    assert 0 < figure.best <= figure.median
    assert "MB/s" in CliRunner().invoke(command, options).output


@pytest.mark.parametrize("name", bench_flat.STREAMS)
def test_a_long_run_is_cut_into_tenths(name):
    found = bench_flat.measure(name, 500, 2)
    assert [len(tenths) for tenths in found.tenths] == [10, 10]
    assert all(cost > 0 for tenths in found.tenths for cost in tenths)


@pytest.mark.parametrize(("name", "count"), [("executions", 20), ("taps", 3), ("huge event", 1)])
def test_what_is_held_can_be_measured(name, count):
    measure, *_ = bench_memory.FIGURES[name]
    assert isinstance(measure(count), int | float)  # of so few it may be anything


def test_no_two_taps_have_ids_in_common():
    told, ids = bench_memory._opening()
    one, other = (bench_memory._tap(told, ids, number).run for number in (1, 2))
    assert one.id != other.id
    assert {node.id for node in one.walk()}.isdisjoint(node.id for node in other.walk())
    assert one.frames == 200
