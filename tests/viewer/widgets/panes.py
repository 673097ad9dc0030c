"""What the tests of panes share: entries, runs of fixtures, an app around one pane, and its screen as text."""

from dataclasses import dataclass, field
from pathlib import Path

from textual.app import App

from streamkit import Run, Tap
from streamkit.cli.render.cells import cells
from streamkit.cli.render.look import ASCII, UNICODE, Look

FIXTURES = Path(__file__).parents[3] / "fixtures"
NAMES = sorted(str(path.relative_to(FIXTURES)) for path in FIXTURES.rglob("*.sse") if path.stat().st_size < 60_000)
PLAIN = Look(glyphs=ASCII)
LOOK = Look(glyphs=UNICODE)
WIDTHS = range(20, 221)


def body(name):
    return (FIXTURES / name).read_bytes()


def run_of(name, part=1.0):
    """The run after a part of a fixture, or, closed, after all of it."""
    tap, data = Tap(), body(name)
    tap.feed(data[: int(part * len(data))], 0.0)
    if part == 1.0:
        tap.close(1.5)
    return tap.run


@dataclass(eq=False)
class Watched:
    """An entry, as the list of runs takes them."""

    name: str = "a.sse"
    run: Run = field(default_factory=lambda: Run("dify"))
    problem: str | None = None
    live: bool = False


class Clock:
    """A clock that stands until somebody moves it."""

    def __init__(self, now=0.0):
        self.now = now

    def __call__(self):
        return self.now


class Host(App):
    """An app of one pane, or of none."""

    def __init__(self, pane):
        super().__init__()
        self.pane = pane
        self.messages = []

    def compose(self):
        if self.pane is not None:
            yield self.pane

    def on_scrub_seek(self, message):
        self.messages.append(message.fraction)


def screen(app):
    """The screen as text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips).rstrip()


def text(line):
    """A line as text."""
    return "".join(span.text for span in line)


def width_of(line):
    return sum(cells(span.text) for span in line)
