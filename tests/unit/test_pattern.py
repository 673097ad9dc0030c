"""Frames that differ in one text: what is learned from one of them, and what reading others by it gives."""

import json

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streamkit.dialects import DIALECTS
from streamkit.dialects.dify.events import Message, ReasoningChunk, TextChunk
from streamkit.dialects.openai.events import ChatCompletionChunk
from streamkit.dialects.ragflow import events as ragflow
from streamkit.pattern import Pattern, learn

MESSAGE = {"event": "message", "task_id": "t", "id": "m", "answer": "Hi", "from_variable_selector": ["llm", "text"]}
CHUNK = {
    "event": "text_chunk",
    "workflow_run_id": "r",
    "data": {"text": "Hi", "from_variable_selector": ["llm", "text"]},
}
THINKING = {"event": "reasoning_chunk", "data": {"reasoning": "Hi", "node_id": "llm", "is_final": False}}
DELTA = {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}
AGENT = {"event": "message", "message_id": "m", "session_id": "s", "created_at": 5, "data": {"content": "Hi"}}
ANSWER = {"code": 0, "message": "", "data": {"answer": "Hi", "reference": {}, "session_id": "s"}}
KINDS = [
    ("dify", MESSAGE, Message),
    ("dify", CHUNK, TextChunk),
    ("dify", THINKING, ReasoningChunk),
    ("openai", DELTA, ChatCompletionChunk),
    ("ragflow", AGENT, ragflow.Message),
    ("ragflow", ANSWER, ragflow.ChatAnswer),
]


def encoded(payload):
    return json.dumps(payload, ensure_ascii=False).encode()


def decoding(dialect):
    return lambda data: DIALECTS[dialect].decode(data, [])


def learned(dialect, data):
    decode = decoding(dialect)
    event = decode(data)
    return learn(data, event, DIALECTS[dialect].deltas[type(event)], decode)


def read(pattern, data):
    """The event of a frame by a pattern; None if it does not fit."""
    rest = data.removeprefix(pattern.start)
    middle = rest.removesuffix(pattern.end)
    texts = None if rest is data or middle is rest else pattern.texts([middle])
    return None if texts is None else pattern.events(texts)[0]


@pytest.mark.parametrize(("dialect", "payload", "kind"), KINDS)
def test_a_delta_is_learned_from_one_frame(dialect, payload, kind):
    pattern = learned(dialect, encoded(payload))
    assert type(pattern.event) is kind
    other = encoded(payload).replace(b'"Hi"', b'" there"')
    assert read(pattern, other) == decoding(dialect)(other)


@given(st.sampled_from(KINDS), st.text(), st.text())
def test_a_frame_that_fits_is_the_event_that_decoding_gives(kind, first, second):
    dialect, payload, _ = kind
    data = encoded(payload).replace(b'"Hi"', json.dumps(first, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    pattern = learned(dialect, data)
    assume(pattern is not None)  # a text with escapes is not found in its frame
    for ascii_only in (False, True):
        text = json.dumps(second, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        other = pattern.start + text + pattern.end
        assert read(pattern, other) == decoding(dialect)(other)


@given(
    st.sampled_from(KINDS), st.binary(max_size=12) | st.sampled_from([b"null", b'"a", "answer": "b"', b'"a"}', b'""'])
)
def test_whatever_stands_in_place_of_the_text_is_read_as_decoding_reads_it_or_not_at_all(kind, middle):
    dialect, payload, _ = kind
    pattern = learned(dialect, encoded(payload))
    data = pattern.start + middle + pattern.end
    event = read(pattern, data)
    assert event is None or event == decoding(dialect)(data)


@given(
    st.lists(st.sampled_from([b'"a"', b'"b"', b'"a', b'b"', b'"a","b"', b"", b'"\\n"', b"1", b'"', b"]"]), min_size=1)
)
def test_texts_are_one_for_each_frame_or_none(middles):
    """Frames are decoded together; no comma, quote or bracket of one may be taken for another's."""
    pattern = learned("dify", encoded(MESSAGE))
    texts = pattern.texts(middles)
    alone = [pattern.texts([middle]) for middle in middles]
    assert texts == (None if None in alone else [text for one in alone for text in one])


def test_the_text_is_found_where_it_stands_and_not_where_the_same_word_does():
    data = encoded({**MESSAGE, "answer": "llm"})
    pattern = learned("dify", data)
    assert pattern.start.endswith(b'"answer": ')
    assert read(pattern, data.replace(b'"answer": "llm"', b'"answer": "x"')).answer == "x"
    assert learned("dify", encoded({**MESSAGE, "id": "Hi", "task_id": "Hi"})).start.endswith(b'"answer": ')


def test_a_key_that_comes_twice_is_read_as_the_decoder_reads_it():
    data = encoded(MESSAGE).replace(b'"answer": "Hi"', b'"answer": "Hi", "answer": "Hi"')
    pattern = learned("dify", data)
    assert pattern.start.endswith(b'"answer": "Hi", "answer": ')


def test_a_text_that_cannot_be_found_teaches_nothing():
    decode = decoding("dify")
    spelt = encoded({**MESSAGE, "answer": "a/b"}).replace(b"a/b", b"a\\/b")  # as no encoder in use here writes it
    assert learned("dify", spelt) is None
    assert learned("openai", encoded({"object": "chat.completion.chunk", "choices": []})) is None
    five = encoded({**MESSAGE, **dict.fromkeys("abcde", "Hi")})
    five = five.replace(b'"answer": "Hi", ', b"").replace(b'"e": "Hi"', b'"e": "Hi", "answer": "Hi"')
    assert learn(five, decode(five), DIALECTS["dify"].deltas[Message], decode) is None  # in too many places


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("text", ['say "Hi"', "a\nb", "你好", "\U0001f680", "\\"])
def test_a_text_with_escapes_teaches_too(text, ascii_only):
    """The first token of a Chinese answer is all escapes, if Python's encoder wrote it."""
    data = json.dumps({**MESSAGE, "answer": text}, ensure_ascii=ascii_only).encode()
    pattern = learned("dify", data)
    assert read(pattern, data).answer == text


def test_what_is_no_text_teaches_nothing():
    data = encoded({**DELTA, "choices": [{"index": 0, "delta": {"content": None}}]})
    assert learned("openai", data) is None


def test_a_decoder_that_looks_into_the_text_is_found_out():
    """The proof of a pattern is that another text gives the same event; where it does not, there is none."""

    def decode(data):
        event = msgspec.json.decode(data, type=Message)
        return event if event.answer == "Hi" else msgspec.structs.replace(event, task_id="another")

    data = encoded(MESSAGE)
    assert learn(data, decode(data), DIALECTS["dify"].deltas[Message], decode) is None


def test_a_pattern_says_what_it_is():
    pattern = learned("dify", encoded(MESSAGE))
    assert isinstance(pattern, Pattern)
    assert pattern.events(["a", "b"]) == [msgspec.structs.replace(pattern.event, answer=text) for text in "ab"]
