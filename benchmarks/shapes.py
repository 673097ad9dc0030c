"""The catalogue of workloads. Each is a function, and its docstring names the branch that it stresses.

A shape is made in code, from a seed: the same bytes every time, in every process. `scale` makes it shorter or longer.
It also tells what must come out of it, and a test proves that it does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

from msgspec import Struct
from msgspec.json import format as indented

from benchmarks.wire import EPOCH, Dify, Json, Ragflow, compact, spaced, usage


class Block(Struct, frozen=True, gc=False):
    """What a server writes at once: a frame, a ping or a comment."""

    wire: bytes
    data: bytes | None
    """The data that must be dispatched from it; None if nothing must."""


class Shape(Struct, frozen=True):
    """One response body, and what is in it."""

    name: str
    dialect: str
    blocks: list[Block]
    text: str = ""
    """The text that the run must have in the end."""

    @property
    def body(self) -> bytes:
        return b"".join(block.wire for block in self.blocks)

    @property
    def payloads(self) -> list[bytes]:
        """The data of every frame that must be dispatched."""
        return [block.data for block in self.blocks if block.data is not None]


def frame(data: bytes) -> Block:
    """A frame as Dify writes it."""
    return Block(b"data: %b\n\n" % data, data)


def tight(data: bytes) -> Block:
    """A frame as RAGFlow writes it: no blank after the colon."""
    return Block(b"data:%b\n\n" % data, data)


def _frames(payloads: Iterable[Json]) -> list[Block]:
    return [frame(compact(payload)) for payload in payloads]


def _many(count: int, scale: float) -> int:
    return max(1, round(count * scale))


def _run(app: Dify, *parts: Iterable[Json], outputs: Json | None = None) -> Iterator[Json]:
    """A run of a workflow app with these parts inside."""
    yield app.workflow_started()
    yield from app.ran("start", "start", {}, {})
    yield from chain.from_iterable(parts)
    yield app.workflow_finished(outputs or {})


def _answering(app: Dify, tokens: list[str], node: str) -> Iterator[Json]:
    """A model's execution with its tokens."""
    execution = app.id()
    yield app.started(execution, node, "llm")
    for token in tokens:
        yield app.message(token, node)
    told: Json = {
        "model_mode": "chat",
        "usage": usage(len(tokens)),
        "finish_reason": "stop",
        "model_name": "stub-large",
    }
    metadata = {"total_tokens": 1000 + len(tokens), "total_price": "0.0065000", "currency": "USD"}
    outputs = {"text": "".join(tokens), "usage": usage(len(tokens)), "finish_reason": "stop", "files": []}
    yield app.finished(execution, node, "llm", {}, outputs, process_data=told, metadata=metadata)


def _chatflow(tokens: list[str], seed: int = 1) -> Iterator[Json]:
    """A chatflow that answers with one model: start, model, answer."""
    app, answer = Dify(seed), "".join(tokens)
    yield app.workflow_started()
    yield from app.ran("start", "start", {}, {})
    yield from _answering(app, tokens, "llm")
    yield from app.ran("answer", "answer", {}, {"answer": answer, "files": []})
    yield app.message_end(len(tokens), [])
    yield app.workflow_finished({"answer": answer, "files": []})


def _prose(scale: float) -> list[str]:
    return Dify(2).tokens(_many(10_000, scale))


def _variant(name: str, scale: float, block: Callable[[bytes], Block]) -> Shape:
    """The token stream with one thing changed: how a frame is written."""
    tokens = _prose(scale)
    return Shape(name, "dify", [block(compact(payload)) for payload in _chatflow(tokens)], "".join(tokens))


def token_stream(scale: float = 1.0) -> Shape:
    """The hot loop: 10,000 `message` events of a chatflow, one `data:` line of some 330 bytes each."""
    return _variant("token_stream", scale, frame)


