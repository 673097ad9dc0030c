"""Opens a client for an app, and says what can be asked of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from streamkit.cli.asking.apps import App, BadConfig, key_of, place_of_key
from streamkit.cli.asking.dify import DifyTarget
from streamkit.cli.asking.paradigm import ParadigmTarget
from streamkit.cli.asking.ragflow import RAGFlowTarget
from streamkit.cli.asking.targets import Target
from streamkit.clients import DifyClient, ParadigmClient, RAGFlowClient
from streamkit.errors import Refused

USER: Final = "streamkit"
"""On whose behalf an app is asked where nobody says it."""
_UNAUTHORIZED: Final = 401
_RAGFLOW_UNAUTHORIZED: Final = "109"
"""RAGFlow says it with HTTP 200."""


@asynccontextmanager
async def reached(app: App) -> AsyncIterator[Target]:
    """Open a client for an app.

    Args:
        app: which one, and how to reach it.

    Yields:
        What can be asked of it.

    Raises:
        BadConfig: it cannot be reached as it is configured.
        Refused: the server does not take the key; a note says where that was found.
    """
    target = _target(app)
    async with target.client:
        try:
            yield target
        except Refused as error:
            if error.status == _UNAUTHORIZED or error.code == _RAGFLOW_UNAUTHORIZED:
                error.add_note(f"the key was from {place_of_key(app)}")
            raise


def _target(app: App) -> Target:
    key = key_of(app)
    try:
        match app.kind:
            case "dify":
                user = app.user or USER
                return DifyTarget(DifyClient(app.base, key, user=user, mode=app.mode), user)
            case "ragflow":
                return RAGFlowTarget(RAGFlowClient(app.base, key, api=app.api), app)
            case "paradigm":
                return ParadigmTarget(ParadigmClient(app.base, key), app)
    except ValueError as error:  # no key, no address
        raise BadConfig(f"{app.name}: {error}") from None
