"""The executions of a run: a tree of nodes, containers and rounds, and all operations on it.

The rules of `streamkit.run.run` hold here; this is its other half. Every operation costs constant time, however large
the tree is.
"""

from collections.abc import Collection
from typing import Final, TypeVar

import msgspec

from streamkit.run.anomaly import KEPT, Kind
from streamkit.run.execution import OPEN, OVER, NodeExecution
from streamkit.run.leaves import NodeUsage
from streamkit.run.logs import Log
from streamkit.run.payload import NOTHING, RawJson, cleaned
from streamkit.run.places import Places, Several
from streamkit.run.retention import NO_FACTS, Facts, Retention, facts_of
from streamkit.run.rounds import Container
from streamkit.run.state import Anomaly, Attempt, LogEntry, NodeStatus, Seconds
from streamkit.run.text import Text

T = TypeVar("T")

_NULL: Final = msgspec.Raw(b"null")
_EMPTY: Final = msgspec.Raw(b"{}")


class Tree(Places):
    """What executions are and did, what they streamed and what they spent."""

    __slots__ = ("_time", "_waiting_reasoning", "_waiting_text", "anomalies", "anomaly_counts", "frame")

    def __init__(self, retention: Retention) -> None:
        super().__init__(retention)
        self.anomalies: list[Anomaly] = []
        """What did not fit: the first `KEPT`; `anomaly_counts` counts them all."""
        self.anomaly_counts: dict[str, int] = {}
        self.frame: int | None = None
        """The number of the frame that is being folded."""
        self._time: Seconds = 0
        """The last time of the server's."""
        self._waiting_text: dict[str, Text] | None = None
        """What nodes streamed that have not begun, by node id."""
        self._waiting_reasoning: dict[str, Text] | None = None

    def report(self, kind: Kind, detail: str) -> None:
        """Keep and count an anomaly."""
        self.anomaly_counts[kind] = self.anomaly_counts.get(kind, 0) + 1
        if len(self.anomalies) < KEPT:
            self.anomalies.append(Anomaly(kind=kind, detail=detail[:500], frame=self.frame))
        self.revision += 1

    def open_execution(
        self,
        execution_id: str,
        node_id: str,
        *,
        type: str | None,
        title: str | None,
        is_container: bool = False,
        at: Seconds | None = None,
        started_at: Seconds | None = None,
        inputs: RawJson | None = None,
        container: NodeExecution | None = None,
        index: int | None = None,
    ) -> NodeExecution:
        """Create an execution, at the top level or where it is known to stand; `place` moves it.

        Args:
            execution_id: its own id.
            node_id: the node that runs.
            type: the vendor's node type.
            title: the name that people read.
            is_container: whether it is an iteration or a loop.
            at: when it began, on the caller's clock.
            started_at: when it began, as the server says; as in `describe`.
            inputs: what it was given, as in `describe`.
            container: a container of the top level that it stands in.
            index: its round there, where it is known.
        """
        type, title = type or "", title or ""
        ran = self._of_node.get(node_id)
        like = ran.latest if isinstance(ran, Several) else ran
        if like is not None:  # the executions of a node share its words
            node_id = like.node_id
            type = like.type if type == like.type else type
            title = like.title if title == like.title else title
        self._count = number = self._count + 1
        node = NodeExecution(execution_id, node_id, type, title, number)
        node.seen_at = at
        if started_at is not None:
            node.started_at = self._second(started_at)
        if inputs is not None and inputs != _NULL:
            node.inputs_json = self._learnt(None, inputs, False)
        if is_container:
            node.extras().container = Container()
        self.executions[execution_id] = node
        if isinstance(ran, Several):
            ran.begin(node)
        else:
            self._of_node[node_id] = node if ran is None else Several(ran, node)
        if container is None:
            self._top.add(node)
            self._nodes = None
        else:
            node.parent = container
            self._put_into(container, node, index)
        if self._waiting_text or self._waiting_reasoning:
            self._take_waiting(node, at)
        most = self._keeper.policy.max_executions
        if most is not None and len(self.executions) > most:
            self._release(most)
        self._touch(node)
        return node

    def _take_waiting(self, node: NodeExecution, at: Seconds | None) -> None:
        """Give an execution that begins what its node streamed before."""
        thinking = self._waiting_reasoning.pop(node.node_id, None) if self._waiting_reasoning else None
        text = self._waiting_text.pop(node.node_id, None) if self._waiting_text else None
        if thinking is not None:
            node.extras().reasoning = thinking
        if text is not None:
            node.extras().text = text
            if text.length:
                node.extras().first_token_at = at

    def describe(
        self,
        node: NodeExecution,
        *,
        type: str | None = None,
        title: str | None = None,
        started_at: Seconds | None = None,
        inputs: RawJson | None = None,
        outputs: RawJson | None = None,
        process_data: RawJson | None = None,
        metadata: RawJson | None = None,
        truncated: Collection[str] = (),
    ) -> None:
        """Learn facts of an execution; null never overwrites, nor does a value that was truncated.

        `truncated` names those of the values that the server cut.
        """
        if type != node.type and type:
            node.type = type
        if title != node.title and title:
            node.title = title
        if started_at is not None and node.started_at is None:
            node.started_at = self._second(started_at)
        if inputs is not None and inputs != _NULL:  # most of what is not told is null
            node.inputs_json = self._learnt(node.inputs_json, inputs, "inputs" in truncated)
        if outputs is not None and outputs != _NULL:
            self._learn_outputs(node, outputs, "outputs" in truncated)
        if process_data is not None and process_data != _NULL:
            node.process_data_json = self._learnt(node.process_data_json, process_data, "process_data" in truncated)
        if metadata is not None and metadata != _NULL:
            node.metadata_json = self._learnt(node.metadata_json, metadata, "metadata" in truncated)
        self._touch(node)

    def _learnt(self, kept: bytes | None, raw: RawJson, is_truncated: bool) -> bytes | None:
        """Return what is kept of a value, now that the server tells it (again)."""
        if self._keeper.drops_payloads:
            self._keeper.pass_over(raw)
            return None
        data = self._clean(raw)
        if data is None or (is_truncated and kept is not None):
            return kept
        keeper = self._keeper
        return data if keeper.keeps_payloads else keeper.payload(data)

    def _learn_outputs(self, node: NodeExecution, raw: RawJson, is_truncated: bool) -> None:
        """Keep outputs; of outputs that are not kept as they are, the facts that state depends on."""
        facts = node._extras.facts
        if self._keeper.drops_payloads:
            if not (is_truncated and facts is not None):
                self._keeper.pass_over(raw)
                self._learn_facts(node, facts_of(raw))
            return
        data = self._clean(raw)
        if data is None or (is_truncated and (node.outputs_json is not None or facts is not None)):
            return
        if self._keeper.keeps_payloads:
            node.outputs_json = data
            if facts is not None:
                node._extras.facts = None  # they are read again when they are asked for
            return
        node.outputs_json = self._keeper.payload(data)
        self._learn_facts(node, facts_of(data))

    def _learn_facts(self, node: NodeExecution, facts: Facts) -> None:
        if facts is not NO_FACTS or node._extras.facts is not None:
            node.extras().facts = facts

    def resume_execution(self, node: NodeExecution) -> None:
        """Take a start frame of a known execution: it runs again, unless its end is already known.

        So does what holds it.
        """
        if node.status not in OVER or node.inferred:
            node.status = "running"
            node.inferred = False
            node.ended_at = None
            ran = self._of_node.get(node.node_id)
            if isinstance(ran, Several):
                ran.go_on(node)
            if node.container is not None:
                node.container.go_on()
            self._touch(node)
            if node.parent is not None and node.parent.status != "running":
                self.resume_execution(node.parent)

    def pause_execution(self, node: NodeExecution) -> None:
        """Note that an execution waits; an end that is known stays."""
        if node.status not in OVER or node.inferred:
            node.status = "paused"
            node.inferred = False
            self._touch(node)

    def retry_execution(self, node: NodeExecution, index: int, error: str | None, elapsed_time: Seconds | None) -> None:
        """Note that a try failed and another one follows; the same retry twice counts once."""
        if node.inferred:
            self.resume_execution(node)
        extras = node.extras()
        if extras.attempts is None:
            extras.attempts = {}
        if index not in extras.attempts:
            extras.attempts[index] = Attempt(index=index, error=error or None, elapsed_time=elapsed_time)
            self._touch(node)

    def close_execution(
        self,
        node: NodeExecution,
        status: NodeStatus,
        *,
        error: str | None = None,
        elapsed_time: Seconds | None = None,
        finished_at: Seconds | None = None,
        at: Seconds | None = None,
    ) -> None:
        """Take the server's word on how an execution ended."""
        inferred = node._extras.inferred
        if self._over is not None and (inferred or node.status in OPEN):
            self._over.append(node)
        if status != "unknown" or inferred or node.status not in OVER:  # a word we do not know takes nothing back
            node.status = status
        if error:
            node.extras().error = error
        if elapsed_time is not None:
            node.elapsed_time = elapsed_time
        if finished_at is not None:
            node.finished_at = self._second(finished_at)
        if inferred:
            node.inferred = False
        if inferred or node.ended_at is None:
            node.ended_at = at
        self._touch(node)

    def _second(self, time: Seconds) -> Seconds:
        """Return a time of the server's; times are whole seconds, so most are as the last one, and one object then."""
        if time != self._time or type(time) is not type(self._time):
            self._time = time
        return self._time

    def infer_end(self, node: NodeExecution, status: NodeStatus, at: Seconds | None = None) -> None:
        """Conclude how an execution ended, of which the server says nothing more."""
        self.close_execution(node, status, at=at)
        node.inferred = True

    def append_execution_text(
        self, node: NodeExecution, piece: str, at: Seconds | None = None, *, thinking: bool = False
    ) -> None:
        """Append a delta to what one execution streamed; `thinking` as in `Text.append`."""
        self._append_to(node, piece, at, thinking)

    def give_text(self, node: NodeExecution, waited: Text, at: Seconds | None = None) -> None:
        """Append what waited until it was known which execution streams it; `waited` has this run's limit."""
        extras = node.extras()
        if extras.text is None:
            extras.text = self._text_to_fill()
        self._keeper.characters += extras.text.take(waited)
        if at is not None and waited.length and extras.first_token_at is None:
            extras.first_token_at = at
        self._touch(node)

    def hand_over_text(self, node: NodeExecution, owner: NodeExecution) -> None:
        """Give an execution what another one streamed, as it turns out. The one that gets it has streamed nothing."""
        extras = node._extras
        if extras.text is None or owner._extras.text is not None:
            return
        owner.extras().text, extras.text = extras.text, None
        owner.extras().first_token_at, extras.first_token_at = extras.first_token_at, None
        self._touch(node)
        self._touch(owner)

    def begin_round(self, container: NodeExecution, index: int) -> None:
        """Note that a round is announced. It is shown when something of it is."""
        rounds = container._extras.container
        if rounds is not None:
            rounds.go_to(index)
            self._touch(container)

    def time_round(self, container: NodeExecution, index: int, elapsed_time: Seconds) -> None:
        """Learn how long a round took, in seconds."""
        rounds = container._extras.container
        turn = rounds.rounds.get(index) if rounds is not None else None
        if turn is not None:
            turn.elapsed_time = elapsed_time
            turn.thaw()
            self._touch(container)

    def spend(self, node: NodeExecution, usage: NodeUsage) -> None:
        """Take what an execution spent. Each execution counts once, however often it is told; containers never."""
        old = node.usage
        if old is not None:
            usage = NodeUsage(
                total_tokens=known(usage.total_tokens, old.total_tokens),
                prompt_tokens=known(usage.prompt_tokens, old.prompt_tokens),
                completion_tokens=known(usage.completion_tokens, old.completion_tokens),
                cost=known(usage.cost, old.cost),
                model=known(usage.model, old.model),
                provider=known(usage.provider, old.provider),
            )
        node.usage = usage
        if node._extras.container is None:
            self._leaves.add(usage)
            if old is not None:
                self._leaves.take_back(old)
        self._touch(node)

    def log(self, node: NodeExecution, entry: LogEntry, parent_id: str | None) -> None:
        """Add or update an entry of an agent's log; what the update leaves out stays."""
        if not self._keeper.keeps_payloads:
            data, metadata = self._keeper.value(entry.data), self._keeper.value(entry.metadata)
            entry = msgspec.structs.replace(entry, data=data, metadata=metadata)
        extras = node.extras()
        if extras.logs is None:
            extras.logs = {}
        log = extras.logs.get(entry.id)
        if log is None:
            extras.logs[entry.id] = Log(entry, parent_id)
        else:
            log.update(entry, parent_id)
        self._touch(node)

    def _clean(self, raw: RawJson) -> bytes | None:
        """Return a private copy of a JSON value, which pins no buffer; None for null. What is mended is reported."""
        if raw == _EMPTY:
            return b"{}"  # one object for all of them
        data = bytes(raw)
        if data in NOTHING:
            return None
        kept = cleaned(data)
        if kept is not data:
            self.report("non-standard-json" if _is_utf8(data) else "bad-utf8", f"{len(data)} bytes")
        return kept

    def append_node_text(self, node_id: str, piece: str, at: Seconds | None = None) -> None:
        """Append a delta to what a node itself streamed.

        Text that arrives before its node waits for it. Text that arrives after the node's end is its own if it is
        still missing there, else it belongs to the next execution (a server may hold text back until the text before
        it is complete).
        """
        node = self.latest(node_id)
        if node is None or (node.status in OVER and _text_is_complete(node)):
            self._waiting_text = self._wait(self._waiting_text, node_id, piece)
        else:
            self._append_to(node, piece, at, False)

    def append_node_reasoning(self, node_id: str, piece: str, at: Seconds | None = None) -> None:
        """Append a delta of thinking to an execution of a node; what comes before the node waits for it."""
        node = self.latest(node_id)
        if node is None:
            self._waiting_reasoning = self._wait(self._waiting_reasoning, node_id, piece)
        else:
            self._append_reasoning_to(node, piece, at)

    def _append_reasoning_to(self, node: NodeExecution, piece: str, at: Seconds | None) -> None:
        extras = node.extras()
        if extras.reasoning is None:
            extras.reasoning = self._text_to_fill()
        self._grow(extras.reasoning, piece)
        if at is not None and piece and extras.first_token_at is None:
            extras.first_token_at = at
        self._touch(node)

    def _append_to(self, node: NodeExecution, piece: str, at: Seconds | None, thinking: bool) -> None:
        text = node._extras.text
        if text is None:
            text = node.extras().text = self._text_to_fill()
        lost = text.append(piece, thinking)
        if lost:
            self._keeper.characters += lost
        if at is not None and piece and node._extras.first_token_at is None:
            node.extras().first_token_at = at
        self._touch(node)

    def _wait(self, texts: dict[str, Text] | None, node_id: str, piece: str) -> dict[str, Text]:
        """Keep a delta for the node's next execution."""
        texts = {} if texts is None else texts
        text = texts.get(node_id)
        if text is None:
            text = texts[node_id] = self._text_to_fill()
        self._grow(text, piece)
        return texts

    def _text_to_fill(self) -> Text:
        return Text(self._keeper.policy.max_text)

    def _grow(self, text: Text, piece: str, thinking: bool = False) -> None:
        self._keeper.characters += text.append(piece, thinking)


def known(first: T | None, second: T | None) -> T | None:
    """Return the first one that is not None."""
    return second if first is None else first


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _text_is_complete(node: NodeExecution) -> bool:
    """Whether a node that is over already has all of its text, by its own outputs."""
    whole, text = node.facts.text_length, node._extras.text
    return whole is not None and (text.length if text is not None else 0) >= whole
