import os
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth, wcwidth

from streamkit import Tap
from streamkit.cli import output
from streamkit.cli.render import Look, render_run
from streamkit.cli.render.cells import _NARROW, cells, cut, wrap
from streamkit.cli.render.figures import duration, moment, money, tokens
from streamkit.cli.render.look import ASCII, UNICODE
from streamkit.cli.safe import safe_json, safe_line, safe_text
from streamkit.run import RunState

FIXTURES = Path(__file__).parents[2] / "fixtures"
BODIES = [path for path in sorted(FIXTURES.glob("dify/**/*.sse")) if path.stat().st_size < 100_000] + sorted(
    path for path in (FIXTURES / "hostile").iterdir() if not path.name.endswith((".golden.json", ".md"))
)
OBEYED = {*map(chr, range(0x20)), "\x7f", *map(chr, range(0x80, 0xA0)), *map(chr, range(0x2028, 0x202F))} | {
    *map(chr, range(0x2066, 0x206A))
}
"""Characters that a terminal obeys, or that turn what is read."""


def state_of(body: bytes) -> RunState:
    tap = Tap("dify")
    tap.feed(body)
    tap.close()
    return tap.run.snapshot().without_secrets()


def drawn(body: bytes, **look) -> list[str]:
    return list(render_run(state_of(body), Look(**look)))


# ---- every run


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
def test_no_line_is_wider_than_the_page_or_commands_the_terminal(path):
    state = state_of(path.read_bytes())
    for width in (40, 80, 120):
        for everything in (False, True):
            for glyphs in (UNICODE, ASCII):
                look = Look(width=width, glyphs=glyphs, everything=everything)
                for line in render_run(state, look, [path.name * 5]):
                    assert cells(line) <= width
                    assert not OBEYED & set(line)
                    assert line == line.rstrip()


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
def test_colour_changes_nothing_but_colour(path):
    state = state_of(path.read_bytes())
    plain = list(render_run(state, Look()))
    coloured = list(render_run(state, Look(colour=True)))
    assert [safe_text(line).rstrip() for line in coloured] == plain


# ---- the tree


def test_an_iteration_with_failures_is_understood_at_a_glance():
    body = (FIXTURES / "dify" / "wf_iter_fail_seq_continue-on-error.sse").read_bytes()
    tree = "\n".join(drawn(body)).partition("\n\n")[0]
    assert tree == (
        "✓ succeeded  workflow 0c3b37ed           781ms\n"
        "├─ ✓ Start                    start       <1ms\n"
        "├─ ✓ Make list                code        11ms\n"
        "├─ ✓ For each item  5 rounds  iteration  665ms\n"
        "│  ├─ ✓ round 0 · Work        code        47ms\n"
        "│  ├─ ✗ round 1 · Work        code        16ms\n"
        "│  │    ValueError: bad item 1: item-1\n"
        "│  ├─ ✓ round 2 · Work        code        17ms\n"
        "│  ├─ ✗ round 3 · Work        code        25ms\n"
        "│  │    ValueError: bad item 3: item-3\n"
        "│  └─ ✓ round 4 · Work        code        21ms\n"
        "└─ ✓ End                      end         <1ms"
    )


def test_a_terminal_without_unicode_gets_ascii():
    body = (FIXTURES / "dify" / "wf_iter_fail_par_continue.sse").read_bytes()
    lines = drawn(body, glyphs=ASCII)
    assert "\n".join(lines).isascii()
    assert lines[3:7] == [
        "|- ok For each item  6 rounds  iteration  684ms",
        "|  |- rounds 0-5  ok 4  ER 2   6 nodes",
        "|  |- ER round 0 - Work        code       127ms",
        "|  |     ValueError: nope 0",
    ]


def test_two_thousand_rounds_print_short(streams):
    """A line that sums them up, then those that failed, ten at most."""
    failed = [3, 17, 200, 201, 202, 203, 500, 501, 502, 503, 999, 1999]
    body = streams.workflow(streams.iteration(2000, failed))
    lines = drawn(body)
    assert len(lines) < 50
    (summary,) = [line for line in lines if "rounds 0–1999" in line]  # noqa: RUF001
    for part in ("✓ 1,988", "✗ 12", "4,000 nodes", "20,000 tok", "$2.00"):
        assert part in summary
    assert [line.split("round ")[1].split()[0] for line in lines if "✗ round" in line] == [str(n) for n in failed[:10]]
    assert sum("429 in" in line for line in lines) == 10
    assert any("… 2 more failed rounds  --all shows them" in line for line in lines)


