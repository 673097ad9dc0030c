from streamkit.shape.order import NODES, Order, Span


def order_of(*events):
    order = Order()
    for kind, data in events:
        order.add(kind, kind, {"event": kind, "data": data})
    return order


def node(word, execution, **more):
    return word, {"id": execution, "node_id": execution[0], "node_type": "code", **more}


def test_the_life_of_an_execution_is_told_by_its_id():
    order = order_of(
        node("node_started", "a1"),
        node("node_started", "a2"),
        node("node_retry", "a1"),
        node("node_retry", "a1"),
        node("node_finished", "a2"),
        node("node_finished", "a1"),
    )
    assert order.lives() == {
        "code": [("node_started", "node_finished"), ("node_started", "node_retry", "node_finished")]
    }


def test_a_component_that_starts_again_has_another_life():
    start, end = (
        ("node_started", {"component_id": "c", "component_type": "LLM"}),
        ("node_finished", {"component_id": "c"}),
    )
    assert order_of(start, end, start, end).lives() == {"LLM": [("node_started", "node_finished")]}


def test_ends_alone_are_lives_of_one_event():
    end = ("node_finished", {"component_id": "c", "component_type": "LLM"})
    assert order_of(end, end).lives() == {"LLM": [("node_finished",)]}


def test_a_container_goes_by_its_node_and_rounds_count_once():
    def container(word):
        return word, {"id": "it", "node_id": "it", "node_type": "iteration"}

    events = ["iteration_started", "iteration_next", "iteration_next", "iteration_completed"]
    order = order_of(*map(container, events * 2))
    assert order.lives() == {"iteration": [("iteration_started", "iteration_next", "iteration_completed")]}


def test_events_that_name_no_node_stand_somewhere():
    order = order_of(
        ("workflow_started", {}), node("node_started", "a1"), ("x", {}), node("node_finished", "a1"), ("x", 1)
    )
    assert order.spans == {"workflow_started": Span(0, 0, 1), NODES: Span(1, 3, 2), "x": Span(2, 4, 2)}
    assert order.named == {"node_started", "node_finished"}
