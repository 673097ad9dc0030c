"""What the rows of a run have in common, whatever they are of."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from streamkit.run import LogEntry, NodeExecution, Round, Run
from streamkit.run.state import Attempt
from viewer.facts import Now

Published = Run | NodeExecution | Round | Attempt | LogEntry
"""What can be told of: of an entry of a log its published form."""


Whole = Callable[[Published], AbstractContextManager[object]]
"""Sees to it that an item has all its payloads for a while: `Payloads.all_of`."""


def id_of(item: Published) -> str | None:
    """Return the vendor's id of an item, as the vendor wrote it; None where it has none."""
    if isinstance(item, Run):
        return item.id or item.message_id
    return item.id if isinstance(item, NodeExecution | LogEntry) else None


def error_of(item: Published) -> str | None:
    """Return why something failed, as the vendor says it; None where nobody does."""
    if isinstance(item, Round):
        return None
    error = item.error
    return error if error is None or isinstance(error, str) else error.message


def last_moment(run: Run, spent: Any = None) -> Now:  # noqa: ANN401 - as `Now` takes it
    """Return the last moment that is known of a run, for who looks at it without a clock."""
    return Now(run.last_progress_at or 0.0, spent)