def test_all_prints_every_round(streams):
    lines = drawn(streams.workflow(streams.iteration(300, [7])), everything=True)
    assert sum("round " in line for line in lines) == 300
    assert not any("--all" in line for line in lines)


def test_a_handful_of_rounds_is_drawn_in_full(streams):
    assert sum(" round " in line for line in drawn(streams.workflow(streams.iteration(5)))) == 5
    folded = drawn(streams.workflow(streams.iteration(6)))
    assert sum(" round " in line for line in folded) == 0
    assert any("rounds 0–5  ✓ 6" in line for line in folded)  # noqa: RUF001


def test_executions_of_an_unknown_round_stand_apart(streams):
    """A parallel iteration as web apps see it: nothing says of which round an execution is."""
    lines = drawn(streams.workflow(streams.iteration(20, [3], known=False)))
    (start,) = [number for number, line in enumerate(lines) if "round unknown" in line]
    assert "✓ 39  ✗ 1" in lines[start]
    assert "40 nodes" in lines[start]
    assert any("✗ LLM" in line for line in lines[start:])
    assert sum("more node" in line for line in lines[start:]) == 2


def test_many_nodes_are_folded_but_never_the_failed_one(streams):
    nodes = [streams.node(f"n{number}", f"Node {number}") for number in range(200)]
    nodes[150] = streams.node("bad", "The bad one", status="failed", error="boom")
    lines = drawn(streams.workflow(*nodes))
    assert len(lines) < 40
    assert any("✗ The bad one" in line for line in lines)
    assert any("… 130 more nodes  ✓ 130" in line for line in lines)
    assert sum("Node" in line for line in drawn(streams.workflow(*nodes), everything=True)) == 199


def test_retries_stand_under_their_node():
    lines = drawn((FIXTURES / "dify" / "wf_retry_then_success.sse").read_bytes())
    assert lines[2].startswith("├─ ✓ Flaky API  ↻2")
    assert lines[3].startswith("│  ├─ ✗ try 1  299ms  Reached maximum retries for URL")
    assert lines[4].startswith("│  └─ ✗ try 2  110ms  Reached maximum retries for URL")


def test_the_log_of_an_agent_is_a_tree():
    lines = drawn((FIXTURES / "dify" / "wf_agent_log.sse").read_bytes())
    assert [line[:22].rstrip() for line in lines[3:6]] == [
        "│  ├─ ✓ ROUND 1",
        "│  │  ├─ ✓ stub-large",
        "│  │  └─ ✓ CALL search",
    ]


def test_a_title_of_wide_characters_keeps_the_columns_straight(streams):
    nodes = [streams.node("a", "質問を分類する 🚀"), streams.node("b", "Plain"), streams.node("c", "क्षि é")]
    lines = drawn(streams.workflow(*nodes))[1:4]
    assert len({cells(line[: line.index("code")]) for line in lines}) == 1
    assert all(line.endswith("250ms") for line in lines)


def test_a_long_title_gives_way_and_the_figures_stay(streams):
    wide = streams.node("a", "とても長い題名" * 20, node_type="knowledge-retrieval", elapsed_time=61.2)
    line = drawn(streams.workflow(wide))[1]
    assert cells(line) <= 80
    assert "…" in line
    assert line.endswith("1m01s")


def test_an_error_is_shortened_to_three_lines(streams):
    error = "\n".join(f"line {number}" for number in range(10))
    body = streams.workflow(streams.node(status="failed", error=error), status="failed", error=error)
    assert sum("line" in line for line in drawn(body)) == 6
    assert sum("line" in line for line in drawn(body, everything=True)) == 20


def test_a_traceback_is_what_it_comes_to(streams):
    error = 'Traceback (most recent call last):\n  File "main.py", line 3, in main\nValueError: bad\n'
    lines = drawn(streams.workflow(streams.node(status="failed", error=error)))
    assert lines[2].strip() == "ValueError: bad"


def test_a_tree_deeper_than_the_page_is_wide_still_fits(streams):
    """An agent's log may hang thirty levels deep."""
    logs = [streams.log(f"entry {number}", str(number), str(number - 1) if number else None) for number in range(60)]
    for width in (40, 80):
        lines = drawn(streams.workflow(streams.node(), *logs), width=width, everything=True)
        assert sum("entry" in line for line in lines) == 60
        assert max(map(cells, lines)) <= width


def test_a_long_log_is_cut(streams):
    logs = [streams.log(f"entry {number}", str(number), None) for number in range(60)]
    lines = drawn(streams.workflow(streams.node(), *logs))
    assert sum("✓ entry" in line for line in lines) == 20
    assert any("… 40 more log entries" in line for line in lines)


# ---- what stands under the tree


