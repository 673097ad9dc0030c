"""Sums over the leaves: exact, whatever becomes known late or is taken back."""

from decimal import Decimal

from streamkit.run import NodeUsage
from streamkit.run.leaves import Leaves


def test_what_nobody_said_is_not_known():
    leaves = Leaves()
    leaves.add(NodeUsage(5))
    assert (leaves.tokens, leaves.prompt_tokens, leaves.completion_tokens, leaves.cost) == (5, None, None, {})


def test_sums_are_exact():
    leaves = Leaves()
    for _ in range(10):
        leaves.add(NodeUsage(1, 2, 3, {"USD": Decimal("0.1"), "RMB": Decimal("1e-25")}))
    assert (leaves.tokens, leaves.prompt_tokens, leaves.completion_tokens) == (10, 20, 30)
    assert leaves.cost == {"USD": Decimal(1), "RMB": Decimal("1e-24")}


def test_what_is_taken_back_was_not_spent_and_a_currency_without_payers_goes():
    leaves, free, paid = Leaves(), NodeUsage(1, 1, 1, {"USD": Decimal(0)}), NodeUsage(2, 2, 2, {"USD": Decimal(3)})
    leaves.add(free)
    leaves.add(paid)
    leaves.take_back(paid)
    assert (leaves.tokens, leaves.prompt_tokens, leaves.completion_tokens, leaves.cost) == (
        1,
        1,
        1,
        {"USD": Decimal(0)},
    )
    leaves.take_back(free)
    assert (leaves.tokens, leaves.cost) == (0, {})
