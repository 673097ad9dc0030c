"""`streamkit demo`: real runs, recorded from Dify servers. Needs no network."""

from importlib.resources import as_file, files
from importlib.util import find_spec
from typing import Final, NamedTuple

import click

from streamkit.cli import CONTEXT
from streamkit.cli.options import INSTALL
from streamkit.cli.output import is_screen, print_text
from streamkit.cli.render import Look, render_run
from streamkit.recording import Recording
from streamkit.run import RunState
from streamkit.tap import Tap


class _Shown(NamedTuple):
    file: str
    title: str
    look_at: str


RECORDINGS: Final = (
    _Shown(
        "iteration-with-failed-rounds.skrec",
        "An iteration that goes on when a round fails",
        "Rounds 1 and 3 failed, with their reason. The run succeeded all the same.",
    ),
    _Shown(
        "retry-until-it-works.skrec",
        "A node that is tried again",
        "Two tries failed, the third worked. Dify calls such a run partly succeeded.",
    ),
    _Shown(
        "agent-with-tools.skrec",
        "An agent that thinks and calls a tool",
        "The agent's log as a tree: two rounds, each a thought and a call.",
    ),
    _Shown(
        "answer-with-sources-and-cost.skrec",
        "A chatflow that answers from documents",
        "Tokens and cost of the model, and the sources of the answer.",
    ),
    _Shown(
        "form-that-waits.skrec",
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
    if is_screen() and not printed and find_spec("textual") is not None:
        from streamkit.cli.view import show

        with as_file(_FOLDER) as folder:
            paths = tuple(str(folder / recording.file) for recording in RECORDINGS)
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


def _state(file: str) -> RunState:
    tap = Tap()
    with as_file(_FOLDER.joinpath(file)) as path:
        tap.feed(Recording.load(path).body)
    tap.close()
    return tap.run.snapshot().without_secrets()