def test_sections_without_anything_are_left_out(streams):
    assert drawn(streams.workflow(streams.node())) == [
        "✓ succeeded  workflow run-1  1.50s",
        "└─ ✓ A                 code  250ms",
    ]


def test_a_long_answer_is_shortened(streams):
    text = "\n".join(f"line {number}" for number in range(100))
    chunk = streams.text(text)
    lines = drawn(streams.workflow(chunk))
    assert sum("line " in line for line in lines) == 19
    assert lines[-1] == "  … 81 more lines, --all shows them"
    assert sum("line " in line for line in drawn(streams.workflow(chunk), everything=True)) == 100


def test_without_an_answer_the_outputs_are_shown(streams):
    lines = drawn(streams.workflow(outputs={"city": "Oslo", "data": {"x": [1, 2]}, "long": "y" * 1000}))
    assert lines[1:4] == ["", "outputs", "  city  Oslo"]
    assert lines[4] == '  data  {"x":[1,2]}'
    assert len(lines) == 8


def test_reasoning_is_counted_until_it_is_asked_for(streams):
    body = streams.workflow(streams.text("<think>one\ntwo</think>\nanswer"))
    assert "  2 lines, 7 characters; --all shows them" in drawn(body)
    assert "  two" in drawn(body, everything=True)


def test_a_form_says_what_is_asked_and_until_when(streams):
    lines = drawn(streams.workflow(streams.form()))
    start = next(number for number, line in enumerate(lines) if line.startswith("form"))
    assert lines[start : start + 7] == [
        "form  Ask  waiting",
        "  Sure?",
        "",
        "  fields   why (paragraph)",
        "  actions  Yes [yes]",
        "  expires  2026-11-23 10:49 UTC",
        "  token    [hidden]",
    ]


def test_a_form_of_odd_shape_is_shown_as_far_as_it_goes(streams):
    odd = streams.form(
        node_title="", inputs=[5, {"x": 1}], actions=[None, {"id": "no"}], form_content="", expiration_time=None
    )
    lines = drawn(streams.workflow(odd))
    start = lines.index("form  ask  waiting")
    assert lines[start + 1 : start + 4] == ["  fields   ?", "  actions  no", "  token    [hidden]"]


def test_a_form_of_ragflow_names_its_fields_too():
    tap = Tap()
    tap.feed((FIXTURES / "ragflow" / "fillup_1_pause.sse").read_bytes())
    tap.close()
    assert "  fields   ok (boolean), note (paragraph), pick (options)" in list(render_run(tap.run.snapshot(), Look()))


def test_a_long_form_is_shortened(streams):
    lines = drawn(streams.workflow(streams.form(form_content="\n".join(map(str, range(30))))))
    assert "  … 23 more lines, --all shows them" in lines


def test_many_tries_are_cut(streams):
    body = streams.workflow(*[streams.retry(number) for number in range(1, 9)], streams.node())
    lines = drawn(body)
    assert sum("✗ try" in line for line in lines) == 5
    assert any("… 3 more tries" in line for line in lines)
    assert sum("✗ try" in line for line in drawn(body, everything=True)) == 8


def test_sources_of_odd_shape_are_named_somehow():
    sources = [1, "text", {"document_name": "a.md", "score": None}, {"x": [1]}, {"title": "t", "score": 0.5}, {}, {}]
    state = msgspec.structs.replace(state_of(b""), citations=tuple(sources), files=tuple(sources[:2]))
    lines = list(render_run(state, Look()))
    start = lines.index("citations")
    assert lines[start + 1 :] == [
        "  1",
        "  text",
        "  a.md",
        '  {"x":[1]}',
        "  t  score 0.50",
        "  … 2 more, --all shows them",
    ]


def test_a_form_that_was_answered_says_how():
    tap = Tap()
    for name in ("wf_human_1_paused", "wf_human_2_resumed_approve"):
        tap = Tap("dify", run=tap.run) if tap.run.frames else tap
        tap.feed((FIXTURES / "dify" / f"{name}.sse").read_bytes())
        tap.close()
    lines = list(render_run(tap.run.snapshot(), Look()))
    assert "form  Approval  submitted" in lines
    assert "  chosen   approve" in lines
    assert not any("token" in line for line in lines)


def test_thoughts_sources_and_files_are_named():
    thoughts = drawn((FIXTURES / "dify" / "agent_chat_fc_three_rounds.sse").read_bytes())
    assert "  1   Step one." in thoughts
    assert any("→ search;slow_lookup" in line for line in thoughts)
    sources = drawn((FIXTURES / "dify" / "chat_retriever_resources.sse").read_bytes())
    assert "  Doc 1.md  score 0.80" in sources
    files = drawn((FIXTURES / "dify" / "chat_http_file.sse").read_bytes())
    assert "  57dc51f2c7a54a45bf6342cda5cedb4b.png  image/png" in files


