"""The clients as a type checker sees them: mypy reads this file, nobody runs it."""

from pathlib import Path
from typing import assert_type

from streamkit import Run
from streamkit.clients import DifyClient, ParadigmClient, Patience, RAGFlowClient, RunStream, Upload
from streamkit.clients.dify.answers import Conversations, Parameters, Result, RunDetail, UploadedFile
from streamkit.clients.ragflow.answers import Chunks, Dataset, Document
from streamkit.dialects.base import Event
from streamkit.dialects.lighton import Chatflow
from streamkit.errors import DifyError, Interrupted, UpstreamError


async def runs() -> Run:
    async with DifyClient("http://host", "key", user="ada", patience=Patience(silence=30)) as client:
        assert_type(client, DifyClient)
        async with client.stream("hello", inputs={"lang": "de"}, conversation_id="c", record=Path("x.skrec")) as stream:
            assert_type(stream, RunStream)
            async for event in stream:
                assert_type(event, Event)
        assert_type(stream.run, Run)
        assert_type(stream.broken, Interrupted | None)
        async with client.resume(stream.run) as again:
            assert_type(await again.finish(), Run)
        assert_type(await client.stop("t"), Result)
        return await client.run("hello", user="bob")


async def operations(client: DifyClient) -> None:
    assert_type(await client.conversations(user="ada", limit=3, sort_by="-updated_at"), Conversations)
    assert_type(await client.parameters(), Parameters)
    assert_type(await client.run_detail("r"), RunDetail)
    assert_type(await client.upload("a.pdf"), UploadedFile)
    assert_type(await client.upload(Upload("a.pdf", b"", "application/pdf")), UploadedFile)
    assert_type(await client.download("f"), bytes)


async def ragflow(client: RAGFlowClient, run: Run) -> None:
    assert_type(await client.datasets(page=2, desc=True), tuple[Dataset, ...])
    assert_type(await client.upload_documents("d", ["a.pdf", Path("b.pdf")]), tuple[Document, ...])
    assert_type(await client.chunks("d", "e"), Chunks)
    async with client.stream("hello", agent="a", inputs={"lang": "de"}) as stream:
        assert_type(stream, RunStream)
    async with client.resume(run, {"note": "fine"}, agent="a") as stream:
        assert_type(stream.reconnects, int)


async def paradigm(client: ParadigmClient) -> None:
    assert_type(await client.chatflow("hello", tool="search", file_ids=[1]), Chatflow)
    assert_type(await client.run("hello", company_scope=True), Run)


def mistakes(error: UpstreamError) -> str | None:
    if isinstance(error, DifyError):
        assert_type(error.status, int)
        return error.code
    return None


async def what_must_not_pass(client: DifyClient, ragflow: RAGFlowClient) -> None:
    client.stream("hello", colour="red")  # type: ignore[call-arg]
    client.stream("hello", inputs=["a list"])  # type: ignore[arg-type]
    await client.conversations(limit="many")  # type: ignore[arg-type]
    await client.conversations(sort_by="name")  # type: ignore[arg-type]
    await client.give_feedback("m", "meh")  # type: ignore[arg-type]
    await client.messages()  # type: ignore[call-arg]
    DifyClient(mode="chatflow")  # type: ignore[arg-type]
    RAGFlowClient(api="v1")  # type: ignore[arg-type]
    await ragflow.delete_chats()  # type: ignore[call-arg]
