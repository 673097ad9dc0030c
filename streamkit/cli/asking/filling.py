"""A form, answered on the terminal: its text, its fields one after the other, its buttons."""

import time
from typing import Literal

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

Filled = Literal["answered", "late", "left"]
"""What became of forms: all are answered; the time of one ran out, which the server has to notice; one waits on."""


async def fill(target: Target, run: Run) -> Filled:
    """Ask a person for the answers to all forms that a run waits for, and send them."""
    for told in [form for form in run.forms if form.status == "waiting"]:
        form = read(told, run.dialect, await target.defaults(told))
        if form.closed:
            complain(f"{form.title}: {form.closed}")
            return "left"
        left = form.remaining(time.time())  # noqa: TID251 - the server's stamps are of the day
        with anyio.move_on_after(left) as clock:
            if not await _answered(target, run, told, form):
                return "left"
        if clock.cancelled_caught:
            print_text("\nits time ran out")
            return "late"
    return "answered"


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
            await target.answer(run, told, action.id, form.body(entered, action.id))
        except (UpstreamError, BadEntry, OSError) as error:
            complain(f"{form.title}: {error}")
            if getattr(error, "status", None) not in (400, 422):  # else something else can be entered
                return False
        else:
            return True


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
