"""What a Dify app says: its answer, its thinking, files, thoughts of agents (protocol B.3, C.3, C.10)."""

from functools import partial
from typing import TypeGuard

from streamkit.dialects.base import Event, Sink
from streamkit.dialects.dify import events as dify
from streamkit.dialects.dify.facts import usage_of
from streamkit.dialects.dify.nodes import Nodes
from streamkit.dialects.dify.wire import MAY_GO_ON
from streamkit.run import Run, Thought
from streamkit.run.execution import OVER
from streamkit.run.payload import bounded
from streamkit.run.state import Seconds


class Speech(Nodes):  # and not beside them: a compiled class has one base
    """Folds text and what comes with it."""

    __slots__ = ()

    def _message(self, run: Run, event: dify.Message, at: Seconds | None) -> None:
        self._message_frame(run, event)
        if self._agent:  # the New Agent app ends with the whole answer
            run.set_mode("agent")
            if event.answer and not run.settled:
                run.complete_text(event.answer)
            return
        self._delta(run, event.answer, event.from_variable_selector, at)

    def _delta(self, run: Run, piece: str, selector: dify.Selector, at: Seconds | None) -> None:
        if self._replay:  # deltas have no identity, so a replay of them cannot be told from more text
            return
        if run.settled:
            if piece:
                run.report("after-end", f"{len(piece)} characters")
            return
        run.append_text(piece, at)
        if _is_text(selector):
            run.append_node_text(selector[0], piece, at)

    def _agent_message(self, run: Run, event: dify.AgentMessage, at: Seconds | None) -> None:
        self._message_frame(run, event)
        self._is_agent(run)
        self._delta(run, event.answer, None, at)

    def _text_chunk(self, run: Run, event: dify.TextChunk, at: Seconds | None) -> None:
        self._workflow_frame(run, event)
        self._delta(run, event.data.text, event.data.from_variable_selector, at)

    def _reasoning_chunk(self, run: Run, event: dify.ReasoningChunk, at: Seconds | None) -> None:
        self._workflow_frame(run, event)
        if not self._replay and not run.settled:
            if event.data.reasoning:
                self._reasoned[event.data.node_id or ""] = True
            run.append_reasoning(event.data.reasoning, event.data.node_id, at)

    def sink(self, run: Run, event: Event) -> Sink | None:
        """Return what appends the texts of more events like this one, all else of which is known from this one.

        Not where a text may be late, part of a replay, the whole answer, or another node's.
        """
        if self._replay or run.settled or run.status in MAY_GO_ON:
            return None
        if isinstance(event, dify.ReasoningChunk):
            return self._reasoning_sink(run, event.data.node_id)
        if not run.takes_deltas or (self._agent and isinstance(event, dify.Message)):
            return None
        selector = event.data.from_variable_selector if isinstance(event, dify.TextChunk) else _selector(event)
        if not _is_text(selector):
            return partial(run.append_deltas, None)
        node = run.latest(selector[0])
        return None if node is None or node.status in OVER else partial(run.append_deltas, node)

    def _reasoning_sink(self, run: Run, node_id: str | None) -> Sink | None:
        node = run.latest(node_id) if node_id in self._reasoned and node_id else None
        return None if node is None else partial(run.append_reasoning_deltas, node)

    def _message_replace(self, run: Run, event: dify.MessageReplace, at: Seconds | None) -> None:
        self._message_frame(run, event)
        if not self._replay and not run.settled:
            self._whole = True
            # Correction 15: after moderation, and without a workflow, deltas that follow are late.
            run.replace_text(event.answer, freeze=event.reason == "output_moderation" or not self._workflow)

    def _text_replace(self, run: Run, event: dify.TextReplace, at: Seconds | None) -> None:
        self._workflow_frame(run, event)
        if not self._replay and not run.settled:
            run.replace_text(event.data.text)

    def _agent_thought(self, run: Run, event: dify.AgentThought, at: Seconds | None) -> None:
        self._message_frame(run, event)
        thought_id = event.id or f"position:{event.position}"
        if self._is_late(run, "agent_thought", known=run.knows_thought(thought_id)):
            return
        self._is_agent(run)
        run.think(
            Thought(
                id=thought_id,
                position=event.position,
                thought=event.thought,
                tool=event.tool,
                tool_input=event.tool_input,
                observation=event.observation,
                files=event.message_files or (),
            )
        )

    def _message_file(self, run: Run, event: dify.MessageFile, at: Seconds | None) -> None:
        self._message_frame(run, event)
        if event.url is None and isinstance(event.answer, str):  # B.2: a delta under a wrong name
            self._delta(run, event.answer, event.from_variable_selector, at)
        elif event.belongs_to != "user":
            key = event.id or event.url or ""
            if self._is_late(run, "message_file", known=run.knows_file(key)):
                return
            file = {"id": event.id, "type": event.type, "belongs_to": event.belongs_to, "url": event.url}
            run.add_file(key, file)

    def _message_end(self, run: Run, event: dify.MessageEnd, at: Seconds | None) -> None:
        if run.settled and not self._replay and not self._message_ended:
            run.report("after-end", "message_end")
            return
        self._message_frame(run, event)
        self._message_ended = True
        metadata = event.metadata or dify.MessageEndMetadata()
        if metadata.usage is not None:
            run.report_usage(usage_of(run, metadata.usage))
        run.cite([bounded(item) for item in metadata.retriever_resources or ()])
        self._add_files(run, event.files)
        for node_id, reasoning in (metadata.reasoning or {}).items():
            if reasoning and node_id not in self._reasoned:
                self._reasoned[node_id] = True
                node = run.latest(node_id)
                if not (node.reasoning if node is not None else run.reasoning):
                    run.append_reasoning(reasoning, node_id, at)
        if not self._workflow:
            run.finish("succeeded", at=at)
            run.settle()
        elif run.ended_by_server:
            run.settle()

    def _add_files(self, run: Run, files: object) -> None:
        for file in files if isinstance(files, list) else ():
            if isinstance(file, dict):
                key = file.get("related_id") or file.get("id") or file.get("url") or file.get("remote_url")
                run.add_file(str(key), bounded(file))


def _selector(event: Event) -> dify.Selector:
    return event.from_variable_selector if isinstance(event, dify.Message) else None


def _is_text(selector: dify.Selector) -> TypeGuard[tuple[str, str]]:
    """Whether a delta is of what a node itself streams (correction 8)."""
    return selector is not None and len(selector) == 2 and selector[1] == "text"
