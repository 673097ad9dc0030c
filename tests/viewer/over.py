"""What the tests of screens over the panes share: an app under them, and what stands on its screen."""

import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from streamkit import Tap
from streamkit.run import Run

FIXTURES = Path(__file__).parents[2] / "fixtures"


def run_of(name: str) -> Run:
    """Return the run of a fixture, like `dify/chat_simple.sse`."""
    tap = Tap("auto")
    tap.feed((FIXTURES / name).read_bytes())
    tap.close()
    return tap.run


class Under(App[None]):
    """Nothing, over which a screen is shown; keeps what it returned."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self) -> None:
        super().__init__()
        self.returned: list[Any] = []


@asynccontextmanager
async def shown(screen: Screen[Any], size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    """Show a screen."""
    app = Under()
    async with app.run_test(size=size) as pilot:
        await app.push_screen(screen, app.returned.append)
        await pilot.pause()
        yield pilot


def rows(pilot: Pilot[None]) -> list[str]:
    """Return the rows of the screen."""
    strips = pilot.app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


def text(pilot: Pilot[None]) -> str:
    """Return what stands on the screen."""
    return "\n".join(rows(pilot))


def obeyed(told: str) -> set[str]:
    """Return the characters of a text that a terminal would obey: controls, and what turns the direction of reading."""
    turning = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    return {char for char in told if char != "\n" and (unicodedata.category(char) in ("Cc", "Cs") or char in turning)}
