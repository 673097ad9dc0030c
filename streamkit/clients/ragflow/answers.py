"""What RAGFlow answers, operation by operation: the `data` of its envelope, as its page for v0.15 shows it.

`create_time` and `update_time` are milliseconds since the epoch, `…_date` says the same as text. `Json` is the vendor's
own, and of another shape in other versions.
"""

from streamkit.clients.answer import Answer
from streamkit.run.payload import Json


class Dated(Answer, frozen=True):
    """When something was made and changed."""

    create_date: str | None = None
    create_time: int | None = None
    update_date: str | None = None
    update_time: int | None = None


# ---- datasets


class Dataset(Dated, frozen=True):
    """Documents that are searched together."""

    id: str = ""
    name: str | None = None
    avatar: str | None = None
    description: str | None = None
    language: str | None = None
    embedding_model: str | None = None
    permission: str | None = None
    chunk_method: str | None = None
    parse_method: str | None = None
    """The same in the API of October 2024."""
    parser_config: Json = None
    chunk_count: int | None = None
    document_count: int | None = None
    token_num: int | None = None
    token_count: int | None = None
    """The same in the API of October 2024."""
    similarity_threshold: float | None = None
    vector_similarity_weight: float | None = None
    created_by: str | None = None
    status: str | None = None
    tenant_id: str | None = None


class Document(Dated, frozen=True):
    """A document of a dataset."""

    id: str = ""
    name: str | None = None
    dataset_id: str | None = None
    knowledgebase_id: str | None = None
    """The same in lists of older servers."""
    location: str | None = None
    type: str | None = None
    size: int | None = None
    chunk_method: str | None = None
    parser_method: str | None = None
    """The same in the API of October 2024."""
    parser_config: Json = None
    chunk_count: int | None = None
    token_count: int | None = None
    run: str | None = None
    """How far its parsing is: a word, or the digit that older servers have for it."""
    progress: float | None = None
    progress_msg: str | None = None
    process_begin_at: str | None = None
    process_duation: float | None = None
    """Seconds; the wire's own spelling."""
    source_type: str | None = None
    status: str | None = None
    thumbnail: str | None = None
    created_by: str | None = None


class Documents(Answer, frozen=True):
    """A page of them."""

    docs: tuple[Document, ...] = ()
    total: int | None = None


class Chunk(Answer, frozen=True):
    """A passage of a document."""

    id: str = ""
    content: str | None = None
    content_ltks: str | None = None
    document_id: str | None = None
    docnm_kwd: str | None = None
    """What its document is called; `document_keyword` says the same where one searches."""
    document_keyword: str | None = None
    dataset_id: Json = None
    """An id, or a list of one."""
    kb_id: str | None = None
    image_id: str | None = None
    important_keywords: Json = None
    """A list, or text in lists of older servers."""
    positions: tuple[Json, ...] = ()
    available_int: int | None = None
    create_time: Json = None
    create_timestamp: float | None = None
    highlight: str | None = None
    similarity: float | None = None
    term_similarity: float | None = None
    vector_similarity: float | None = None


class AddedChunk(Answer, frozen=True):
    """A passage that was added."""

    chunk: Chunk = Chunk()


class Chunks(Answer, frozen=True):
    """A page of the passages of a document."""

    chunks: tuple[Chunk, ...] = ()
    doc: Document = Document()
    total: int | None = None


class DocumentCount(Answer, frozen=True):
    """How many of the passages that were found are of a document."""

    doc_id: str | None = None
    doc_name: str | None = None
    count: int | None = None


class Retrieval(Answer, frozen=True):
    """What was found."""

    chunks: tuple[Chunk, ...] = ()
    doc_aggs: tuple[DocumentCount, ...] = ()
    total: int | None = None


# ---- chats


class Chat(Dated, frozen=True):
    """An assistant over datasets."""

    id: str = ""
    name: str | None = None
    avatar: str | None = None
    dataset_ids: tuple[str, ...] = ()
    description: str | None = None
    do_refer: str | None = None
    language: str | None = None
    llm: Json = None
    prompt: Json = None
    prompt_type: str | None = None
    status: str | None = None
    tenant_id: str | None = None
    top_k: int | None = None


class Session(Dated, frozen=True):
    """A conversation with a chat."""

    id: str = ""
    name: str | None = None
    chat_id: str | None = None
    chat: str | None = None
    """The same in lists of older servers."""
    user_id: str | None = None
    messages: tuple[Json, ...] = ()


# ---- agents


class Agent(Dated, frozen=True):
    """A workflow."""

    id: str = ""
    title: str | None = None
    avatar: str | None = None
    canvas_type: str | None = None
    description: str | None = None
    dsl: Json = None
    """What it is made of."""
    user_id: str | None = None


class AgentSession(Dated, frozen=True):
    """A conversation with an agent."""

    id: str = ""
    agent_id: str | None = None
    dsl: Json = None
    message: tuple[Json, ...] = ()
    messages: tuple[Json, ...] = ()
    """The same of newer servers."""
    source: str | None = None
    """workflow: made by a run, of which all events are told; agent: made before it, of which some are not."""
    user_id: str | None = None


class ToolCall(Answer, frozen=True):
    """A call of a tool, as a log has it."""

    path: str | None = None
    """Which agent called it, and which agents called that one."""
    tool_name: str | None = None
    arguments: Json = None
    result: Json = None
    elapsed_time: float | None = None


class AgentLog(Answer, frozen=True):
    """The calls of tools by one component."""

    component_id: str = ""
    trace: tuple[ToolCall, ...] = ()
