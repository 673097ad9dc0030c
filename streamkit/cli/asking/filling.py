"""A form, answered on the terminal: its text, its fields one after the other, its buttons."""

import time
from collections.abc import Mapping
from typing import Any, Final

import anyio

from streamkit.cli.asking.entries import BadEntry
from streamkit.cli.asking.forms import Action, Form, read
from streamkit.cli.asking.inputs import BadInput, asked
from streamkit.cli.asking.targets import Target
from streamkit.cli.asking.typed import typed
from streamkit.cli.output import complain, print_text
from streamkit.cli.render import figures
from streamkit.errors import UpstreamError
from streamkit.run import HumanInput, Run

_LONGEST: Final = 10 * 365 * 86400.0
"""Seconds that no form is waited for."""


async def fill(target: Target, run: Run) -> bool:
    """Ask a person for the answers to all forms that a run waits for, and send them.

    Returns:
        Whether the run goes on: all are answered, or the time of one ran out meanwhile.
    """
    for told in [form for form in run.forms if form.status == "waiting"]:
        form = read(told, run.dialect, await target.defaults(told))
        if form.closed:
            complain(f"{form.title}: {form.closed}")
            return False
        left = form.remaining(time.time())  # noqa: TID251 - the server's stamps are of the day
        with anyio.move_on_after(_LONGEST if left is None else left) as clock:
            if not await _answered(target, run, told, form):
                return False
        if clock.cancelled_caught:
            print_text("\nits time ran out")
            return True
    return True


async def _answered(target: Target, run: Run, told: HumanInput, form: Form) -> bool:
    """Ask until an answer is taken; False if nobody answers."""
    _print(form)
    while True:
        try:
            entered = {field.key: await asked(field) for field in form.fields}
        except BadInput:
            return False
        action = await _pressed(form)
        if action is None:
            return False
        try:
            await target.answer(run, told, action.id, _body(form, entered, action))
        except (UpstreamError, BadEntry, OSError) as error:
            complain(f"{form.title}: {error}")
            if getattr(error, "status", None) not in (400, 422):  # else something else can be entered
                return False
        else:
            return True


def _body(form: Form, values: Mapping[str, Any], action: Action) -> dict[str, Any]:
    """Return what is sent: the values are checked already."""
    if form.by_action:
        return {"inputs": dict(values), "action": action.id}
    return {"inputs": {field.key: {**field.told, "value": values[field.key]} for field in form.fields}}


def _print(form: Form) -> None:
    left = form.remaining(time.time())  # noqa: TID251
    expiry = f"  (expires in {figures.duration(left)})" if left is not None else ""
    print_text(f"\n{form.title}{expiry}")
    if form.content.strip():
        print_text("\n".join(f"  {line}" for line in form.content.strip().splitlines()))


async def _pressed(form: Form) -> Action | None:
    """Ask which button is pressed; None if nobody answers."""
    if len(form.actions) == 1 and not form.by_action:
        return form.actions[0]
    names = "  ".join(f"[{action.key or number}] {action.title}" for number, action in enumerate(form.actions, 1))
    while (entered := await typed(f"{names}: ")) is not None:
        word = entered.strip().lower()
        for number, action in enumerate(form.actions, 1):
            if word and word in (action.key, str(number), action.id.lower(), action.title.lower()):
                return action
    return None
