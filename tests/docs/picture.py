"""The picture that leads the README: the viewer itself, on a recorded run that comes with streamkit."""

from pathlib import Path
from typing import Final

from streamkit.cli.demo import RECORDINGS
from viewer.app import Viewer
from viewer.export import without_fonts
from viewer.session import Session
from viewer.sources import FileSource
from viewer.stream import Watch

_FOLDER: Final = Path(__file__).parents[2] / "streamkit" / "demo"
_SIZE: Final = (110, 27)
"""Wide enough for all of the tree, and narrow enough to be read on a page. No clock is seen at this width."""
_KEYS: Final = ("g", "e")
"""From the top to the first error."""


async def of_the_viewer() -> str:
    """Draw the viewer as SVG: the first run of the demo, and why one of its rounds failed."""
    watch = Watch("auto")
    app = Viewer(watch, Session())
    async with app.run_test(size=_SIZE) as pilot:
        for recording in RECORDINGS:
            await FileSource(_FOLDER / recording.file).run(watch)
        app.tick()
        await pilot.press(*_KEYS)
        for _ in range(2):  # what is chosen tells what is shown of it
            app.tick()
            await pilot.pause()
        drawn = without_fonts(app.export_screenshot()).decode()
    watch.close()
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"
