"""Lines and orders of the list of runs."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamkit import Run
from streamkit.cli.render.cells import cells
from streamkit.run import Usage
from viewer.runs import SORTS, Listing, elapsed, line, tick

from .widgets.panes import LOOK, NAMES, PLAIN, WIDTHS, Watched, run_of, text, width_of

HOSTILE = "\x1b[2Jevil\x07 \u202e\u6f22\u5b57\u6f22\u5b57 \n[bold]x[/]"


def a_run(status="succeeded", **options):
    run = Run("dify")
    run.start(started_at=options.pop("started_at", None))
    run.finish(status, **options)
    return run


def listed(entries, sort="start", wanted=None, now=0.0):
    listing = Listing()
    listing.entries = entries
    listing.order_by(sort)
    listing.want(wanted)
    listing.sync(now)
    return [entry.name for entry in listing.shown]


# ---- a line


@given(st.sampled_from(NAMES), st.sampled_from(WIDTHS), st.booleans(), st.booleans(), st.floats(0, 1))
def test_a_line_has_exactly_the_width(name, width, is_plain, is_chosen, part):
    entry = Watched(name, run_of(name, part), live=part < 1)
    told = line(entry, width, PLAIN if is_plain else LOOK, 2e9, is_chosen=is_chosen)
    assert width_of(told) == width
    assert not is_plain or text(told).isascii() or not name.isascii()


@example("x", "\U0001112c", 20, False)
@given(st.text() | st.just(HOSTILE), st.text() | st.just(HOSTILE), st.sampled_from(WIDTHS), st.booleans())
def test_a_line_of_hostile_texts_has_exactly_the_width_and_obeys_nothing(name, problem, width, is_plain):
    told = line(Watched(name, problem=problem), width, PLAIN if is_plain else LOOK, 0.0)
    assert cells(text(told)) == width
    assert not any(char < " " or "\x7f" <= char <= "\x9f" or char == "\u202e" for char in text(told))


def test_figures_give_way_in_narrow_lists():
    entry = Watched("support-bot", run_of("dify/chat_llm_400_chunks.sse"))
    now = entry.run.started_at + 130
    assert text(line(entry, 22, LOOK, now)) == " ✓ support-bot   2.35s"
    assert text(line(entry, 32, LOOK, now)) == " ✓ support-b…   2m  2.35s  1.40k"
    assert text(line(entry, 50, LOOK, now)).split() == ["✓", "support-bot", "2m", "2.35s", "1.40k", "$0.0065"]
    assert text(line(entry, 32, PLAIN, now, is_chosen=True)).startswith(">ok ")
    assert text(line(entry, 32, LOOK, now, is_chosen=True)).startswith("▌✓ ")


def test_tokens_are_marked_until_the_server_said_how_the_run_ended():
    going, over = (run_of("dify/chat_llm_400_chunks.sse", part) for part in (0.99, 1.0))
    going.report_usage(Usage(total_tokens=1400))
    assert "1.40k~" in text(line(Watched(run=going), 60, LOOK, 0.0))
    assert "1.40k " in text(line(Watched(run=over), 60, LOOK, 0.0))


def test_what_could_not_be_read_says_why():
    entry = Watched("secret.sse", problem="permission denied")
    assert text(line(entry, 40, LOOK, 0.0)).rstrip() == " ✗ secret.sse permission denied"
    assert text(line(entry, 20, LOOK, 0.0)) == " ✗ secret.… permiss…"


def test_a_live_run_takes_time_by_the_clock_and_another_one_by_the_servers_word():
    run = Run("dify")
    run.start(started_at=100)
    assert elapsed(Watched(run=run, live=True), 141.2) == pytest.approx(41.2)
    assert elapsed(Watched(run=run), 141.2) is None
    run.count("node_started", 1, 3.0)
    run.count("node_started", 1, 5.0)
    assert elapsed(Watched(run=run), 141.2) == 2.0
    run.finish("succeeded", elapsed_time=7.5)
    assert elapsed(Watched(run=run, live=True), 141.2) == 7.5


def test_only_a_live_run_ticks_every_second():
    run = Run("dify")
    run.start(started_at=0)
    assert tick(Watched(run=run, live=True), 100.9) != tick(Watched(run=run, live=True), 101.0)
    assert tick(Watched(run=run), 100.9) == tick(Watched(run=run), 101.0)
    assert tick(Watched(run=run), 100.9) != tick(Watched(run=run), 120.0)


# ---- orders


def test_the_newest_comes_first_and_what_is_live_before_it():
    entries = [
        Watched("old", a_run(started_at=10)),
        Watched("live", live=True),
        Watched("new", a_run(started_at=20)),
        Watched("first without a time"),
        Watched("second without a time"),
    ]
    assert listed(entries) == ["live", "new", "old", "second without a time", "first without a time"]


def test_other_orders_begin_with_the_most():
    entries = [
        Watched("small", a_run(elapsed_time=1.0, total_tokens=5)),
        Watched("none", Run("dify")),
        Watched("large", a_run("failed", elapsed_time=9.0, total_tokens=50)),
        Watched("unread", problem="gone"),
    ]
    assert listed(entries, "duration")[:2] == ["large", "small"]
    assert listed(entries, "tokens")[:2] == ["large", "small"]
    assert listed(entries, "status") == ["unread", "large", "none", "small"]
    dear = Watched("dear", run_of("dify/chat_llm_400_chunks.sse"))
    assert listed([*entries, dear], "cost")[0] == "dear"


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_takes_every_run(sort):
    assert len(listed([Watched(name, run_of(name)) for name in NAMES[::5]], sort)) == len(NAMES[::5])


def test_a_predicate_says_what_is_listed():
    entries = [Watched(name) for name in "abc"]
    assert listed(entries, wanted=lambda entry: entry.name != "b") == ["c", "a"]


def test_the_order_changes_once_a_second_and_at_once_for_a_new_entry():
    runs = [Run("dify"), a_run(total_tokens=2)]
    entries = [Watched("a", runs[0]), Watched("b", runs[1])]
    listing = Listing()
    listing.entries = entries
    listing.order_by("tokens")
    assert listing.sync(0.0)
    runs[0].report_usage(Usage(total_tokens=9))
    assert not listing.sync(0.9)
    assert [entry.name for entry in listing.shown] == ["b", "a"]
    assert listing.sync(1.0)
    assert [entry.name for entry in listing.shown] == ["a", "b"]
    assert not listing.sync(2.5)
    entries.append(Watched("c"))
    assert listing.sync(2.6)
    assert [entry.name for entry in listing.shown] == ["a", "b", "c"]
