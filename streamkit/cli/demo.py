"""`streamkit demo`: real runs, recorded from Dify servers and bundled byte for byte. Needs no network."""

from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import click

from streamkit.cli import CONTEXT
from streamkit.cli.options import INSTALL
from streamkit.cli.output import is_terminal, print_text
from streamkit.cli.render import Look, render_run
from streamkit.run import RunState
from streamkit.tap import Tap


class _Recording(NamedTuple):
    file: str
    title: str
    look_at: str


RECORDINGS: Final = (
    _Recording(
        "iteration-with-failed-rounds.sse",
        "An iteration that goes on when a round fails",
        "Rounds 1 and 3 failed, with their reason. The run succeeded all the same.",
    ),
    _Recording(
        "retry-until-it-works.sse",
        "A node that is tried again",
        "Two tries failed, the third worked. Dify calls such a run partly succeeded.",
    ),
    _Recording(
        "agent-with-tools.sse",
        "An agent that thinks and calls a tool",
        "The agent's log as a tree: two rounds, each a thought and a call.",
    ),
    _Recording(
        "answer-with-sources-and-cost.sse",
        "A chatflow that answers from documents",
        "Tokens and cost of the model, and the sources of the answer.",
    ),
    _Recording(
        "form-that-waits.sse",
        "A run that waits for a person",
        "It paused at a form. Its token is a secret, so it is masked.",
    ),
)
"""What the demo shows, in this order."""

_FOLDER: Final = files("streamkit").joinpath("demo")
_HELLO: Final = "As fast as they ran: space plays again, ( slower, } the next run"
"""They took a second each."""


@click.command(context_settings=CONTEXT)
@click.option("--print", "printed", is_flag=True, help="Print them, also on a terminal.")
def demo(printed: bool) -> None:
    """Show real runs that come with streamkit: rounds, a retry, an agent, tokens and cost, a form.

    On a terminal they play in the viewer, as fast as they ran; in a pipe they are printed.

    \b
    Examples:
      streamkit demo
      streamkit demo --print
    """  # noqa: D301 - click looks for the character
    if is_terminal() and not printed and find_spec("textual") is not None:
        from streamkit.cli.view import show

        with TemporaryDirectory() as made:
            paths = tuple(str(path) for path in timed_recordings(Path(made)))
            raise click.exceptions.Exit(show(paths, play=True, hello=_HELLO))
    look = Look.of_stdout()
    for number, recording in enumerate(RECORDINGS, 1):
        title = click.style(f"{number}  {recording.title}", bold=True)
        print_text(f"{title}\n   {recording.look_at}\n")
        print_text("\n".join(render_run(_state(recording.file), look)))
        print_text("\n")
    print_text(
        "To look at a run of your own, save the response and inspect it:\n\n"
        "  curl -N https://dify.example/v1/workflows/run … > x.sse\n"
        "  streamkit inspect x.sse"
    )
    if find_spec("textual") is None:
        print_text(f"\nTo see these runs play, in a viewer: {INSTALL}")


def timed_recordings(folder: Path) -> list[Path]:
    """Make a recording of each body, of the times at which its bytes came, which stand beside it, and return them."""
    from streamkit.recording import Header, Recording
    from streamkit.recording.timing import load_timing, timed

    made = [folder / Path(recording.file).with_suffix(".skrec") for recording in RECORDINGS]
    with as_file(_FOLDER) as bundled:
        for path, recording in zip(made, RECORDINGS, strict=True):
            body, timing = bundled / recording.file, str(bundled / f"{path.stem}.timing.json")
            Recording(list(timed([body.read_bytes()], load_timing(timing), timing)), Header()).save(path)
    return made


def _state(file: str) -> RunState:
    tap = Tap()
    tap.feed(_FOLDER.joinpath(file).read_bytes())
    tap.close()
    return tap.run.snapshot().without_secrets()
