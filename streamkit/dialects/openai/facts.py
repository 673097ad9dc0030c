"""Small facts that are read out of a chunk: of which completion it is, what went wrong, what is cited, what is asked.

What is missing or of another shape is simply not known. Nothing here raises on what a peer sent.
"""

import re
from typing import Final

from streamkit.dialects.openai.events import ChatCompletionChunk, ErrorBody, UsagePayload
from streamkit.run import RunError, Usage
from streamkit.run.payload import Json

_NO_IDS: Final = ("", "None")
"""What servers write where there is no id: Azure in its first chunk, RAGFlow as Python writes `None`."""
ERROR_MARK: Final = "**ERROR**"
_ERROR: Final = re.compile(r"(?:^|\n)\*\*ERROR\*\*: ?([^\n]*)")


def completion_id(event: ChatCompletionChunk) -> str | None:
    """Return the id of the completion that a chunk says it is of."""
    return None if event.id in _NO_IDS else event.id


def usage_of(usage: UsagePayload) -> Usage:
    """Read the server's usage."""
    return Usage(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)


def error_of(error: ErrorBody | str | None, fallback: str) -> RunError:
    """Read an error, which is an object, a text or nothing.

    Args:
        error: what the wire says.
        fallback: the message of an error that has none.
    """
    if error is None or isinstance(error, str):
        return RunError(message=error or fallback)
    status = error.code if isinstance(error.code, int) and 100 <= error.code <= 599 else None
    code = error.type if status is not None else error.code or error.type
    word = None if code is None else str(code)
    return RunError(message=error.message or word or fallback, code=word, status=status)


def error_in(text: str) -> str | None:
    """Return the message of an error that RAGFlow hands on as text of the answer (A.3.6); None if there is none."""
    found = _ERROR.search(text) if ERROR_MARK in text else None
    return found[1] if found is not None else None


def citations_of(reference: Json) -> list[Json]:
    """Return RAGFlow's references one by one, each with the `marker` that stands for it in the text: `[ID:marker]`.

    Args:
        reference: chunks as a list (the marker is the index), or an object that holds them as `chunks`, by key (the
            marker is the key) or as a list.
    """
    if isinstance(reference, dict):
        reference = reference.get("chunks")
    if isinstance(reference, dict):
        chunks = list(reference.items())
    else:
        chunks = [(str(index), chunk) for index, chunk in enumerate(reference if isinstance(reference, list) else ())]
    return [{**(chunk if isinstance(chunk, dict) else {"content": chunk}), "marker": key} for key, chunk in chunks]


def fields_of(inputs: Json) -> list[Json]:
    """Return the fields of a form, which come by key, as a list in which each names its key."""
    if not isinstance(inputs, dict):
        return inputs if isinstance(inputs, list) else []
    return [{"key": key, **(field if isinstance(field, dict) else {"value": field})} for key, field in inputs.items()]
