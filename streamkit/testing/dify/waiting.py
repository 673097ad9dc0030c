"""Runs that wait for a person: the form, the pause, and how they go on."""

from typing import TYPE_CHECKING, Final

from streamkit.testing.dify.frames import Ended, Execution
from streamkit.testing.dify.script import Pause, Resume
from streamkit.testing.seeded import Json

if TYPE_CHECKING:
    from streamkit.testing.dify.engine import Engine

_DAYS: Final = 3 * 24 * 60 * 60
_STYLES: Final = ("primary", "default")
_CHANNELS: Final = ["service_api"]


class Waiting:
    """Lets the run of an engine wait."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._asked: tuple[Pause, Execution] | None = None

    def pause(self, step: Pause) -> None:
        """Ask a person."""
        engine, pen = self._engine, self._engine.pen
        execution = engine.nodes.begin("human-input", step.title)
        form = self._form(step, execution)
        self._asked = step, execution
        pen.flow("human_input_required", {**_asked_first(form, execution), **_asked_last(form)})
        reason = {"TYPE": "human_input_required", **_listed(form, execution)}
        told = {
            "workflow_run_id": pen.run,
            "paused_nodes": [execution.node],
            "outputs": {},
            "reasons": [reason],
            "status": "paused",
            "created_at": pen.begun,
            "elapsed_time": round(pen.now, 6),
            "total_tokens": engine.spent.total,
            "total_steps": engine.steps,
        }
        pen.flow("workflow_paused", told)

    def _form(self, step: Pause, execution: Execution) -> Json:
        engine = self._engine
        fields = [
            {
                "type": "paragraph",
                "output_variable_name": name,
                "default": {"type": "constant", "selector": [], "value": ""},
            }
            for name in step.fields
        ]
        actions = [
            {"id": name, "title": name.capitalize(), "button_style": _STYLES[place > 0]}
            for place, name in enumerate(step.actions)
        ]
        blanks = "".join(f"\n\n{{{{#$output.{name}#}}}}" for name in step.fields)
        channels = {"approval_channels": _CHANNELS} if engine.pen.version.has_reasoning else {}
        return {
            "form_id": engine.seeded.uuid(),
            "form_content": step.content + blanks,
            "inputs": fields,
            "actions": actions,
            "form_token": engine.seeded.token(),
            **channels,
            "resolved_default_values": {},
            "expiration_time": execution.created_at + _DAYS,
        }

    def resume(self, step: Resume) -> None:
        """Go on in another body: the form is filled in, or its time is over."""
        engine, pen = self._engine, self._engine.pen
        if self._asked is None:
            raise ValueError("no form waits")
        asked, before = self._asked
        self._asked = None
        pen.turn()
        engine.begin("resumption")
        execution = engine.nodes.begin("human-input", asked.title, before)
        named = {"node_id": execution.node, "node_title": asked.title}
        if step.action is None:
            pen.flow("human_input_form_timeout", {**named, "expiration_time": pen.stamp})
        else:
            pen.flow("human_input_form_filled", {**named, **self._filled(asked, step)})
        ended = self._ended(asked, step)
        pen.flow("node_finished", engine.frames.node_ended(execution, ended, pen.stamp))

    def _filled(self, asked: Pause, step: Resume) -> Json:
        action = step.action or ""
        told = {"action_id": action, "action_text": action.capitalize()}
        submitted = {"submitted_data": step.fields} if self._engine.pen.version.has_submitted_data else {}
        return {"rendered_content": _rendered(asked, step), **told, **submitted}

    def _ended(self, asked: Pause, step: Resume) -> Ended:
        has_values = self._engine.pen.version.has_submitted_data
        inputs = (
            {name: {"value_type": "string", "value": value} for name, value in step.fields.items()}
            if has_values
            else {}
        )
        action = step.action if step.action is not None else "__timeout"
        told = {**step.fields, "__action_id": action, "__rendered_content": _rendered(asked, step)}
        if has_values:
            told["__action_value"] = action.capitalize() if step.action is not None else ""
        return Ended("succeeded", None, inputs, {}, told, 0.01, {})


def _rendered(asked: Pause, step: Resume) -> str:
    return asked.content + "".join(f"\n\n{step.fields.get(name, '')}" for name in asked.fields)


def _asked_first(form: Json, execution: Execution) -> Json:
    named = {"form_id": form["form_id"], "node_id": execution.node, "node_title": execution.title}
    return {**named, **{name: form[name] for name in ("form_content", "inputs", "actions")}, "display_in_ui": True}


def _asked_last(form: Json) -> Json:
    return {name: form[name] for name in (*_SECRET, "resolved_default_values", "expiration_time") if name in form}


_SECRET: Final = ("form_token", "approval_channels")


def _listed(form: Json, execution: Execution) -> Json:
    """Return a form as a reason of a pause tells it: the same, in another order."""
    told: Json = {name: form[name] for name in ("form_id", "form_content", "inputs", "actions")}
    named = {"node_id": execution.node, "node_title": execution.title}
    tail: Json = {name: form[name] for name in ("resolved_default_values", *_SECRET, "expiration_time") if name in form}
    return {**told, **named, **tail}
