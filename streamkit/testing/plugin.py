"""The pytest plugin: servers of the vendors, for one test each.

Must stay light, as every pytest session of an environment with streamkit imports it: what serves is imported by a test
that asks for a server.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from streamkit.testing.server import Server


def _serve(vendor: str) -> "Iterator[Server]":
    from streamkit.testing.server import Server

    with Server(vendor) as server:
        yield server
        unmatched = server.unmatched if server.is_strict else []
    if unmatched:
        pytest.fail("\n".join(unmatched), pytrace=False)


@pytest.fixture
def dify() -> "Iterator[Server]":
    """A Dify server that plays what the test tells it to: `dify.play("chatflow")`, then ask `dify.base_url`."""
    yield from _serve("dify")


@pytest.fixture
def ragflow() -> "Iterator[Server]":
    """A RAGFlow server that plays what the test tells it to: `ragflow.play("agent")`, then ask `ragflow.base_url`."""
    yield from _serve("ragflow")


@pytest.fixture
def openai_server() -> "Iterator[Server]":
    """A server that speaks as OpenAI does: `openai_server.play("chat")`, then ask `openai_server.base_url`."""
    yield from _serve("openai")
