"""RAGFlow's API of October 2024, which was never released and yet runs in places: another spelling of the same.

Names are in the singular, lists of datasets and files have other paths, and much takes one id where later servers take
a list.
"""

from collections.abc import Mapping
from typing import Any, Final

from streamkit.clients.operation import Route


def _one(ids: Any) -> Any:  # noqa: ANN401 - an argument
    """Return the only one of a list."""
    if len(ids) != 1:
        raise ValueError("this API takes one at a time")
    return ids[0]


def _named(ids: Any) -> Any:  # noqa: ANN401 - an argument
    """Return ids as objects."""
    return [{"id": id} for id in ids]


def _listed(text: Any) -> Any:  # noqa: ANN401 - an argument
    """Return a text as a list of one."""
    return [text]


_DATASET: Final = {"name": "dataset_name", "chunk_method": "parse_method"}
_CHAT: Final = {"dataset_ids": "knowledgebases"}

OCTOBER: Final[Mapping[str, Route]] = {
    "create_dataset": Route("POST", "/api/v1/dataset", _DATASET),
    "datasets": Route("GET", "/api/v1/dataset"),
    "update_dataset": Route("PUT", "/api/v1/dataset/{dataset_id}", _DATASET),
    "delete_datasets": Route("DELETE", "/api/v1/dataset"),
    "upload_documents": Route("POST", "/api/v1/dataset/{dataset_id}/document"),
    "documents": Route("GET", "/api/v1/dataset/{dataset_id}/info"),
    "download_document": Route("GET", "/api/v1/dataset/{dataset_id}/document/{document_id}"),
    "update_document": Route(
        "PUT",
        "/api/v1/dataset/{dataset_id}/info/{document_id}",
        {"name": "document_name", "chunk_method": "parser_method"},
    ),
    "delete_documents": Route("DELETE", "/api/v1/dataset/{dataset_id}/document"),
    "parse_documents": Route("POST", "/api/v1/dataset/{dataset_id}/chunk", {"document_ids": "documents"}),
    "stop_parsing": Route("DELETE", "/api/v1/dataset/{dataset_id}/chunk", {"document_ids": "documents"}),
    "add_chunk": Route(
        "POST", "/api/v1/dataset/{dataset_id}/document/{document_id}/chunk", shaped={"content": _listed}
    ),
    "chunks": Route("GET", "/api/v1/dataset/{dataset_id}/document/{document_id}/chunk"),
    "update_chunk": Route("PUT", "/api/v1/dataset/{dataset_id}/document/{document_id}/chunk"),
    "delete_chunks": Route(
        "DELETE", "/api/v1/dataset/{dataset_id}/document/{document_id}/chunk", {"chunk_ids": "chunks"}
    ),
    "retrieve": Route(
        "GET",
        "/api/v1/dataset/{dataset_id}/retrieval",
        {"question": "query_text", "dataset_ids": "dataset_id"},
        {"dataset_ids": _one},
        in_body=True,
    ),
    "create_chat": Route("POST", "/api/v1/chat", _CHAT, {"dataset_ids": _named}),
    "chats": Route("GET", "/api/v1/chat"),
    "update_chat": Route("PUT", "/api/v1/chat", {"chat_id": "id", **_CHAT}, {"dataset_ids": _named}),
    "delete_chats": Route("DELETE", "/api/v1/chat/{chat_id}", {"ids": "chat_id"}, {"ids": _one}),
    "create_session": Route("POST", "/api/v1/chat/{chat_id}/session"),
    "sessions": Route("GET", "/api/v1/chat/{chat_id}/session"),
    "update_session": Route("PUT", "/api/v1/chat/{chat_id}/session/{session_id}"),
    "delete_sessions": Route(
        "DELETE", "/api/v1/chat/{chat_id}/session/{session_id}", {"ids": "session_id"}, {"ids": _one}
    ),
}
"""How it spells each operation that it has, by the names of their methods."""

COMPLETION: Final = "/api/v1/chat/{chat_id}/session/{session_id}/completion"
"""Where a chat is run."""
