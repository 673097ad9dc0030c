"""Held against what RAGFlow really sent; of OpenAI itself there is no recording."""

import pytest

from streamkit.testing import OpenAIStream
from tests.unit.testing.reality import differences, run_of, strange_keys

FOUND = [{"content": "c", "document_name": "a.md"}]
CHAT, AGENT = OpenAIStream("ragflow-chat"), OpenAIStream("ragflow-agent")
REAL = [
    ("chat_openai_delta", CHAT.llm("a b", reasoning="x", tokens=3).finish(reference=FOUND)),
    ("openai_compatible", AGENT.llm("a b").finish()),
    (
        "protocol/25_openai_chat_error_then_stop",
        CHAT.llm("a", reasoning="x").fail("boom"),
        "*.reference",
        "*.final_content",
    ),
    (
        "protocol/30_openai_agent_no_finish_reason",
        AGENT.llm("a b").finish(reference=FOUND),
        "*.chunks.[*].*",
        "*chunks.*",
    ),
]


@pytest.mark.parametrize(("name", "stream", "ignore"), [(name, stream, more) for name, stream, *more in REAL])
def test_a_built_stream_has_the_shape_of_a_real_one(name, stream, ignore):
    assert differences(f"openai/{name}.sse", stream.bytes(), *ignore) == []


@pytest.mark.parametrize(("name", "stream"), [(name, stream) for name, stream, *_ in REAL])
def test_its_keys_stand_in_the_order_of_a_real_one(name, stream):
    by_name = ("chunks", "doc_aggs")
    assert strange_keys([f"openai/{name}.sse"], stream.bytes(), *by_name) == []


def test_usage_comes_in_a_chunk_without_choices():
    stream = OpenAIStream().llm("x", tokens=5).finish()
    assert b'"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3,"total_tokens":5}}' in stream.bytes()
    assert run_of(stream).usage.total_tokens == 5
    assert b"usage" not in OpenAIStream().llm("x").finish().bytes()


def test_an_agent_says_what_it_thinks():
    assert run_of(AGENT.llm("yes", reasoning="hm ").finish()).text == "hm yes"
    assert run_of(CHAT.llm("yes", reasoning="hm ").finish()).reasoning == "hm "


@pytest.mark.parametrize(
    ("server", "status", "text"),
    [
        ("openai", "failed", "part"),
        ("ragflow-chat", "succeeded", "part**ERROR**: 429"),
        ("ragflow-agent", "succeeded", None),
    ],
)
def test_an_error(server, status, text):
    state = run_of(OpenAIStream(server).llm("part").fail("429"))
    assert state.status == status
    assert text is None or state.text == text


@pytest.mark.parametrize("server", ["openai", "ragflow-chat", "ragflow-agent"])
def test_a_closed_connection(server):
    stream = OpenAIStream(server).llm("part").stop()
    assert b"[DONE]" not in stream.bytes()
    assert run_of(stream).status == "interrupted"
