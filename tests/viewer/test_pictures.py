"""Pictures of the viewer: colours and layout at chosen moments, as SVG that `pytest --update-golden` writes.

The text of many more screens stands in `test_screens`, where a diff can be read. A picture is for the eye: when one
differs, the new one is written beside the test's temporary files, and both open in a browser.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.viewer.program import DEMO, body, opened, shown, watch
from viewer.export import without_fonts
from viewer.stream import Watch

PICTURES = Path(__file__).parent / "pictures"
LARGEST = 60_000
"""Bytes of one picture: they are kept for ever, in every version."""
ROUNDS = "dify/wf_iter_fail_par_continue"
FORM = "dify/wf_human_1_paused"
DEMOS = [f"demo/{path.stem}" for path in sorted(DEMO.glob("*.skrec"), reverse=True)]
ENDS = [
    *(ROUNDS, FORM, "dify/chat_stopped_midstream", "dify/wf_retry_then_success", "dify/chat_llm_dies_midstream"),
    *("dify/agent_chat_fc_three_rounds", "dify/web_wf_iteration_truncated", "hostile/after_the_end"),
    *("ragflow/protocol/09_agent_v027_full_event_stream", "openai/protocol/24_openai_chat_reasoning_reference_done"),
]
"""Runs that ended in every way."""

_UNIQUE = re.compile(r"terminal-\d+")
"""Textual's name for the parts of one picture, made of all that is in it."""
_CLIPS = re.compile(r' clip-path="url\(#v-line-\d+\)"|<clipPath id="v-line-\d+">.*?</clipPath>', re.DOTALL)
"""What keeps a letter from reaching into the next line: a third of the bytes, and nothing that one sees."""
_ELEMENT = re.compile(r"(?<=>)(?=<(?:rect|text|clipPath|line)\b)")


def live(name: str = ROUNDS, part: float = 0.6) -> Watch:
    """A run that goes on, of which a piece came every tenth of a second."""
    found, data, pieces = Watch(), body(name), 12
    stream = opened(found, clock=lambda: pieces / 10)
    whole = int(len(data) * part)
    for number in range(pieces):
        stream.feed(data[number * whole // pieces : (number + 1) * whole // pieces], number / 10)
    return found


def waited() -> Watch:
    """A run that waited for a person, for three hours."""
    found = Watch()
    for name, began in ((FORM, 0.0), ("dify/wf_human_2_resumed_approve", 11_520.0)):
        stream, data = opened(found, f"{name}.sse"), body(name)
        for number, start in enumerate(range(0, len(data), 500)):
            stream.feed(data[start : start + 500], began + number / 10)
        stream.close()
    return found


class Scene(NamedTuple):
    """What is looked at, and the keys that lead there."""

    of: Sequence[str] | Callable[[], Watch]
    keys: str = ""
    size: tuple[int, int] = (100, 24)
    look: str = "unicode"
    colour: bool = True


SCENES = {
    "failed-rounds": Scene(DEMOS, "} e", (140, 40)),
    "waterfall": Scene(["dify/wf_parallel_iteration_in_iteration"], "O", (110, 30)),
    "live": Scene(live),
    "gap": Scene(waited, size=(110, 24)),
    "runs": Scene(ENDS, "1 +", (90, 18)),
    "form": Scene([FORM], "a", (80, 24)),
    "help": Scene([ROUNDS], "?", (80, 24)),
    "diff": Scene(["dify/wf_iter_fail_par_terminated", ROUNDS], "} d", (110, 24)),
    "search": Scene([ROUNDS], "M / w o r k enter"),
    "filter": Scene([ROUNDS], "f s t a t u s : f a i l e d enter"),
    "tokens": Scene(["dify/synthetic/think_blocks_and_currencies"], "4 + $", (80, 16)),
    "notes": Scene(["hostile/unknown_events"], "5 + j k enter", (80, 18)),
    "past": Scene([ROUNDS], "0 ] ] ] ] ] ] ] ]"),
    "export": Scene([ROUNDS], "x", (80, 24)),
    "no-colour": Scene(DEMOS, "} } }", colour=False),
    "ascii": Scene(DEMOS, "} e", look="ascii"),
}


@pytest.mark.parametrize("name", SCENES)
async def test_a_picture_is_as_it_was(name, tmp_path, request, monkeypatch):
    scene = SCENES[name]
    monkeypatch.delenv("NO_COLOR", raising=False)
    if not scene.colour:
        monkeypatch.setenv("NO_COLOR", "1")
    drawn = await picture(scene)
    assert re.findall(r"href|src=|@import|url\((?!#)", drawn) == [], "it fetches nothing"
    assert len(drawn.encode()) < LARGEST
    path = PICTURES / f"{name}.svg"
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(drawn, encoding="utf-8", newline="\n")
    elif not path.exists() or path.read_text(encoding="utf-8") != drawn:
        new = tmp_path / path.name
        new.write_text(drawn, encoding="utf-8")
        pytest.fail(f"the picture differs: open {path} and {new}; if it is meant: --update-golden", pytrace=False)


def test_every_picture_is_still_drawn():
    assert {path.stem for path in PICTURES.iterdir()} == {*SCENES}


async def picture(scene: Scene) -> str:
    """Draw a scene: the same bytes on every machine, an element a line."""
    watching = watch(*scene.of) if isinstance(scene.of, Sequence) else scene.of()
    options = {"size": scene.size, "look": scene.look, "colour": scene.colour, "folder": Path("/exports")}
    async with shown(watching=watching, **options) as viewer:
        await viewer.press(*scene.keys.split())
        for _ in range(2):
            viewer.app.screen.refresh(layout=True)  # a scroll bar comes with the layout after the one that needs it
            await viewer.settle()
        drawn = without_fonts(viewer.app.export_screenshot()).decode()
    lines = _ELEMENT.sub("\n", _CLIPS.sub("", _UNIQUE.sub("v", drawn))).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip()) + "\n"
