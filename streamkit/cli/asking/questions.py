"""What an app is asked, made of words of the command line: checked by what it takes, completed by whoever sits there.

So nobody meets an error of the server's for the wrong kind of app, or for an input that is missing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from streamkit.cli.asking.apps import App
from streamkit.cli.asking.entries import Field
from streamkit.cli.asking.inputs import BadInput, asked, checked, given, missing
from streamkit.cli.asking.targets import Question, Target, question_of
from streamkit.cli.asking.typed import can_ask, typed
from streamkit.run.payload import Json

_TEXTS: Final = ("text", "paragraph")


async def ask_for(
    target: Target,
    app: App,
    query: str | None,
    words: Sequence[str],
    files: Sequence[Path],
    conversation_id: str | None,
) -> Question:
    """Return what an app is asked.

    Args:
        target: the app.
        app: how it is configured.
        query: the question, if one was given.
        words: inputs, as the command line has them.
        files: for the question.
        conversation_id: the conversation to go on with.

    Raises:
        BadInput: something is missing that nobody can be asked for, or cannot be given to this app.
        UpstreamError: the server does not tell what the app takes, or takes no file.
    """
    values = {**app.inputs, **given(words)}
    fields = await target.fields()
    if fields is not None:
        values = checked(values, fields)
        if query is not None and not await target.takes_query():
            values[_place_of(query, values, fields).key] = query
            query = None
        for field in missing(values, fields):
            values[field.key] = await _asked(field)
    if query is None and await target.needs_query():
        query = await _question()
    for path in files:
        if not path.is_file():
            raise BadInput(f"{path}: no such file")
    return await question_of(target, query, values, files, conversation_id)


def _place_of(query: str, values: dict[str, Json], fields: Sequence[Field]) -> Field:
    """Return the input of a workflow that a question is meant for: workflows take none."""
    texts = [field for field in fields if field.kind in _TEXTS and field.key not in values]
    required = [field for field in texts if field.required]
    for candidates in (required, texts):
        if len(candidates) == 1:
            return candidates[0]
    names = ", ".join(f"-i {field.key}=…" for field in fields) or "none"
    raise BadInput(f"the app is a workflow: it takes inputs ({names}) and no question")


async def _asked(field: Field) -> Json:
    if not can_ask():
        raise BadInput(f"the app needs {field.key}: give -i {field.key}=…")
    return await asked(field)


async def _question() -> str:
    query = await typed("question: ") if can_ask() else None
    if not (query or "").strip():
        raise BadInput("the app needs a question")
    return query or ""
