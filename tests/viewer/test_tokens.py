"""Sums of what a run spends, and the lines that say it."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit import Run, Tap
from streamkit.run import NodeUsage, Retention, Usage
from viewer import tokens
from viewer.tokens import BY, Bars, Spending, bar_line, head, label

from .widgets.panes import LOOK, NAMES, PLAIN, WIDTHS, body, run_of, text, width_of

FEW = Retention(max_executions=3)


def synced(run, by="node"):
    spending = Spending(run, by)
    settle(spending)
    return spending


def settle(spending):
    spending.sync()
    while spending.is_behind:
        spending.sync()


def bars_of(run, by="node", unit="tokens"):
    bars = Bars(synced(run, by))
    bars.unit = unit
    bars.sync(0.0)
    return bars


def drawn(run, width=32, look=LOOK, rates=(), **options):
    bars = bars_of(run, **options)
    lines = head(bars.spending, rates, width, look)
    lines += [bar_line(bar, bars.most(bar.currency), bars.by, width, look) for bar in bars.shown]
    return "\n".join(text(line).rstrip() for line in lines)


def leaf(run, name, total, *, inside=None, index=None, cost=None, ends=True, **usage):
    node = run.open_execution(name, name.split("#")[0], type="llm", title=name.split("#")[0].title())
    if inside is not None:
        run.place(node, inside, index)
    if total is not None:
        run.spend(node, NodeUsage(total_tokens=total, cost=cost, **usage))
    if ends:
        run.close_execution(node, "succeeded")
    return node


# ---- sums


def naive(run, by):
    """The sums, from nothing: tokens and prices of groups that have any."""
    total, money = Counter(), Counter()
    for node in run.walk():
        if node.container is None and node.usage is not None:
            where = node.round or node.parent
            group = {"node": node.node_id, "model": (node.model, node.provider), "round": where}[by]
            total[group] += node.total_tokens or 0
            for currency, amount in (node.cost or {}).items():
                money[group, currency] += amount
    return {key: count for key, count in total.items() if count}, {key: sum for key, sum in money.items() if sum}


def found(spending):
    sums = spending.sums
    money = {(each.key, currency): amount for each in sums for currency, amount in each.cost.items() if amount}
    return {each.key: each.tokens for each in sums if each.tokens}, money


@given(st.sampled_from(NAMES), st.lists(st.floats(0, 1), max_size=6), st.booleans())
def test_sums_are_those_of_the_tree_whenever_somebody_looks(name, cuts, lets_go):
    data, tap, spendings = body(name), Tap(retention=FEW if lets_go else Retention()), []
    start = 0
    for cut in sorted({*cuts, 1.0}):
        end = int(cut * len(data))
        tap.feed(data[start:end], 0.0)
        start = end
        spendings = spendings or [Spending(tap.run, by) for by in BY]
        for spending in spendings:
            settle(spending)
            assert found(spending) == naive(tap.run, spending.by)
    if not lets_go:
        assert {spending.tokens for spending in spendings} == {tap.run.leaf_tokens}


def test_an_execution_counts_once_wherever_it_moves_and_whatever_it_learns():
    run = Run("dify")
    loop = run.open_execution("loop", "loop", type="loop", title="Loop", is_container=True)
    node = leaf(run, "a", 10)
    by_round, by_model = synced(run, "round"), synced(run, "model")
    run.place(node, loop, 0)
    run.spend(node, NodeUsage(prompt_tokens=7, model="m"))
    settle(by_round)
    settle(by_model)
    assert [(label(each, "round"), each.tokens) for each in by_round.sums] == [("Loop 0", 10)]
    assert [(label(each, "model"), each.prompt_tokens) for each in by_model.sums] == [("m", 7)]
    run.retract(node)
    settle(by_round)
    settle(by_model)
    assert not any(found(by_round))
    assert not any(found(by_model))


def test_a_leaf_that_becomes_a_container_counts_no_more():
    run = Run("dify")
    agent = leaf(run, "agent", 10)
    spending = synced(run)
    leaf(run, "tool", 4, inside=agent, index=0)
    settle(spending)
    assert found(spending)[0] == {"tool": 4}


def test_nothing_is_looked_at_where_nothing_changed(monkeypatch):
    run = Run("dify")
    for number in range(50):
        leaf(run, f"n{number}", 1)
    spending = synced(run)
    looked_at = []
    look_at = spending._look_at
    monkeypatch.setattr(spending, "_look_at", lambda node: (looked_at.append(node.id), look_at(node)))
    assert not spending.sync()
    run.spend(run.executions["n7"], NodeUsage(total_tokens=5))
    assert spending.sync()
    assert looked_at == ["n7"]
    assert spending.tokens == 54


def test_a_large_run_is_looked_at_in_parts(monkeypatch):
    monkeypatch.setattr(tokens, "AT_ONCE", 3)
    run = Run("dify")
    gone = [leaf(run, f"n{number}", 1) for number in range(8)]
    spending = Spending(run)
    spending.sync()
    assert (spending.tokens, spending.is_behind) == (3, True)
    assert "adding up" in "".join(map(text, head(spending, (), 40, LOOK)))
    run.retract(gone[7])
    settle(spending)
    assert (spending.tokens, spending.is_behind) == (7, False)


def test_more_changes_than_a_run_remembers_are_found_all_the_same():
    run = Run("dify")
    nodes = [leaf(run, f"n{number}", 1) for number in range(20)]
    spending = synced(run)
    for turn in range(10_000):
        run.describe(nodes[turn % 20], title=f"t{turn}")
    run.spend(nodes[3], NodeUsage(total_tokens=100))
    run.retract(nodes[4])
    settle(spending)
    assert spending.tokens == run.leaf_tokens == 118


# ---- bars


def test_the_dearest_comes_first_and_each_currency_has_its_own_measure():
    run = Run("dify")
    leaf(run, "a", 5, cost={"USD": Decimal("0.5"), "CNY": Decimal(20)})
    leaf(run, "b", 9, cost={"USD": Decimal(2)})
    leaf(run, "c", None)
    assert [bar.sum.key for bar in bars_of(run).shown] == ["b", "a"]
    bars = bars_of(run, unit="cost")
    assert [(bar.sum.key, bar.currency) for bar in bars.shown] == [("a", "CNY"), ("b", "USD"), ("a", "USD")]
    assert (bars.most("CNY"), bars.most("USD"), bars.most("EUR")) == (20, 2, 0)


def test_bars_change_places_once_a_second_and_come_at_once():
    run = Run("dify")
    a, b = leaf(run, "a", 5), leaf(run, "b", 9)
    bars = bars_of(run)
    run.spend(a, NodeUsage(total_tokens=100))
    assert not bars.sync(0.5)
    assert [bar.sum.key for bar in bars.shown] == ["b", "a"]
    assert bars.sync(1.0)
    assert [bar.amount for bar in bars.shown] == [100, 9]
    leaf(run, "c", 1000)
    assert bars.sync(1.1)
    assert bars.shown[0].sum.key == "c"
    assert not bars.sync(9.0)
    bars.unit = "cost"
    run.spend(b, NodeUsage(cost={"USD": Decimal(1)}))
    bars.sync(9.1)
    assert len(bars.shown) == 1
    run.spend(b, NodeUsage(cost={"EUR": Decimal(1)}))
    bars.sync(9.2)
    assert [bar.currency for bar in bars.shown] == ["EUR"]


@given(st.sampled_from(NAMES), st.floats(0, 1), st.sampled_from(WIDTHS), st.booleans(), st.sampled_from(BY))
def test_a_bar_has_exactly_the_width(name, part, width, is_plain, by):
    look = PLAIN if is_plain else LOOK
    run = run_of(name, part)
    for unit in ("tokens", "cost"):
        bars = bars_of(run, by, unit)
        for bar in bars.shown:
            assert width_of(bar_line(bar, bars.most(bar.currency), by, width, look)) == width


def test_rounds_name_their_containers_the_innermost_first():
    run = Run("dify")
    outer = run.open_execution("it", "it", type="iteration", title="Each", is_container=True)
    inner = run.open_execution("loop", "loop", type="loop", title="Loop", is_container=True)
    run.place(inner, outer, 2)
    nodes = [leaf(run, "a", 5, inside=inner, index=0), leaf(run, "b", 4, inside=outer), leaf(run, "c", 3)]
    names = [label(bar.sum, "round") for bar in bars_of(run, "round").shown]
    assert names == ["Loop 0 in Each 2", "Each ?", "outside of rounds"]
    assert len(nodes) == 3


def test_other_groups_are_added_up_when_somebody_looks_at_them():
    run = Run("dify")
    leaf(run, "a#1", 5, model="m")
    leaf(run, "a#2", 4, model="n")
    bars = bars_of(run)
    bars.by = "model"
    assert bars.sync(0.1)
    assert [(bar.sum.key, bar.amount) for bar in bars.shown] == [(("m", None), 5), (("n", None), 4)]
    assert bars.spending.tokens == 9


# ---- lines


@pytest.mark.parametrize("look", [LOOK, PLAIN], ids=["unicode", "ascii"])
def test_what_a_pane_says_of_a_run(look):
    run = run_of("dify/chat_llm_400_chunks.sse")
    ok, dot = look.mark("succeeded").text, look.glyphs.dot
    full, strip = ("█", "▄█▄") if look is LOOK else ("#", "=@=")
    assert drawn(run, 40, look, [100, 212, 106]).splitlines() == [
        f" sum 1,400 tok {ok} server too",
        f" sum $0.0065 {ok} server too",
        f" prompt 1.00k {dot} completion 400",
        f" tok/s {strip} ~106/s",
        f" LLM              {full * 15}  1.40k",
    ]


def test_a_wide_pane_parts_each_sum():
    assert drawn(run_of("dify/chat_llm_400_chunks.sse"), 80).splitlines()[-1].endswith(" 1.40k   1.00k+400")
    assert drawn(run_of("dify/chat_llm_400_chunks.sse"), 80, unit="cost").splitlines()[-1].endswith(" $0.0065")


def test_sums_that_may_grow_are_marked():
    run = Run("dify")
    leaf(run, "a#1", 5)
    leaf(run, "a#2", None, ends=False)
    leaf(run, "b", 4)
    assert [line.split()[-1] for line in drawn(run).splitlines()] == ["tok~", "5~", "4"]


def test_what_the_server_says_otherwise_is_marked():
    run = Run("dify")
    leaf(run, "a", 100, cost={"USD": Decimal("0.5"), "EUR": Decimal(2)})
    run.report_usage(Usage(total_tokens=90, cost={"USD": Decimal("0.75"), "CNY": Decimal(1), "EUR": Decimal(0)}))
    run.finish("succeeded", total_tokens=90)
    assert drawn(run).splitlines()[:4] == [
        " sum 100 tok ! -10: server says 90",
        " sum $0.50 ! +$0.25: server says $0.75",
        " sum €2.00 ! -€2.00: server says 0",
        " server 1.00 CNY",
    ]


def test_a_run_whose_nodes_tell_nothing_has_the_servers_word():
    run = Run("dify")
    assert drawn(run) == " no tokens told"
    run.finish("succeeded", total_tokens=90)
    assert drawn(run) == " server 90 tok"


def test_what_is_not_kept_is_said():
    run = Run("dify", retention=FEW)
    for number in range(9):
        leaf(run, f"n{number}", 10)
    assert " 60 of it by nodes that are not kept" in drawn(run, 40)


def test_hostile_titles_stay_in_their_line():
    run = Run("dify")
    leaf(run, "\x1b[2J\u202e\n", 10, model="\x9b31m\u6f22")
    for by in BY:
        assert not any((char < " " and char != "\n") or "\x7f" <= char <= "\x9f" for char in drawn(run, by=by))
    assert "no name" in drawn(run)
