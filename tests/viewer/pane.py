"""What the tests of panes share: runs of fixtures, an app of one pane, and what stands on its screen."""

from pathlib import Path

from textual.app import App, ComposeResult
from textual.widget import Widget

from streamkit import Tap
from streamkit.run import NodeExecution, Run

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"


def run_of(name: str) -> Run:
    """Return the run of a fixture, like `dify/chat_simple`."""
    tap = Tap("auto")
    tap.feed((FIXTURES / f"{name}.sse").read_bytes())
    tap.close()
    return tap.run


def execution(run: Run, node_id: str) -> NodeExecution:
    """Return the first execution of a node."""
    return next(node for node in run.executions.values() if node.node_id == node_id)


class OnePane(App[None]):
    """An app that shows one pane."""

    def __init__(self, pane: Widget) -> None:
        super().__init__()
        self.pane = pane

    def compose(self) -> ComposeResult:
        yield self.pane


def rows(app: App[None]) -> list[str]:
    """Return the rows of the screen as text."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]
