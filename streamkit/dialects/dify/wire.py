"""What stands between the wire and a run, and must survive from one event to the next, and from one body to the next.

Which shape of app this is, whether a workflow was seen, whether a snapshot or a replay is being read. The rules of
`reducer` hold here; the rooms that share this state are `speech`, `forms` and `nodes`.
"""

from typing import Final

from streamkit.dialects.dify import events as dify
from streamkit.dialects.dify.containers import Containers
from streamkit.run import NodeExecution, Run

MAY_GO_ON: Final = frozenset({"interrupted", "paused"})
"""States of a run that any later event of it takes back."""


class Wire:
    """The wire state of one run."""

    __slots__ = (
        "_agent",
        "_answered",
        "_boxes",
        "_log_owners",
        "_message_ended",
        "_reasoned",
        "_relayed",
        "_replay",
        "_resumed",
        "_snapshot",
        "_waiting_logs",
        "_whole",
        "_workflow",
    )

    def __init__(self) -> None:
        self._answered: set[str] | None = None
        """Nodes whose form was answered, or expired, and whose execution has not ended since."""
        self._boxes: Containers | None = None
        self._workflow = False
        """Whether any frame of a workflow was seen: then `message_end` is not the end (C.12)."""
        self._message_ended = False
        self._agent = False
        """Whether the answer comes as `agent_message`: then a `message` is the whole answer (C.10)."""
        self._resumed = False
        self._whole = False
        """Whether all text so far was streamed to us: from the start of the run on, or told by a snapshot since."""
        self._snapshot = False
        """Whether frames are rows of a snapshot: rounds are lost, forms are templates (C.8)."""
        self._replay = False
        """Whether a run that had ended is told again: then nothing is made (DESIGN: replay mode)."""
        self._relayed = False
        """Whether the body opened with a ping, as only relayed streams do (A.8, correction 13)."""
        self._reasoned: dict[str, bool] = {}  # an empty set is three times as large
        """Nodes whose thinking was told; `message_end` tells it all again."""
        self._waiting_logs: dict[str, list[dify.AgentLogData]] | None = None
        """Entries of agents' logs by the node that they wait for."""
        self._log_owners: dict[tuple[str | None, str], NodeExecution] | None = None
        """The execution that has an entry, by node id and entry id (correction 5)."""

    @property
    def _containers(self) -> Containers:
        """Where executions stand in containers; most runs have none, and a gateway has many runs."""
        if self._boxes is None:
            self._boxes = Containers()
        return self._boxes

    def _workflow_frame(self, run: Run, event: dify.DifyEvent) -> None:
        """Note that this run is one of a workflow: `message_end` alone does not end it."""
        if run.status in MAY_GO_ON:
            run.reopen()
        if self._workflow:
            return
        self._workflow = True
        run.set_mode("chatflow" if event.message_id or event.conversation_id or run.message_id else "workflow")
        if self._message_ended:
            run.withdraw_end()

    def _message_frame(self, run: Run, event: dify.DifyEvent) -> None:
        """Learn the mode of an app from its messages (B.1, corrections 13 and 17)."""
        if run.status in MAY_GO_ON:
            run.reopen()
        if run.started_at is None and not self._workflow:
            run.start(started_at=event.created_at)
        if run.mode is None or (run.mode == "completion" and event.conversation_id):
            if not event.conversation_id:
                run.set_mode("completion")
            else:
                run.set_mode("chatflow" if self._relayed else "chat")

    def _is_agent(self, run: Run) -> None:
        if not self._agent:
            self._agent = True
            run.set_mode("agent-chat")

    def _is_late(self, run: Run, what: str, *, known: bool = False) -> bool:
        """Whether something may not change the run any more, and report it so.

        Args:
            run: the run.
            what: what came.
            known: whether it tells more of what is known: a replay may do that.
        """
        if self._replay:
            if not known:
                run.report("replay-unknown", what)
            return not known
        if run.settled:
            run.report("after-end", what)
        return run.settled
