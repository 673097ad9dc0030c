"""The open ones of many children: every question is answered as a walk over all children answers it."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from viewer import opened
from viewer.opened import Opened

CHILDREN = 40


@dataclass(eq=False)
class Open:
    """Something open."""

    rows: int


def naive_start(groups, order):
    """The row of a child, counted from the first child's."""
    return order + sum(group.rows for other, group in groups.items() if other < order)


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "take", "grow", "ask"]), st.integers(0, CHILDREN - 1), st.integers(0, 9)),
    max_size=60,
)


@given(STEPS, st.integers(1, 5))
def test_rows_are_found_whatever_opened_folded_and_grew(steps, stride):
    stride, opened._STRIDE = opened._STRIDE, stride  # so that few groups have several strides
    try:
        found, groups = Opened(), {}
        for what, order, rows in steps:
            if what == "put" and order not in groups:
                groups[order] = Open(rows)
                found.put(order, groups[order])
            elif what == "take" and order in groups:
                del groups[order]
                found.take(order)
            elif what == "grow" and order in groups:
                groups[order].rows += rows
                assert found.grew(order, groups[order])
            elif what == "ask":
                check(found, groups, order + rows)
        for row in range(CHILDREN + 20):
            check(found, groups, row)
    finally:
        opened._STRIDE = stride


def check(found, groups, row):
    orders = sorted(groups)
    assert found.orders == orders
    assert [found.get(order) for order in range(CHILDREN)] == [groups.get(order) for order in range(CHILDREN)]
    assert found.starts_before(row, lambda order: order) == sum(naive_start(groups, order) <= row for order in orders)
    for number, order in enumerate(orders):
        assert found.start(number, lambda order: order) == naive_start(groups, order)
    order = row % CHILDREN
    assert found.rows_before(order) == naive_start(groups, order) - order


def test_what_grows_elsewhere_is_not_counted():
    found, here = Opened(), Open(3)
    assert not found.grew(0, here)
    found.put(5, here)
    assert not found.grew(5, Open(3))
    assert found.grew(5, here)
