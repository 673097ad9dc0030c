"""Forms of Dify's runs: shown, and answered, after which the run goes on with its next recording (protocol C.8)."""

from typing import Final

from streamkit.replay.dify.refusals import refused
from streamkit.replay.routes import Asked, Reply, reply
from streamkit.replay.sessions import Form, Session
from streamkit.replay.stage import Stage

_SUBMITTED: Final = ("human_input_form_submitted", "This form has already been submitted", 412)
_EXPIRED: Final = ("human_input_form_expired", "This form has expired", 412)


def form(stage: Stage, asked: Asked) -> Reply:
    """Show a form that waits."""
    found = _waiting_form(stage, asked)
    if isinstance(found, Reply):
        return found
    shown = {
        "form_content": found.asked.content,
        "inputs": found.asked.inputs,
        "resolved_default_values": {},
        "user_actions": found.asked.actions,
        "expiration_time": found.expires_at,
    }
    return reply(shown)


def submit_form(stage: Stage, asked: Asked) -> Reply:
    """Answer a form: what was recorded of the run behind it goes on."""
    found = _waiting_form(stage, asked)
    if isinstance(found, Reply):
        return found
    action = asked.text("action")
    known = [str(one.get("id")) for one in found.asked.actions or () if isinstance(one, dict)]
    if not action or (known and action not in known):
        return refused("invalid_form_data", f"Invalid action: {action!r}; the form has {', '.join(known)}", 400)
    session = stage.sessions.of(found.token)
    assert session is not None  # noqa: S101 - it has the form
    session.submit(found, action, asked.body.get("inputs"))
    return reply({})


def _waiting_form(stage: Stage, asked: Asked) -> Form | Reply:
    token = asked.params["token"]
    session = stage.sessions.of(token) or _begun_elsewhere(stage, token)
    found = session.forms.get(token) if session is not None else None
    if found is None:
        return refused("not_found", "Form not found", 404)
    if found.status == "submitted":
        return refused(*_SUBMITTED)
    is_late = stage.now is not None and found.expires_at is not None and stage.now() > found.expires_at
    return refused(*_EXPIRED) if is_late or found.status == "expired" else found


def _begun_elsewhere(stage: Stage, token: str) -> Session | None:
    """Return the session of a form that was asked by another server, of the same recordings."""
    take = next((take for take in stage.library.takes if any(form.token == token for form in take.run.forms)), None)
    return stage.sessions.open(stage.library.group(take)) if take is not None else None
