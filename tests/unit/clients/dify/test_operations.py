"""Dify's table: each method is one operation, and none stands in it twice. The documents judge it in tests/integration."""

from collections import Counter

from streamkit.clients.dify.operations import DifyOperations
from streamkit.clients.operation import operations_of


def test_no_operation_stands_in_it_twice():
    routes = Counter(str(operation.route) for operation in operations_of(DifyOperations).values())
    assert len(routes) == 26
    assert set(routes.values()) == {1}


def test_each_says_what_it_does_in_one_sentence():
    for operation in operations_of(DifyOperations).values():
        text = getattr(DifyOperations, operation.name).__doc__
        assert text.endswith(".")
        assert "\n" not in text


def test_the_user_is_never_required():
    """The client has one of its own."""
    assert all("user" not in operation.required for operation in operations_of(DifyOperations).values())