def test_where_the_server_counts_twice_both_sums_are_shown():
    lines = drawn((FIXTURES / "dify" / "chat_loop_inner_answer.sse").read_bytes())
    assert "  note     the server says $0.000285, the nodes add up to $0.0001425" in lines


def test_anomalies_are_counted_by_kind_with_the_first_detail(streams):
    odd = b'data: {"event": "quantum", "task_id": "t"}\n\n'
    lines = drawn(streams.workflow(odd * 12, streams.node(status="teleported")))
    start = lines.index("anomalies")
    assert lines[start + 1 :] == [
        "  12× unknown-event   quantum (frame 1)",  # noqa: RUF001
        "   1× unknown-status  node a: teleported (frame 14)",  # noqa: RUF001
        "  what it means: streamkit explain unknown-event",
    ]


def test_an_interrupted_run_says_that_nobody_ended_it(streams):
    lines = drawn(streams.workflow(streams.node())[:400])
    assert lines[:2] == [
        "╳ interrupted  workflow run-1",  # noqa: RUF001
        "  The stream ended before the server said how the run ended.",
    ]


# ---- the command


def test_a_pipe_gets_plain_text_and_a_terminal_colour_unless_no_color(cli):
    path = FIXTURES / "dify" / "wf_failed.sse"
    assert "\x1b" not in cli("inspect", path).stdout
    assert "\x1b[31m✗\x1b[0m" in cli("inspect", path, FORCE_COLOR="1").stdout
    assert "\x1b" not in cli("inspect", path, FORCE_COLOR="1", NO_COLOR="1").stdout
    assert "\x1b" not in cli("inspect", path, FORCE_COLOR="0").stdout


def test_the_width_is_that_of_the_terminal_within_reason(cli, streams):
    body = streams.workflow(streams.text("x" * 1000))
    for columns, most in (("60", 60), ("100", 100), ("500", 120), ("5", 40), ("wide", 80)):
        assert max(map(cells, cli("inspect", "-", stdin=body, COLUMNS=columns).stdout.splitlines())) == most


def test_a_terminal_says_how_wide_it_is(monkeypatch):
    monkeypatch.setattr("streamkit.cli.output.is_terminal", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda fallback: os.terminal_size((93, 50)))
    assert output.width() == 93


def test_a_dumb_terminal_is_not_drawn_on_and_gets_no_colour(monkeypatch):
    monkeypatch.setattr("streamkit.cli.output.is_terminal", lambda: True)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for terminal, colour in (("xterm", True), ("dumb", False)):
        monkeypatch.setenv("TERM", terminal)
        assert output.wants_colour() == output.is_screen() == colour


def test_json_on_a_terminal_without_unicode_is_ascii(cli, monkeypatch):
    monkeypatch.setattr("streamkit.cli.output.is_terminal", lambda: True)
    monkeypatch.setattr("streamkit.cli.output.can_show", lambda text: False)
    assert cli("frames", "-", stdin="data: é🚀\n\n".encode()).stdout == (
        '{"event":"message","data":"\\u00e9\\ud83d\\ude80","id":""}\n'
    )


def test_an_encoding_without_the_marks_gets_ascii_and_question_marks(process):
    done = process("inspect", FIXTURES / "dify" / "chat_unicode.sse", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.startswith(b"ok succeeded  chatflow 6bf2420b")
    assert b"|- ok ?? ?" in done.stdout


def test_several_runs_say_where_they_come_from(cli):
    paths = [FIXTURES / "dify" / name for name in ("wf_failed.sse", "wf_human_1_paused.sse")]
    lines = cli("inspect", *paths).stdout.splitlines()
    rules = [line for line in lines if line.startswith("── ")]
    assert [Path(rule.strip("─ ")).name for rule in rules] == [path.name for path in paths]
    assert {cells(rule) for rule in rules} == {80}
    assert not cli("inspect", paths[0]).stdout.startswith("──")


# ---- figures


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((None, ""), (0, "0ms"), (0.0001, "<1ms"), (0.0123, "12ms"), (0.9994, "999ms"), (0.9996, "1.00s")),
        *((2.1, "2.10s"), (41.25, "41.2s"), (61, "1m01s"), (3599.6, "1h00m"), (11_520, "3h12m"), (-1, "-1s")),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (None, ""),
        ({}, ""),
        ({"USD": Decimal("0E-7")}, ""),
        ({"USD": Decimal("0.0315000")}, "$0.0315"),
        ({"USD": Decimal("0.00014753")}, "$0.0001475"),
        ({"USD": Decimal(5)}, "$5.00"),
        ({"RMB": Decimal("0.2")}, "0.20 RMB"),
        ({"XXX": Decimal("1.234567")}, "1.235"),
        ({"USD": Decimal("12345.678"), "EUR": Decimal(1)}, "$12345.68 + €1.00"),
        ({"USD": Decimal("1E-20")}, "$1E-20"),
        ({"\x1b[31mX": Decimal(1)}, "1.00 X"),
    ],
)
def test_money(cost, text):
    assert money(cost) == text


