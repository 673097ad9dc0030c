"""How Dify refuses."""

from streamkit.replay.blocking import dify_error
from streamkit.replay.routes import Reply, reply


def refused(code: str, message: str, status: int) -> Reply:
    """Return an error of Dify's."""
    return reply(dify_error(code, message, status), status)
