"""Small facts that are read out of a chunk."""

import pytest

from streamkit.dialects.openai.events import ChatCompletionChunk, ErrorBody, UsagePayload
from streamkit.dialects.openai.facts import citations_of, completion_id, error_in, error_of, fields_of, usage_of
from streamkit.run import RunError, Usage


@pytest.mark.parametrize(("told", "known"), [("chatcmpl-1", "chatcmpl-1"), (None, None), ("", None), ("None", None)])
def test_an_id_that_says_nothing_is_none(told, known):
    """Azure's first chunk has an empty one; RAGFlow writes Python's None into a string."""
    assert completion_id(ChatCompletionChunk(id=told)) == known


def test_usage_is_taken_as_it_is_sent():
    """Correction 9: the parts need not add up."""
    assert usage_of(UsagePayload(0, None, 51)) == Usage(0, None, 51)


@pytest.mark.parametrize(
    ("told", "error"),
    [
        # OpenAI: the code is a word, and often null
        (ErrorBody("no", "invalid_request_error", None, "model_not_found"), RunError("no", "model_not_found", None)),
        (ErrorBody("no", "insufficient_quota"), RunError("no", "insufficient_quota", None)),
        # vLLM, OpenRouter: the code is an HTTP status
        (ErrorBody("no", "BadRequestError", None, 400), RunError("no", "BadRequestError", 400)),
        (ErrorBody("no", None, None, 429), RunError("no", None, 429)),
        # RAGFlow: a code of its own
        (ErrorBody("no", None, None, 102), RunError("no", None, 102)),
        (ErrorBody("no", None, None, 99), RunError("no", "99", None)),
        (ErrorBody("no", None, None, 100), RunError("no", None, 100)),
        (ErrorBody("no", None, None, 599), RunError("no", None, 599)),
        (ErrorBody("no", None, None, 600), RunError("no", "600", None)),
        (ErrorBody("no", "server_error", None, 1000), RunError("no", "1000", None)),
        # a text, or next to nothing
        ("overloaded", RunError("overloaded")),
        (ErrorBody(None, "server_error"), RunError("server_error", "server_error")),
        (ErrorBody(), RunError("it broke")),
        ("", RunError("it broke")),
        (None, RunError("it broke")),
    ],
)
def test_an_error_is_read_whatever_its_form(told, error):
    assert error_of(told, "it broke") == error


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("**ERROR**: Connection error.", "Connection error."),
        ("So far\n**ERROR**: RATE_LIMIT_EXCEEDED - slow down\nbye", "RATE_LIMIT_EXCEEDED - slow down"),
        ("**ERROR**:", ""),
        ("In the log it says **ERROR**: no", None),
        ("**ERROR** is a word", None),
        ("Error: no", None),
        ("", None),
    ],
)
def test_an_error_in_the_text_stands_at_the_start_of_a_line(text, error):
    """A.3.6: alone, or after the text that came before it."""
    assert error_in(text) == error


@pytest.mark.parametrize(
    ("reference", "citations"),
    [
        # C.3: of a chat a list, i is the index
        ([{"id": "a"}, {"id": "b"}], [{"id": "a", "marker": "0"}, {"id": "b", "marker": "1"}]),
        # of an agent objects by key
        ({"chunks": {"46": {"id": "a"}, "7": {"id": "b"}}}, [{"id": "a", "marker": "46"}, {"id": "b", "marker": "7"}]),
        ({"chunks": [{"id": "a"}], "doc_aggs": []}, [{"id": "a", "marker": "0"}]),
        # nothing, and what nobody promised
        ({"chunks": {}, "doc_aggs": {}}, []),
        ([], []),
        ({}, []),
        (None, []),
        ("no", []),
        (["text"], [{"content": "text", "marker": "0"}]),
    ],
)
def test_references_are_citations_with_their_marker(reference, citations):
    assert citations_of(reference) == citations


@pytest.mark.parametrize(
    ("inputs", "fields"),
    [
        (
            {"a": {"name": "A", "type": "line"}, "b": 5},
            [{"name": "A", "type": "line", "key": "a"}, {"value": 5, "key": "b"}],
        ),
        ([{"key": "a"}], [{"key": "a"}]),
        ({}, []),
        (None, []),
        ("no", []),
    ],
)
def test_the_fields_of_a_form_name_their_keys(inputs, fields):
    assert fields_of(inputs) == fields
