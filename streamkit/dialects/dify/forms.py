"""The forms that a Dify run shows to a person: asked, answered, expired (protocol C.8, C.9)."""

from typing import Any

import msgspec

from streamkit.dialects.dify import events as dify
from streamkit.dialects.dify.wire import Wire
from streamkit.run import HumanInput, NodeExecution, Run
from streamkit.run.payload import bounded
from streamkit.run.state import Seconds


class Forms(Wire):
    """Folds what becomes of forms."""

    __slots__ = ()

    def _human_input_required(self, run: Run, event: dify.HumanInputRequired, at: Seconds | None) -> None:
        data = event.data
        if data.node_id is not None and data.node_id == event.message_id:  # B.2: the New Agent app asks
            self._is_agent(run)
            run.set_mode("agent")
        else:
            self._workflow_frame(run, event)
        if not run.knows_form(data.form_id) and self._is_late(run, f"form {data.form_id}"):
            return
        run.ask(
            HumanInput(
                form_id=data.form_id,
                node_id=data.node_id or "",
                title=data.node_title,
                content=data.form_content,
                inputs=_list(data.inputs),
                actions=_list(data.actions),
                token=data.form_token,
                expires_at=data.expiration_time,
            ),
            replayed=self._snapshot or self._replay,
        )

    def _take_reason(self, run: Run, reason: dify.PauseReason) -> None:
        """Learn a form from the pause, where its own event was lost."""
        if reason.node_id is None or run.knows_form(reason.form_id):
            return
        if reason.form_id is None and run.form_of(reason.node_id) is not None:
            return
        run.ask(
            HumanInput(
                form_id=reason.form_id,
                node_id=reason.node_id,
                title=reason.node_title,
                content=reason.form_content,
                inputs=_list(reason.inputs),
                actions=_list(reason.actions),
                token=reason.form_token,
                expires_at=reason.expiration_time,
            )
        )

    def _form_filled(self, run: Run, event: dify.HumanInputFormFilled, at: Seconds | None) -> None:
        self._workflow_frame(run, event)
        data = event.data
        form = self._form(run, data.node_id, data.node_title)
        if form is None:
            return
        run.answer_form(
            msgspec.structs.replace(
                form,
                status="submitted",
                content=data.rendered_content or form.content,
                action_id=data.action_id,
                submitted=bounded(data.submitted_data),
            )
        )

    def _form_timeout(self, run: Run, event: dify.HumanInputFormTimeout, at: Seconds | None) -> None:
        self._workflow_frame(run, event)
        data = event.data
        form = self._form(run, data.node_id, data.node_title)
        if form is None:
            return
        expires_at = form.expires_at if data.expiration_time is None else data.expiration_time
        run.answer_form(msgspec.structs.replace(form, status="expired", expires_at=expires_at))

    def _form(self, run: Run, node_id: str | None, title: str | None) -> HumanInput | None:
        """Return the form of a node; where only its answer is seen, a form that the answer alone makes known."""
        known = run.form_of(node_id or "")
        if self._is_late(run, f"form of {node_id}", known=known is not None):
            return None
        if self._answered is None:
            self._answered = set()
        self._answered.add(node_id or "")
        return known or HumanInput(form_id=None, node_id=node_id or "", title=title)

    def _settle_form(self, run: Run, node: NodeExecution) -> None:
        """Take the answer to a form from the node's outputs, where the event that tells it was lost (C.8)."""
        if self._answered and node.node_id in self._answered:
            self._answered.remove(node.node_id)
            return
        form = run.form_of(node.node_id)
        action = node.facts.action_id
        if form is not None and form.status == "waiting" and action is not None:
            run.answer_form(msgspec.structs.replace(form, status="submitted", action_id=action))


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - a JSON value
    """Return a field that should hold a list as one."""
    value = bounded(value)
    return value if isinstance(value, list) else [] if value is None else [value]
