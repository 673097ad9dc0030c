"""RAGFlow's table: each method is one operation, and none stands in it twice. The pages judge it in tests/integration."""

from collections import Counter

from streamkit.clients.operation import operations_of
from streamkit.clients.ragflow.operations import RAGFlowOperations


def test_no_operation_stands_in_it_twice():
    routes = Counter(str(operation.route) for operation in operations_of(RAGFlowOperations).values())
    assert len(routes) == 29
    assert set(routes.values()) == {1}


def test_each_says_what_it_does_in_one_sentence():
    for operation in operations_of(RAGFlowOperations).values():
        text = getattr(RAGFlowOperations, operation.name).__doc__
        assert text.endswith((".", ")."))
        assert "\n" not in text
