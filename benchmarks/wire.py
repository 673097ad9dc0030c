"""Frames as servers write them, with seeded ids and words: no two frames alike, and the same ones every time.

A method here is a word of the wire; `docs/protocol-dify.md` and `docs/protocol-ragflow.md` say what each means. A test
holds the keys of every frame against the recordings.
"""

import json
import random
import uuid
from typing import Any, Final

import msgspec

Json = dict[str, Any]

EPOCH: Final = 1_795_300_000

_WORDS: Final = (
    "the of and to in is that it for as with was on are by be this from or have an they which one you were all her"
    " stream answer token client server workflow node iteration model context retrieval document knowledge question"
    " system prompt because however therefore between different several important example result process customer"
    " information available following according development performance understanding configuration"
)
_MARKS: Final = '.|,|:|\n|\n\n| "|"| (|)|\\|\t- |**|`|…| naïve| Größe| €'
_HAN: Final = "工作流引擎把每个节点的输出传给下一个节点并且实时返回结果知识库检索模型回答用户问题"
_EMOJI: Final = ("😀", "🚀", "👩‍💻", "✅", "🇫🇷")


def compact(payload: Json) -> bytes:
    """JSON as Dify writes it: without blanks, raw UTF-8."""
    return msgspec.json.encode(payload)


def spaced(payload: Json) -> bytes:
    """JSON as RAGFlow writes it: with blanks, raw UTF-8."""
    return json.dumps(payload, ensure_ascii=False).encode()


class Source:
    """Where ids and words come from."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def tokens(self, count: int) -> list[str]:
        """Tokens of English prose: one in eight is a mark, a line end, a quote or not ASCII."""
        words, marks = [f" {word}" for word in _WORDS.split()], _MARKS.split("|")
        return [self.chance.choice(marks if self.chance.random() < 0.125 else words) for _ in range(count)]

    def characters(self, count: int) -> list[str]:
        """Tokens of Chinese prose, one to three characters each, with an emoji now and then."""
        return [
            self.chance.choice(_EMOJI)
            if self.chance.random() < 0.1
            else "".join(self.chance.choices(_HAN, k=self.chance.randint(1, 3)))
            for _ in range(count)
        ]

    def prose(self, size: int) -> str:
        """About so many bytes of prose."""
        return "".join(self.tokens(size // 6 + 1))

    def documents(self, size: int) -> list[Json]:
        """About so many bytes of what a retrieval returns."""
        return [
            {"title": f"guide {number}.pdf", "score": round(self.chance.random(), 6), "content": self.prose(900)}
            for number in range(max(1, size // 1000))
        ]


class Dify(Source):
    """One run of a Dify app; `chat` for chatflows and agents, else a workflow app."""

    def __init__(self, seed: int, *, chat: bool = True) -> None:
        super().__init__(seed)
        self.run, self.message_id = self.id(), self.id()
        self.flow = {"workflow_run_id": self.run}
        self.task = {"task_id": self.id()}
        ids = {"conversation_id": self.id(), "message_id": self.message_id, "created_at": EPOCH}
        self.talk = {**ids, **self.task}
        self.around = {**self.talk, **self.flow} if chat else {**self.flow, **self.task}
        self.steps = 0

    def _flow(self, event: str, data: Json) -> Json:
        return {"event": event, **self.around, "data": data}

    def _talk(self, event: str, payload: Json) -> Json:
        return {"event": event, **self.talk, **payload}

    def workflow_started(self) -> Json:
        inputs = {"sys.query": self.prose(60), "sys.files": [], "sys.user_id": "u-lab"}
        data = {"id": self.run, "workflow_id": self.id(), "inputs": inputs, "created_at": EPOCH, "reason": "initial"}
        return self._flow("workflow_started", data)

    def workflow_finished(self, outputs: Json) -> Json:
        data = {"id": self.run, "workflow_id": self.id(), "status": "succeeded", "outputs": outputs, "error": None}
        data |= {"elapsed_time": 31.25, "total_tokens": 0, "total_steps": self.steps}
        data |= {"created_by": {"id": self.id(), "user": "u-lab"}, "created_at": EPOCH, "finished_at": EPOCH}
        return self._flow("workflow_finished", {**data, "exceptions_count": 0, "files": []})

    def started(self, execution: str, node: str, kind: str, **inside: str) -> Json:
        """`node_started`; `inside` names a container: iteration_id or loop_id."""
        data = {**_node(execution, node, kind), "inputs": None, "inputs_truncated": False, "created_at": EPOCH}
        return self._flow("node_started", data | {"extras": {}} | _container(inside) | {"agent_strategy": None})

    def finished(self, execution: str, node: str, kind: str, inputs: Json, outputs: Json, **inside: Any) -> Json:
        """`node_finished`; `inside` may also have process_data and metadata."""
        self.steps += 1
        data = {**_node(execution, node, kind), "inputs": inputs, "inputs_truncated": False}
        data |= {"process_data": inside.pop("process_data", {}), "process_data_truncated": False}
        data |= {"outputs": outputs, "outputs_truncated": False, "status": "succeeded", "error": None}
        data |= {"elapsed_time": round(self.chance.random(), 6), "execution_metadata": inside.pop("metadata", None)}
        data |= {"created_at": EPOCH, "finished_at": EPOCH, "files": [], **_container(inside)}
        return self._flow("node_finished", data)

    def ran(self, node: str, kind: str, inputs: Json, outputs: Json, **inside: Any) -> list[Json]:
        """An execution from its start to its end, with nothing in between."""
        execution = self.id()
        where = {key: value for key, value in inside.items() if key in ("iteration_id", "loop_id")}
        return [
            self.started(execution, node, kind, **where),
            self.finished(execution, node, kind, inputs, outputs, **inside),
        ]

    def container(self, event: str, node: str, kind: str, **more: Any) -> Json:
        """`*_started` and `*_next` of an iteration or a loop."""
        data = {"id": node, "node_id": node, "node_type": kind, "title": node.title()}
        return self._flow(event, data | more)

    def container_completed(self, node: str, kind: str, rounds: int, outputs: Json, **metadata: Any) -> Json:
        seconds = {str(index): round(self.chance.random(), 6) for index in range(rounds)}
        totals = {"total_tokens": 0, "total_price": "0.0", "currency": "USD"}
        data = {"id": node, "node_id": node, "node_type": kind, "title": node.title(), "outputs": outputs}
        data |= {"outputs_truncated": False, "created_at": EPOCH, "extras": {}, "inputs": {}, "inputs_truncated": False}
        data |= {"status": "succeeded", "error": None, "elapsed_time": 1.5, "total_tokens": 0}
        data |= {"execution_metadata": {**totals, **metadata, f"{kind}_duration_map": seconds}}
        return self._flow(f"{kind}_completed", {**data, "finished_at": EPOCH, "steps": rounds})

    def message(self, answer: str, node: str) -> Json:
        return self._talk(
            "message", {"id": self.message_id, "answer": answer, "from_variable_selector": [node, "text"]}
        )

    def message_end(self, tokens: int, files: list[Json] | None) -> Json:
        metadata = {"annotation_reply": None, "retriever_resources": [], "usage": usage(tokens)}
        return self._talk("message_end", {"id": self.message_id, "metadata": metadata, "files": files})

    def agent_message(self, answer: str) -> Json:
        return self._talk("agent_message", {"id": self.message_id, "answer": answer})

    def agent_thought(self, thought: str, position: int, **more: Any) -> Json:
        known = {"id": thought, "position": position, "thought": "", "observation": "", "tool": "", "tool_labels": {}}
        return self._talk("agent_thought", {**known, "tool_input": "", "message_files": [], **more})

    def agent_log(self, entry: str, parent: str | None, node: str, label: str, **more: Any) -> Json:
        known = {"node_execution_id": node, "id": entry, "label": label, "parent_id": parent, "error": None}
        return self._flow("agent_log", {**known, **more, "node_id": node})

    def text_chunk(self, text: str, node: str) -> Json:
        return self._flow("text_chunk", {"text": text, "from_variable_selector": [node, "text"]})


def usage(tokens: int) -> Json:
    """What a model cost, in Dify's form."""
    prompt = {"prompt_tokens": 1000, "prompt_unit_price": "2.50", "prompt_price_unit": "0.000001"}
    told = {"completion_tokens": tokens, "completion_unit_price": "10.00", "completion_price_unit": "0.000001"}
    sums = {"total_tokens": 1000 + tokens, "total_price": "0.0065000", "currency": "USD", "latency": 1.864}
    times = {"time_to_first_token": 0.111, "time_to_generate": 2.303}
    return {**prompt, "prompt_price": "0.0025000", **told, "completion_price": "0.0040000", **sums, **times}


