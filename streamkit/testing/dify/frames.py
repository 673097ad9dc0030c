"""The payloads of Dify's events, with the fields of a version in their order."""

from decimal import Decimal
from typing import Final, NamedTuple

from msgspec import Struct

from streamkit.testing.dify.script import Log, Model
from streamkit.testing.dify.version import Version
from streamkit.testing.seeded import COMPLETION_PRICE, PROMPT_PRICE, Json, price

PARALLEL: Final = ("parallel_id", "parallel_start_node_id", "parent_parallel_id", "parent_parallel_start_node_id")
"""What the engine of threads said of branches."""
_PROVIDER: Final = "langgenius/openai/openai"


class Inside(Struct, frozen=True):
    """A container that an execution is in, and its round."""

    kind: str
    node: str
    index: int
    run: str | None
    """What a round of a parallel iteration was called by the engine of threads."""


class Execution(Struct, frozen=True):
    """Who an execution is."""

    id: str
    node: str
    type: str
    title: str
    index: int
    predecessor: str | None
    inside: tuple[Inside, ...]
    created_at: int

    def names(self) -> Json:
        """Return the fields with which each of its events begins."""
        named = {"id": self.id, "node_id": self.node, "node_type": self.type, "title": self.title}
        return {**named, "index": self.index, "predecessor_node_id": self.predecessor}


class Before(NamedTuple):
    """The round before."""

    output: object = None
    run: str | None = None
    """What it was called, in a parallel iteration."""
    seconds: float | None = None


class Ended(NamedTuple):
    """How an execution ended, or a try of it."""

    status: str
    error: str | None
    inputs: Json
    process_data: Json
    outputs: Json
    seconds: float
    metadata: Json


class Spent(NamedTuple):
    """What a model spent."""

    prompt: int
    completion: int

    @property
    def total(self) -> int:
        """All tokens."""
        return self.prompt + self.completion

    @property
    def cost(self) -> Decimal:
        """The price of all tokens."""
        return price(self.prompt, PROMPT_PRICE) + price(self.completion, COMPLETION_PRICE)

    def __add__(self, other: object) -> "Spent":
        """Return both together."""
        assert isinstance(other, Spent)  # noqa: S101 - for the type checker
        return Spent(self.prompt + other.prompt, self.completion + other.completion)


NOTHING: Final = Spent(0, 0)