def test_money_is_exact_where_it_must_be():
    assert money({"USD": Decimal("0.00014753000")}, exact=True) == "$0.00014753"


def test_other_figures():
    assert (tokens(None), tokens(0), tokens(1234)) == ("", "", "1,234 tok")
    assert moment(0) == "1970-01-01 00:00 UTC"
    assert moment(1e300) == "1e+300"


# ---- text


# No st.text() of all of Unicode: its table takes Hypothesis longer to make than all other tests take.
hostile = st.text(st.sampled_from([*sorted(OBEYED), *"\x1b[]P_^;?0m@~\\ aé漢🚀"]))


@given(hostile)
def test_safe_text_has_nothing_that_a_terminal_obeys(text):
    assert not OBEYED - {"\n"} & set(safe_text(text))
    assert not OBEYED & set(safe_line(text))


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("\x1b]0;PWN\x07title", "title"),
        ("\x1b]0;PWN\x1b\\title", "title"),
        ("\x1b[2Jclear\x1b[31mred\x1b[0m", "clearred"),
        ("\x9b31mC1", "C1"),
        ("a\x1bPdevice\x1b\\b", "ab"),
        ("never \x1b]0;closed", "never 0;closed"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("\u2066x\u2069\x7f\0\x08", "x"),
        ("one\r\ntwo\rthree\u2028four\x85five", "one\ntwo\nthree\nfour\nfive"),
        ("tab\tend", "tab    end"),
        ("👨‍👩‍👧 é", "👨‍👩‍👧 é"),
    ],
)
def test_what_becomes_of_hostile_text(text, safe):
    assert safe_text(text) == safe
    assert safe_line(text) == " ".join(safe.split())


@pytest.mark.parametrize("opening", ["\x1b]", "\x9d", "\x1bP", "\x1b[", "\x9b", "\x1b"])
def test_escapes_that_never_end_cost_linear_time(opening):
    assert len(safe_text(opening * 200_000)) <= 200_000


@pytest.mark.parametrize("mark", ["\u0301", "\u093f", "\U0001112c"])
def test_a_mark_without_a_letter_changes_nothing_before_its_line(mark):
    assert safe_line(f" {mark}x") == f"\u25cc{mark}x"
    assert safe_line(f"e{mark}") == f"e{mark}"
    assert cells(" " + safe_line(mark)) == 1 + cells(safe_line(mark))


def test_json_for_a_terminal_is_the_same_json():
    assert safe_json('"\x9b \u202e \x7f \u2028 é"') == '"\\u009b \\u202e \\u007f \\u2028 é"'


words = st.text(st.sampled_from("ab ─│→✓é漢字🚀\u200d\ufe0f❤👨👩\u0301ก ำ🇩🇪\n\u200b\u00ad"))


@given(words.map(safe_text), st.integers(4, 40))
def test_wrapped_lines_fit_and_lose_nothing(text, width):
    lines = list(wrap(text, width))
    assert all(cells(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_text_of_narrow_characters_is_as_wide_as_it_is_long():
    narrow = [char for char in map(chr, range(32, 0x10000)) if _NARROW.fullmatch(char)]
    assert len(narrow) > 800
    assert {wcwidth(char) for char in narrow} == {1}
    assert wcswidth("".join(narrow)) == cells("".join(narrow))


@given(st.text(st.sampled_from("aé─"), min_size=1), st.integers(0, 9))
def test_narrow_text_is_cut_and_wrapped_as_any_other(text, width):
    wide = text.replace("a", "\u0e40")  # as narrow, and no character that is known to be
    assert cut(wide, width, "─").replace("\u0e40", "a") == cut(text, width, "─")
    assert [line.replace("\u0e40", "a") for line in wrap(wide, width)] == list(wrap(text, width))


@given(words.map(safe_line), st.integers(0, 40))
def test_a_cut_text_fits(text, width):
    assert cells(cut(text, width)) <= width
    assert cut(text, 1000) == text