def _node(execution: str, node: str, kind: str) -> Json:
    names = {"id": execution, "node_id": node, "node_type": kind, "title": node.title()}
    return {**names, "index": 1, "predecessor_node_id": None}


def _container(inside: Json) -> Json:
    return {"iteration_id": inside.get("iteration_id"), "loop_id": inside.get("loop_id")}


class Ragflow(Source):
    """One run of RAGFlow: an agent's events, a chat's answers, or chunks in OpenAI's form."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.message_id, self.session = self.chance.randbytes(16).hex(), self.chance.randbytes(16).hex()
        self.clock = 1959.5

    def event(self, event: str, data: Json) -> Json:
        ids = {"message_id": self.message_id, "created_at": EPOCH, "task_id": self.session}
        return {"event": event, **ids, "data": data, "session_id": self.session}

    def started(self, component: str, kind: str) -> Json:
        data = {"inputs": None, "created_at": EPOCH, **_component(component, kind), "thoughts": ""}
        return self.event("node_started", data)

    def finished(self, component: str, kind: str, inputs: Json, outputs: Json) -> Json:
        self.clock += 0.25
        private = {"_created_time": self.clock, "_elapsed_time": 0.25}
        data = {"inputs": inputs, "outputs": {**outputs, **private}, **_component(component, kind), "error": None}
        return self.event("node_finished", {**data, "elapsed_time": 0.25, "created_at": self.clock})

    def answer(self, text: str, reference: Json) -> Json:
        """A chat before 0.24: the whole answer so far."""
        ids = {"id": self.message_id, "session_id": self.session}
        return {"code": 0, "data": {"answer": text, "reference": reference, "audio_binary": None, **ids}}

    def chunk(self, finish_reason: str | None = None, spent: Json | None = None, **delta: Any) -> Json:
        """OpenAI's form."""
        known = {"content": None, "role": "assistant", "function_call": None, "tool_calls": None}
        delta = {**known, "reasoning_content": None, **delta}
        choice = {"delta": delta, "finish_reason": finish_reason, "index": 0, "logprobs": None}
        chunk = {"id": f"chatcmpl-{self.session}", "choices": [choice], "created": EPOCH, "model": "stub-model"}
        return {**chunk, "object": "chat.completion.chunk", "system_fingerprint": "", "usage": spent}


def _component(component: str, kind: str) -> Json:
    name = component.replace(":", "_")
    return {"component_id": component, "component_name": name, "component_type": kind}
