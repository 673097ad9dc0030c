"""The API of October 2024: another spelling of the same operations."""

import pytest

from streamkit.clients.operation import Call, operations_of
from streamkit.clients.ragflow.october import OCTOBER
from streamkit.clients.ragflow.operations import RAGFlowOperations

OPERATIONS = operations_of(RAGFlowOperations)


def call(name, /, **arguments):
    return OPERATIONS[name].call(arguments, OCTOBER[name])


def test_what_it_spells_is_what_there_is():
    assert set(OCTOBER) < set(OPERATIONS)
    assert set(OPERATIONS) - set(OCTOBER) == {
        "agents",
        "create_agent_session",
        "agent_sessions",
        "agent_logs",
        "upload",
    }


@pytest.mark.parametrize("name", OCTOBER)
def test_what_it_calls_otherwise_is_a_parameter(name):
    route = OCTOBER[name]
    assert set(route.renamed) | set(route.shaped) <= set(OPERATIONS[name].parameters)


def test_datasets_are_named_otherwise():
    assert call("create_dataset", name="a", chunk_method="qa") == Call(
        "POST", "/api/v1/dataset", body={"dataset_name": "a", "parse_method": "qa"}
    )


def test_a_passage_is_a_list_of_texts():
    found = call("add_chunk", dataset_id="d", document_id="e", content="text")
    assert found == Call("POST", "/api/v1/dataset/d/document/e/chunk", body={"content": ["text"]})


def test_one_searches_in_one_dataset_by_a_get_with_a_body():
    found = call("retrieve", question="why", dataset_ids=["d"])
    assert found == Call("GET", "/api/v1/dataset/d/retrieval", body={"query_text": "why"})


def test_a_chat_has_its_datasets_as_objects():
    found = call("create_chat", name="c", dataset_ids=["a", "b"])
    assert found.body == {"name": "c", "knowledgebases": [{"id": "a"}, {"id": "b"}]}


def test_a_chat_that_is_changed_is_named_in_the_body():
    assert call("update_chat", chat_id="c", name="n") == Call("PUT", "/api/v1/chat", body={"id": "c", "name": "n"})


def test_it_deletes_one_at_a_time():
    assert call("delete_sessions", chat_id="c", ids=["s"]) == Call("DELETE", "/api/v1/chat/c/session/s", body={})
    with pytest.raises(ValueError, match="one at a time"):
        call("delete_chats", ids=["a", "b"])