def workflow_big_payloads(scale: float = 1.0) -> Shape:
    """Skipping payloads unread: 50 executions that end with 20-200 KB of inputs and outputs."""
    app = Dify(3, chat=False)
    sizes = [app.chance.randrange(20_000, 200_000) for _ in range(_many(50, scale))]
    steps = [
        app.ran(f"tool {n}", "tool", {"documents": app.documents(size // 3)}, {"result": app.documents(size * 2 // 3)})
        for n, size in enumerate(sizes)
    ]
    return Shape("workflow_big_payloads", "dify", _frames(_run(app, *steps)))


def mixed_workflow(scale: float = 1.0) -> Shape:
    """Every branch in turn: 150 parts of a chatflow, each four executions with 0.5-3 KB and 40 tokens between them."""
    app, text, parts = Dify(4), [], []
    for number in range(_many(150, scale)):
        tokens, size = app.tokens(40), app.chance.randrange(500, 3000)
        code = {"query": app.prose(200), "result": app.prose(size // 3)}
        parts += app.ran(f"find {number}", "knowledge-retrieval", {"query": code}, {"result": app.documents(size)})
        parts += app.ran(f"code {number}", "code", code, {"result": app.prose(size // 3)})
        parts += _answering(app, tokens, f"llm {number}")
        parts += app.ran(f"answer {number}", "answer", {}, {"answer": app.prose(500), "files": []})
        text += tokens
    answer = "".join(text)
    run = _run(app, parts, [app.message_end(len(text), [])], outputs={"answer": answer, "files": []})
    return Shape("mixed_workflow", "dify", _frames(run), answer)


def parallel_iteration(scale: float = 1.0) -> Shape:
    """Rounds that are known only at the end of an execution: 1,000 rounds of two, all announced at once."""
    app, rounds = Dify(5, chat=False), _many(1000, scale)
    order = app.chance.sample(range(rounds), rounds)
    inside = [app.ran(node, "code", {"item": n}, {"result": n}, **_in("iteration", n)) for n in order for node in "ab"]
    announced = [_next(app, "iteration", index) for index in range(rounds)]
    return Shape("parallel_iteration", "dify", _frames(_run(app, _contained(app, "iteration", [announced, *inside]))))


def rounds_2000(scale: float = 1.0) -> Shape:
    """A long tree: an iteration of 2,000 rounds, one after the other, with one execution each."""
    app, parts = Dify(6, chat=False), []
    for n in range(_many(2000, scale)):
        item = {"item": f"item {n}", "index": n}
        ran = app.ran("work", "code", item, {"result": app.prose(40)}, **_in("iteration", n))
        parts.append([_next(app, "iteration", n), *ran])
    return Shape("rounds_2000", "dify", _frames(_run(app, _contained(app, "iteration", parts))))


def loops(scale: float = 1.0) -> Shape:
    """Containers that come again and again: 20 loops of 100 rounds with two executions each."""
    app, parts = Dify(7, chat=False), []
    for number in range(_many(20, scale)):
        rounds: list[list[Json]] = []
        for n in range(100):
            step = app.ran("step", "code", {"n": n}, {"next": n + 1}, **_in("loop", n, f"loop {number}"))
            keep = app.ran("set", "assigner", {"type": "assigner"}, {}, **_in("loop", n, f"loop {number}"))
            rounds.append([*([_next(app, "loop", n, f"loop {number}")] if n else []), *step, *keep])
        parts += _contained(app, "loop", rounds, f"loop {number}")
    return Shape("loops", "dify", _frames(_run(app, parts)))


def _in(kind: str, index: int, node: str | None = None) -> dict[str, Any]:
    where = {f"{kind}_id": node or kind}
    return {**where, "metadata": {**where, f"{kind}_index": index}}


def _next(app: Dify, kind: str, index: int, node: str | None = None) -> Json:
    more = {"pre_loop_output": {}, "extras": {}} if kind == "loop" else {"extras": {}}
    return app.container(f"{kind}_next", node or kind, kind, index=index, created_at=EPOCH, **more)


def _contained(app: Dify, kind: str, parts: list[list[Json]], node: str | None = None) -> Iterator[Json]:
    """A container around its rounds."""
    node, length = node or kind, {f"{kind}_length": len(parts)}
    end = {"completed_reason": "loop_completed", "loop_variable_map": {}} if kind == "loop" else {}
    begin = {"created_at": EPOCH, "extras": {}, "metadata": length, "inputs": {}, "inputs_truncated": False}
    yield app.container(f"{kind}_started", node, kind, **begin)
    yield from chain.from_iterable(parts)
    yield app.container_completed(node, kind, len(parts), {"output": len(parts)}, **end)


def agent_events(scale: float = 1.0) -> Shape:
    """Upserts: 100 rounds of an agent app, each a thought told four times and 50 deltas of the answer."""
    app, text, frames = Dify(8), [], []
    for position in range(1, _many(100, scale) + 1):
        thought, tokens, seen = app.id(), app.tokens(50), app.prose(900)
        said: Json = {"thought": "".join(tokens), "position": 0}
        call = {"tool": "search", "tool_labels": {"search": {"en_US": "search"}}, "tool_input": app.prose(100)}
        frames += [app.agent_thought(thought, position), *map(app.agent_message, tokens)]
        for more in ({}, call, call | {"observation": seen}):
            frames.append(app.agent_thought(thought, position) | said | more | {"position": position})
        text += tokens
    return Shape("agent_events", "dify", _frames([*frames, app.message_end(len(text), None)]), "".join(text))


def agent_logs(scale: float = 1.0) -> Shape:
    """A log tree inside an execution: an agent node with 500 rounds of three entries, each told twice."""
    app, frames = Dify(9, chat=False), []
    execution = app.id()
    frames.append(app.started(execution, "agent", "agent"))
    for number in range(_many(500, scale)):
        entry, children = app.id(), [app.id(), app.id()]
        name = f"ROUND {number}"
        done: Json = {"status": "success", "data": {"output": {"llm_response": app.prose(300)}}}
        begun: Json = {"status": "start", "data": {}, "metadata": {"started_at": float(number)}}
        ended: Json = done | {"metadata": {"finished_at": number + 0.5, "elapsed_time": 0.5, "total_tokens": 30}}
        frames.append(app.agent_log(entry, None, "agent", name, **begun))
        for child in children:
            frames += [app.agent_log(child, entry, "agent", "CALL search", **told) for told in (begun, ended)]
        frames.append(app.agent_log(entry, None, "agent", name, **ended))
    frames.append(app.finished(execution, "agent", "agent", {}, {"text": "", "files": []}))
    return Shape("agent_logs", "dify", _frames(_run(app, frames)))


def pings(scale: float = 1.0) -> Shape:
    """What the standard does not dispatch: a ping or a comment before every frame."""
    still = (Block(b"event: ping\n\n", None), Block(b": still here\n\n", None))
    frames = token_stream(scale).blocks
    beats = [block for number, told in enumerate(frames) for block in (still[number % 2], told)]
    return Shape("pings", "dify", beats, "".join(_prose(scale)))


def event_id_fields(scale: float = 1.0) -> Shape:
    """Lines before the data: `event:` and `id:`, as gateways add them."""
    return _variant("event_id_fields", scale, lambda data: Block(b"event: message\nid: 1-7\ndata: %b\n\n" % data, data))


def multi_line_data(scale: float = 1.0) -> Shape:
    """Joining lines: JSON with line ends, a `data:` line for each."""

    def lines(data: bytes) -> Block:
        data = indented(data, indent=1)
        return Block(b"data: %b\n\n" % data.replace(b"\n", b"\ndata: "), data)

    return _variant("multi_line_data", scale, lines)


def crlf(scale: float = 1.0) -> Shape:
    """The slow path: CRLF ends lines, as some proxies rewrite them."""
    return _variant("crlf", scale, lambda data: Block(b"data: %b\r\n\r\n" % data, data))


def no_space(scale: float = 1.0) -> Shape:
    """`data:{`, with no blank after the colon."""
    return _variant("no_space", scale, tight)


def multibyte(scale: float = 1.0) -> Shape:
    """Decoding UTF-8: tokens in Chinese, with emoji."""
    tokens = Dify(10).characters(_many(10_000, scale))
    return Shape("multibyte", "dify", _frames(_chatflow(tokens, seed=11)), "".join(tokens))


def one_12mb_event(scale: float = 1.0) -> Shape:
    """A line longer than any chunk: one execution with 12 MB of outputs."""
    app = Dify(12, chat=False)
    step = app.ran("http", "http-request", {}, {"body": app.prose(120_000) * _many(100, scale)})
    return Shape("one_12mb_event", "dify", _frames(_run(app, step)))


def ragflow_agent(scale: float = 1.0) -> Shape:
    """The other vendor, whose executions have no ids: 100 components with 60 deltas each; `data:{` and blanks in JSON."""
    flow, text = Ragflow(13), []
    frames = [flow.event("workflow_started", {"inputs": {}}), flow.started("begin", "Begin")]
    frames.append(flow.finished("begin", "Begin", {}, {}))
    for number in range(_many(100, scale)):
        tokens, name = flow.tokens(60), f"Message:{number}"
        frames += [flow.started(name, "Message"), *(flow.event("message", {"content": token}) for token in tokens)]
        frames += [flow.event("message_end", {}), flow.finished(name, "Message", {}, {"content": "".join(tokens)})]
        text += tokens
    outputs = {"inputs": {}, "outputs": {"content": "".join(text)}, "elapsed_time": 1.5, "created_at": 1959.5}
    spent = {"prompt_tokens": 10, "completion_tokens": len(text), "total_tokens": len(text) + 10, "calls": 1}
    frames.append(flow.event("workflow_finished", {**outputs, "usage": spent}))
    return Shape("ragflow_agent", "ragflow", [*map(tight, map(spaced, frames)), tight(b"[DONE]")], "".join(text))


def ragflow_cumulative_500k(scale: float = 1.0) -> Shape:
    """Replacing instead of appending: 40 frames, each the whole answer so far, up to 500 KB."""
    chat = Ragflow(14)
    answers, answer = [], ""
    for _ in range(40):
        answer += chat.prose(_many(12_500, scale))
        answers.append(spaced(chat.answer(answer, {})))
    answers.append(spaced({"code": 0, "message": "", "data": True}))
    return Shape("ragflow_cumulative_500k", "ragflow", [tight(data) for data in answers], answer)


def openai_chunks(scale: float = 1.0) -> Shape:
    """The third form: 10,000 chat completion chunks, as an OpenAI-compatible server sends them."""
    chat = Ragflow(15)
    tokens = chat.tokens(_many(10_000, scale))
    frames = [spaced(chat.chunk(content=token)) for token in tokens]
    spent = {"prompt_tokens": 10, "completion_tokens": len(tokens), "total_tokens": len(tokens) + 10}
    frames.append(spaced(chat.chunk("stop", spent, content="")))
    return Shape("openai_chunks", "openai", [*map(frame, frames), frame(b"[DONE]")], "".join(tokens))


SHAPES: Final[Mapping[str, Callable[[float], Shape]]] = {
    shape.__name__: shape
    for shape in (
        *(token_stream, mixed_workflow, workflow_big_payloads, parallel_iteration, rounds_2000, loops),
        *(agent_events, agent_logs, ragflow_agent, ragflow_cumulative_500k, openai_chunks, pings, event_id_fields),
        *(multi_line_data, crlf, no_space, multibyte, one_12mb_event),
    )
}
