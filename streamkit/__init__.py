"""See inside a Dify or RAGFlow run while it streams.

Importing this loads msgspec and the standard library, nothing else.
"""

from streamkit.errors import RunFailed, StreamkitError, UnknownDialect
from streamkit.frames import Frame
from streamkit.gateway.relay import watch
from streamkit.run import Run, RunState
from streamkit.run.retention import GATEWAY, Retention
from streamkit.sse import Parser
from streamkit.tap import Tap

__all__ = [
    "GATEWAY",
    "Frame",
    "Parser",
    "Retention",
    "Run",
    "RunFailed",
    "RunState",
    "StreamkitError",
    "Tap",
    "UnknownDialect",
    "watch",
]