def spent(model: Model) -> Spent:
    """Return how the tokens of a model are shared out: a half each, the odd one is said."""
    return Spent(model.tokens // 2, model.tokens - model.tokens // 2)


class Frames:
    """Payloads as a version writes them."""

    def __init__(self, version: Version) -> None:
        self._version = version

    # ---- runs

    def started(self, run: str, workflow: str, inputs: Json, created_at: int, reason: str) -> Json:
        """`workflow_started`."""
        counted = {"sequence_number": 1} if self._version.has_sequence_number else {}
        why = {"reason": reason} if self._version.is_relayed else {}
        return {"id": run, "workflow_id": workflow, **counted, "inputs": inputs, "created_at": created_at, **why}

    def ended(self, run: str, workflow: str, told: Json, exceptions: int) -> Json:
        """`workflow_finished`."""
        counted = {"sequence_number": 1} if self._version.has_sequence_number else {}
        handled = {"exceptions_count": exceptions} if self._version.has_retries else {}
        return {"id": run, "workflow_id": workflow, **counted, **told, **handled, "files": []}

    # ---- nodes

    def node_started(self, execution: Execution) -> Json:
        """`node_started`."""
        strategy = {"name": "function_calling", "icon": None} if execution.type == "agent" else None
        inside = execution.inside[-1] if execution.inside else None
        return {
            **execution.names(),
            "inputs": None,
            **self._cut("inputs"),
            "created_at": execution.created_at,
            "extras": {},
            **self._branch(),
            **self._containers(execution.inside),
            **({"parallel_run_id": inside.run if inside else None} if self._version.is_threaded else {}),
            **({"agent_strategy": strategy} if self._version.has_strategies else {}),
        }

    def node_ended(self, execution: Execution, ended: Ended, finished_at: int) -> Json:
        """`node_finished`, and all but one field of `node_retry`."""
        return {
            **execution.names(),
            "inputs": ended.inputs,
            **self._cut("inputs"),
            "process_data": ended.process_data or (None if self._version.is_threaded else {}),
            **self._cut("process_data"),
            "outputs": ended.outputs,
            **self._cut("outputs"),
            "status": ended.status,
            "error": ended.error,
            "elapsed_time": round(ended.seconds, 6),
            "execution_metadata": {**ended.metadata, **self._rounds(execution.inside)} or None,
            "created_at": execution.created_at,
            "finished_at": finished_at,
            "files": [],
            **self._branch(),
            **self._containers(execution.inside),
        }

    def _rounds(self, inside: tuple[Inside, ...]) -> Json:
        """Return what the end of an execution says of the rounds that it is in."""
        told: Json = {}
        for each in inside:
            if self._version.is_threaded and each.run is not None:
                told |= {f"{each.kind}_id": each.node, "parallel_mode_run_id": each.run}
                continue
            known = (
                {}
                if f"{each.kind}_id" in told and not self._version.has_live_rounds
                else {f"{each.kind}_id": each.node}
            )
            told |= {**known, f"{each.kind}_index": each.index}
        return told

    def _containers(self, inside: tuple[Inside, ...]) -> Json:
        """Name the containers: of several of one kind the outermost, and since 1.17 the innermost."""
        ranked = inside if self._version.has_live_rounds else inside[::-1]
        found = {each.kind: each.node for each in ranked}
        loop = {"loop_id": found.get("loop")} if self._version.has_loops else {}
        return {"iteration_id": found.get("iteration"), **loop}

    def _branch(self) -> Json:
        return dict.fromkeys(PARALLEL) if self._version.is_threaded else {}

    def _cut(self, name: str) -> Json:
        return {} if self._version.is_threaded else {f"{name}_truncated": False}

    # ---- containers

    def container_started(self, names: Json, length: int, inputs: Json, created_at: int) -> Json:
        """`iteration_started` and `loop_started`."""
        kind = names["node_type"]
        word = "iterator_length" if self._version.is_threaded and kind == "iteration" else f"{kind}_length"
        opened = {**names, "created_at": created_at, "extras": {}, "metadata": {word: length}}
        return {**opened, "inputs": inputs, **self._cut("inputs"), **self._outer_branch()}

    def container_next(self, names: Json, index: int, created_at: int, before: Before) -> Json:
        """`iteration_next` and `loop_next`; of the round before only the engine of threads told."""
        opened = {**names, "index": index, "created_at": created_at}
        if self._version.is_threaded:
            told = {f"pre_{names['node_type']}_output": before.output, "extras": {}, **self._outer_branch()}
            return {**opened, **told, "parallel_mode_run_id": before.run, "duration": before.seconds}
        silent: Json = {"pre_loop_output": {}} if names["node_type"] == "loop" else {}
        return {**opened, **silent, "extras": {}}

    def container_completed(self, names: Json, ended: Ended, length: int, now: int) -> Json:
        """`iteration_completed` and `loop_completed`; both times are of the end, and an error is not told."""
        return {
            **names,
            "outputs": ended.outputs,
            **self._cut("outputs"),
            "created_at": now,
            "extras": {},
            "inputs": ended.inputs,
            **self._cut("inputs"),
            "status": ended.status,
            "error": None,
            "elapsed_time": round(ended.seconds, 6),
            "total_tokens": ended.metadata["total_tokens"],
            "execution_metadata": ended.metadata,
            "finished_at": now,
            "steps": length,
            **self._outer_branch(),
        }

    def _outer_branch(self) -> Json:
        return dict.fromkeys(PARALLEL[:2]) if self._version.is_threaded else {}

    # ---- models

    def usage(self, tokens: Spent, latency: float, *, first_token: bool = True) -> Json:
        """What a model spent, in full."""
        told: Json = {}
        for name, count, unit in (
            ("prompt", tokens.prompt, PROMPT_PRICE),
            ("completion", tokens.completion, COMPLETION_PRICE),
        ):
            told |= {f"{name}_tokens": count, f"{name}_unit_price": unit, f"{name}_price_unit": "0.000001"}
            told[f"{name}_price"] = str(price(count, unit))
        told |= {"total_tokens": tokens.total, "total_price": str(tokens.cost), "currency": "USD", "latency": latency}
        if not self._version.has_first_token_times:
            return told
        first = round(latency / 4, 3) if first_token else None
        return {
            **told,
            "time_to_first_token": first,
            "time_to_generate": None if first is None else round(latency - first, 3),
        }

    def thought_through(self, model: Model, query: str, latency: float) -> tuple[Json, Json]:
        """Return the process data of a model's node, and its outputs."""
        usage = self.usage(spent(model), latency)
        prompts = [{"role": "user", "text": query, "files": []}]
        done = {"usage": usage, "finish_reason": "stop"}
        process = {
            "model_mode": "chat",
            "prompts": prompts,
            **done,
            "model_provider": _PROVIDER,
            "model_name": model.name,
        }
        thought = {} if self._version.is_threaded else {"reasoning_content": model.thought}
        return process, {"text": model.text, **thought, **done}

    def asked_of(self, model: Model) -> Json:
        """Return the inputs of a model's node."""
        return {"model_provider": _PROVIDER, "model_name": model.name} if self._version.has_submitted_data else {}

    @staticmethod
    def log(entry: Log, node: str, ids: Json, status: str, metadata: Json) -> Json:
        """`agent_log`; its `node_execution_id` holds the id of the node."""
        done = {} if status == "start" else entry.data
        return {
            "node_execution_id": node,
            "id": ids[entry.label],
            "label": entry.label,
            "parent_id": ids[entry.parent] if entry.parent else None,
            "error": entry.error if status == "error" else None,
            "status": status,
            "data": done,
            "metadata": metadata,
            "node_id": node,
        }
