"""Stop a run whose client left, by the vendor's own request."""

import logging
from typing import Final
from urllib.parse import quote

import anyio
import msgspec
from aiohttp import ClientError
from multidict import CIMultiDict

from streamkit.gateway.body import Body
from streamkit.gateway.recognise import RAGFLOW_TASK
from streamkit.gateway.upstream import Upstream

_LOG = logging.getLogger("streamkit.proxy")
_OF_A_BODY: Final = ("Accept", "Accept-Encoding", "Content-Encoding", "Content-Length", "Content-Type")

_PATIENCE: Final = 10.0
"""Seconds in which a vendor has to answer: a run that goes on is seen in its body."""


def can_stop(body: Body) -> bool:
    """Whether the run of a body can be stopped now.

    It cannot where the vendor has no such request, before its task is known, and when it ended by itself. Nor may it
    where the task is that of more than this run: before 0.26.3 RAGFlow's API calls all runs of an agent by the agent's
    id, and since then each by its session.
    """
    route, run = body.route, body.run
    if route is None or route.stop is None or run.task_id is None or run.ended_by_server:
        return False
    is_shared = route.stop.path.endswith(RAGFLOW_TASK) and run.task_id != run.conversation_id
    return not is_shared and run.task_id != route.app_id


async def stop(upstream: Upstream, body: Body, headers: CIMultiDict[str]) -> None:
    """Ask the vendor to stop a run, and wait for the answer, but not for ever.

    Args:
        upstream: the server.
        body: of a run that can be stopped.
        headers: those with which its client asked for it, as the upstream knows them.
    """
    route, task = body.route, body.run.task_id
    if route is None or route.stop is None or task is None:
        return
    for name in _OF_A_BODY:
        headers.popall(name, None)
    headers["Content-Type"] = "application/json"
    content = msgspec.json.encode({"user": body.asked.user} if body.asked.user is not None else {})
    base, _, rest = route.stop.path.partition("{task}")
    path = (
        quote(base) + quote(task, safe="") + rest
    )  # a client said the one and a server the other: no more than a path
    try:
        with anyio.fail_after(_PATIENCE):
            async with upstream.request(route.stop.method, path, headers, content) as answer:
                body.stop_status = answer.status
    except (ClientError, OSError, TimeoutError) as error:
        _LOG.warning("the run of body %s could not be stopped: %s", body.handle, type(error).__name__)
