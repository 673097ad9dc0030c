"""Chat completions written as scripts of chunks, and the runs that they give.

    run = completion(said("Hel"), said("lo"), ended("stop"))

A script is chunks in the order of their coming; bytes stand as they are, lists in it are flattened. Whatever is folded
here is folded twice, the second time frame by frame with a look at the run after each: looking must change nothing.
"""

import json
from collections.abc import Iterator
from typing import Any

from streamkit import Run, Tap
from streamkit.run import NodeExecution

Json = dict[str, Any]
Script = Any  # a chunk, bytes as they are, or a list of scripts

ID = "chatcmpl-1"
EPOCH = 1_700_000_000
DONE = b"data: [DONE]\n\n"

TOP: Json = {"id": ID, "object": "chat.completion.chunk", "created": EPOCH, "model": "m", "system_fingerprint": "fp"}


# ---- chunks


def frame(*choices: Json, **top: Any) -> Json:
    """A chunk with these choices; a key that is given as `...` is missing."""
    payload = {**TOP, "choices": list(choices), **top}
    return {key: value for key, value in payload.items() if value is not ...}


def delta(finish: str | None = None, index: int | None = 0, **keys: Any) -> Json:
    """A choice that adds something."""
    return {"index": index, "delta": keys, "logprobs": None, "finish_reason": finish}


def chunk(finish: str | None = None, index: int | None = 0, top: Json | None = None, **keys: Any) -> Json:
    return frame(delta(finish, index, **keys), **(top or {}))


def said(text: str | None, index: int = 0, **top: Any) -> Json:
    return chunk(index=index, content=text, top=top)


def thought(text: str, word: str = "reasoning_content") -> Json:
    return chunk(**{word: text})


def ended(reason: str | None = "stop", index: int = 0, **top: Any) -> Json:
    return chunk(reason, index, top=top)


def spent(prompt: int, completion: int, total: int) -> Json:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}


def so_far(text: str, finish: str | None = "stop", usage: Json | None = None) -> Json:
    """A chunk of RAGFlow's agents before v0.20: the message so far (correction 10)."""
    message = {"role": "assistant", "content": text}
    choice = {"message": message, "logprobs": None, "finish_reason": finish, "index": 0}
    return frame(choice, created=None, param=None, usage=usage or spent(1, 1, 2), system_fingerprint=...)


def call(
    arguments: Any = None, *, index: int | None = 0, id: str | None = None, name: str | None = None, choice: int = 0
) -> Json:
    """A fragment of a tool call."""
    return chunk(index=choice, tool_calls=[fragment(arguments, index=index, id=id, name=name)])


def fragment(arguments: Any = None, *, index: int | None = 0, id: str | None = None, name: str | None = None) -> Json:
    told = {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
    return {key: value for key, value in told.items() if value is not None}


def answer(*choices: Json, **top: Any) -> Json:
    """A document: the whole answer."""
    return frame(*choices, **{"object": "chat.completion", **top})


def message(content: str | None, finish: str | None = "stop", index: int = 0, **keys: Any) -> Json:
    """A choice of a document."""
    return {"index": index, "message": {"role": "assistant", "content": content, **keys}, "finish_reason": finish}


# ---- bodies and runs


def sse(*script: Script) -> bytes:
    return b"".join(pieces(script))


def pieces(script: Script) -> Iterator[bytes]:
    if isinstance(script, bytes):
        yield script
    elif isinstance(script, dict):
        yield b"data: " + json.dumps(script, ensure_ascii=False).encode() + b"\n\n"
    else:
        for item in script:
            yield from pieces(item)


def completion(*script: Script) -> Run:
    """The run of a stream that ends as it should."""
    return folded(sse(script, DONE))


def cut_off(*script: Script) -> Run:
    """The run of a stream whose end, if it has one, stands in the script."""
    return folded(sse(script))


def live(*script: Script) -> Run:
    """The run of a stream that goes on."""
    return folded(sse(script), end=False)


def document(payload: Json) -> Run:
    """The run of a body that is one document."""
    return folded(json.dumps(payload, indent=2).encode())


def folded(*bodies: bytes, end: bool = True) -> Run:
    """Fold the bodies of one run; `end`: whether the last one ends."""
    run = _fold(bodies, end=end, look=False)
    assert _fold(bodies, end=end, look=True).snapshot() == run.snapshot(), "looking at a run changed it"
    return run


def _fold(bodies: tuple[bytes, ...], *, end: bool, look: bool) -> Run:
    run = None
    for number, body in enumerate(bodies):
        tap = Tap("openai", run=run)
        run = tap.run
        for line in body.splitlines(keepends=True) if look else [body]:
            tap.feed(line)
            if look:
                run.snapshot()
        if end or number < len(bodies) - 1:
            tap.close()
    assert run is not None, "there is nothing to fold"
    return run


def anomalies(run: Run) -> list[tuple[str, str]]:
    return [(anomaly.kind, anomaly.detail) for anomaly in run.anomalies]


def calls(run: Run) -> list[tuple[str, str, str, Any]]:
    """The tool calls of a run: id, title, status, inputs."""
    return [(node.id, node.title, node.status, node.inputs) for node in run.nodes if node.type == "tool"]


def choices(run: Run) -> list[NodeExecution]:
    """The executions that stand for the choices after the first."""
    return [node for node in run.nodes if node.type == "choice"]
