"""The table of RAGFlow's operations: what is no run. `client` has those, by hand.

Each method is what the vendor's page for v0.15 says of one operation; later servers take the same. `october` spells them
for the API of October 2024.
"""

# mypy: disable-error-code="empty-body"
# The decorators are the bodies.

from collections.abc import Mapping, Sequence
from typing import Literal

from streamkit.clients.client import Client
from streamkit.clients.operation import delete, get, post, put
from streamkit.clients.ragflow.answers import (
    AddedChunk,
    Agent,
    AgentLog,
    AgentSession,
    Chat,
    Chunks,
    Dataset,
    Document,
    Documents,
    Retrieval,
    Session,
)
from streamkit.clients.upload import File
from streamkit.run.payload import Json

Order = Literal["create_time", "update_time"]
"""What a list is sorted by."""


class RAGFlowOperations(Client):
    """Everything that one request and one answer do."""

    # ---- datasets

    @post("/api/v1/datasets")
    async def create_dataset(
        self,
        name: str,
        *,
        avatar: str | None = None,
        description: str | None = None,
        language: str | None = None,
        embedding_model: str | None = None,
        permission: str | None = None,
        chunk_method: str | None = None,
        parser_config: Mapping[str, Json] | None = None,
    ) -> Dataset:
        """Make a dataset."""

    @get("/api/v1/datasets")
    async def datasets(
        self,
        *,
        page: int | None = None,
        page_size: int | None = None,
        orderby: Order | None = None,
        desc: bool | None = None,
        name: str | None = None,
        id: str | None = None,
    ) -> tuple[Dataset, ...]:
        """List datasets."""

    @put("/api/v1/datasets/{dataset_id}")
    async def update_dataset(
        self,
        dataset_id: str,
        *,
        name: str | None = None,
        embedding_model: str | None = None,
        chunk_method: str | None = None,
    ) -> None:
        """Change a dataset."""

    @delete("/api/v1/datasets")
    async def delete_datasets(self, ids: Sequence[str]) -> None:
        """Delete datasets."""

    # ---- documents

    @post("/api/v1/datasets/{dataset_id}/documents")
    async def upload_documents(self, dataset_id: str, file: Sequence[File]) -> tuple[Document, ...]:
        """Upload documents to a dataset; they are not parsed yet."""

    @get("/api/v1/datasets/{dataset_id}/documents")
    async def documents(
        self,
        dataset_id: str,
        *,
        keywords: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
        orderby: Order | None = None,
        desc: bool | None = None,
        id: str | None = None,
        name: str | None = None,
    ) -> Documents:
        """List the documents of a dataset."""

    @get("/api/v1/datasets/{dataset_id}/documents/{document_id}")
    async def download_document(self, dataset_id: str, document_id: str) -> bytes:
        """Return what is in a document."""

    @put("/api/v1/datasets/{dataset_id}/documents/{document_id}")
    async def update_document(
        self,
        dataset_id: str,
        document_id: str,
        *,
        name: str | None = None,
        chunk_method: str | None = None,
        parser_config: Mapping[str, Json] | None = None,
    ) -> None:
        """Change a document."""

    @delete("/api/v1/datasets/{dataset_id}/documents")
    async def delete_documents(self, dataset_id: str, ids: Sequence[str]) -> None:
        """Delete documents."""

    @post("/api/v1/datasets/{dataset_id}/chunks")
    async def parse_documents(self, dataset_id: str, document_ids: Sequence[str]) -> None:
        """Begin to parse documents; `documents` tells how far it is."""

    @delete("/api/v1/datasets/{dataset_id}/chunks")
    async def stop_parsing(self, dataset_id: str, document_ids: Sequence[str]) -> None:
        """Stop parsing documents."""

    # ---- passages

    @post("/api/v1/datasets/{dataset_id}/documents/{document_id}/chunks")
    async def add_chunk(
        self, dataset_id: str, document_id: str, content: str, *, important_keywords: Sequence[str] | None = None
    ) -> AddedChunk:
        """Add a passage to a document."""

    @get("/api/v1/datasets/{dataset_id}/documents/{document_id}/chunks")
    async def chunks(
        self,
        dataset_id: str,
        document_id: str,
        *,
        keywords: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
        id: str | None = None,
    ) -> Chunks:
        """List the passages of a document."""

    @put("/api/v1/datasets/{dataset_id}/documents/{document_id}/chunks/{chunk_id}")
    async def update_chunk(
        self,
        dataset_id: str,
        document_id: str,
        chunk_id: str,
        *,
        content: str | None = None,
        important_keywords: Sequence[str] | None = None,
        available: bool | None = None,
    ) -> None:
        """Change a passage."""

    @delete("/api/v1/datasets/{dataset_id}/documents/{document_id}/chunks")
    async def delete_chunks(self, dataset_id: str, document_id: str, chunk_ids: Sequence[str]) -> None:
        """Delete passages."""

    @post("/api/v1/retrieval")
    async def retrieve(
        self,
        question: str,
        *,
        dataset_ids: Sequence[str] | None = None,
        document_ids: Sequence[str] | None = None,
        page: int | None = None,
        page_size: int | None = None,
        similarity_threshold: float | None = None,
        vector_similarity_weight: float | None = None,
        top_k: int | None = None,
        rerank_id: str | None = None,
        keyword: bool | None = None,
        highlight: bool | None = None,
    ) -> Retrieval:
        """Find passages that answer a question."""

    # ---- chats

    @post("/api/v1/chats")
    async def create_chat(
        self,
        name: str,
        *,
        avatar: str | None = None,
        dataset_ids: Sequence[str] | None = None,
        llm: Mapping[str, Json] | None = None,
        prompt: Mapping[str, Json] | None = None,
    ) -> Chat:
        """Make a chat."""

    @get("/api/v1/chats")
    async def chats(
        self,
        *,
        page: int | None = None,
        page_size: int | None = None,
        orderby: Order | None = None,
        desc: bool | None = None,
        id: str | None = None,
        name: str | None = None,
    ) -> tuple[Chat, ...]:
        """List chats."""

    @put("/api/v1/chats/{chat_id}")
    async def update_chat(
        self,
        chat_id: str,
        name: str,
        *,
        avatar: str | None = None,
        dataset_ids: Sequence[str] | None = None,
        llm: Mapping[str, Json] | None = None,
        prompt: Mapping[str, Json] | None = None,
    ) -> None:
        """Change a chat; the page asks for its name even if that stays."""

    @delete("/api/v1/chats")
    async def delete_chats(self, ids: Sequence[str]) -> None:
        """Delete chats."""

    # ---- sessions of chats

    @post("/api/v1/chats/{chat_id}/sessions")
    async def create_session(self, chat_id: str, name: str, *, user_id: str | None = None) -> Session:
        """Begin a conversation with a chat."""

    @get("/api/v1/chats/{chat_id}/sessions")
    async def sessions(
        self,
        chat_id: str,
        *,
        page: int | None = None,
        page_size: int | None = None,
        orderby: Order | None = None,
        desc: bool | None = None,
        name: str | None = None,
        id: str | None = None,
        user_id: str | None = None,
    ) -> tuple[Session, ...]:
        """List the conversations with a chat."""

    @put("/api/v1/chats/{chat_id}/sessions/{session_id}")
    async def update_session(self, chat_id: str, session_id: str, name: str) -> None:
        """Give a conversation another name."""

    @delete("/api/v1/chats/{chat_id}/sessions")
    async def delete_sessions(self, chat_id: str, ids: Sequence[str]) -> None:
        """Delete conversations."""

    # ---- agents

    @get("/api/v1/agents")
    async def agents(
        self,
        *,
        page: int | None = None,
        page_size: int | None = None,
        orderby: Order | None = None,
        desc: bool | None = None,
        id: str | None = None,
        name: str | None = None,
    ) -> tuple[Agent, ...]:
        """List agents."""

    @post("/api/v1/agents/{agent_id}/sessions")
    async def create_agent_session(self, agent_id: str) -> AgentSession:
        """Begin a conversation with an agent. A run in it tells less than one that begins its own."""

    @get("/api/v1/agents/{agent_id}/sessions")
    async def agent_sessions(
        self,
        agent_id: str,
        *,
        page: int | None = None,
        page_size: int | None = None,
        orderby: Order | None = None,
        desc: bool | None = None,
        id: str | None = None,
    ) -> tuple[AgentSession, ...]:
        """List the conversations with an agent."""

    # ---- not on the page for v0.15

    @get("/api/v1/agents/{agent_id}/logs/{message_id}")
    async def agent_logs(self, agent_id: str, message_id: str) -> tuple[AgentLog, ...]:
        """Return the calls of tools of a run, for ten minutes; since v0.25 they are on no stream (v0.25.1 and later)."""

    @post("/api/v1/agents/{agent_id}/upload")
    async def upload(self, agent_id: str, file: File) -> Json:
        """Upload a file for a run of an agent, and return it as runs take files (v0.25.1 and later)."""
