"""What the tests of the whole viewer share: one over fixtures, whose time stands still, and what is on its screen."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from textual import events
from textual._context import visible_screen_stack
from textual.keys import _character_to_key
from textual.pilot import Pilot

from streamkit.cli.render.look import ASCII, UNICODE, Look
from tests.golden.goldens import body_of
from viewer.app import Viewer
from viewer.session import Session
from viewer.spool import KeptSpool
from viewer.stream import Stream, Watch
from viewer.widgets import lines

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
DEMO = ROOT / "streamkit" / "demo"
NOW = 1_800_000_000.0
LOOKS = {"unicode": Look(glyphs=UNICODE), "ascii": Look(glyphs=ASCII)}


class Still(Viewer):
    """A viewer that ticks when something is done, and not by itself."""

    CSS_PATH = ROOT / "viewer" / "viewer.tcss"

    def set_interval(self, interval: float, *args: Any, **kwargs: Any) -> Any:
        return super().set_interval(1e6, *args, **kwargs)


class Shown:
    """A viewer on a screen."""

    def __init__(self, app: Viewer, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys as they are called, or characters; faster than a pilot, who waits for an idle processor."""
        for key in keys:
            await self.send(key)
            await self.settle()

    async def send(self, key: str) -> None:
        """Press a key, without waiting for what comes of it."""
        name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        event = events.Key(name, key if len(key) == 1 else None)
        event.set_sender(self.app)
        self.app._driver.send_message(event)

    async def write(self, text: str) -> None:
        """Press a character after the other, then enter."""
        await self.press(*("space" if char == " " else char for char in text), "enter")

    async def settle(self) -> None:
        """Wait until all that was asked for is done, and the panes were laid out."""
        laid_out = None
        for _ in range(10):
            before, laid_out = laid_out, await self.paint()
            if laid_out == before:
                break
        await self.pilot._wait_for_screen()

    async def paint(self) -> object:
        """Do what was asked for, and paint once; return what would change if that asked for more."""
        await self.pilot._wait_for_screen()
        screen = self.app.screen
        if not self.app._exit:
            self.app.tick()
        for _ in range(3):
            await asyncio.sleep(0)
            self._tell_what_is_below()
            screen._on_timer_update()
        return screen, [(pane.id, pane.is_on_screen, pane.region, pane.scroll_y) for pane in self.app.panes]

    def _tell_what_is_below(self) -> None:
        """Say which screens show through the one on top, as the app does before it paints one."""
        visible_screen_stack.set(self.app._background_screens)

    @property
    def rows(self) -> list[str]:
        """The rows of the screen."""
        self._tell_what_is_below()
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(self.rows)

    @property
    def hints(self) -> str:
        """The last row."""
        return self.rows[-1]

    @property
    def at_cursor(self) -> str:
        """The row of the tree that the cursor is on, as its key."""
        row = self.app.run_tree.chosen
        return "" if row is None else ":".join(map(str, row.key))


def body(name: str) -> bytes:
    """Return a fixture, like `dify/chat_simple`, or a recording of the demo, like `demo/form-that-waits`."""
    folder, _, file = name.partition("/")
    return body_of(DEMO / f"{file}.skrec" if folder == "demo" else FIXTURES / f"{name}.sse")


def watch(*names: str) -> Watch:
    """Watch fixtures, each to its end."""
    found = Watch()
    for name in names:
        stream = opened(found, f"{name}.sse")
        stream.feed(body(name))
        stream.close()
    return found


def opened(found: Watch, name: str = "live", clock: Any = None) -> Stream:
    """Begin to watch a body in memory."""
    return found.open(name, KeptSpool(io.BytesIO()), clock)


@asynccontextmanager
async def shown(
    *names: str,
    watching: Watch | None = None,
    size: tuple[int, int] = (140, 40),
    look: str = "unicode",
    colour: bool = True,
    wall: float = NOW,
    **options: Any,
) -> AsyncIterator[Shown]:
    """Show a viewer of fixtures."""
    found = watching if watching is not None else watch(*names)
    app = Still(found, Session(), look=LOOKS[look], colour=colour, wall=lambda: wall, **options)
    with patch.object(lines, "_LAYOUT_EVERY", 0.0):  # else it depends on the clock when a scroll bar comes
        async with app.run_test(size=size) as pilot:
            found_on = Shown(app, pilot)
            await found_on.settle()
            yield found_on
