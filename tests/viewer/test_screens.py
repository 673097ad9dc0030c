"""The whole screen as text, at chosen moments of real runs: read as a diff, written by `pytest --update-golden`."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.viewer.program import DEMO, Shown, body, shown

GOLDEN = Path(__file__).parent / "golden"
SIZES = [(80, 24), (100, 30), (140, 40)]
LOOKS = {"unicode": ("unicode", True), "ascii": ("ascii", True), "plain": ("unicode", False)}
DEMOS = [f"demo/{path.stem}" for path in sorted(DEMO.glob("*.skrec"))]
AGENT = "ragflow/protocol/09_agent_v027_full_event_stream"
ROUNDS = "dify/wf_iter_fail_par_continue"
FORM = "dify/wf_human_1_paused"

MOMENTS: dict[str, tuple[Sequence[str], str]] = {
    "demo": (DEMOS, "e"),
    "agent": ([AGENT], "j j j o"),
    "rounds": ([ROUNDS], "e e"),
    "rounds-past": ([ROUNDS], "0 ] ] ] ] ]"),
    "rounds-search": ([ROUNDS], "M / w o r k enter"),
    "rounds-filter": ([ROUNDS], "f s t a t u s : f a i l e d enter"),
    "rounds-by-start": ([ROUNDS], "w"),
    "form": ([FORM], "5"),
    "form-open": ([FORM], "a"),
    "help": ([AGENT], "?"),
    "diff": ([AGENT, AGENT], "} d"),
}
EVERYWHERE = ("demo", "rounds-past")
"""Moments that are looked at in every look and size; the others in one of each, in turn."""


def variants():
    for number, moment in enumerate(MOMENTS):
        for size in SIZES:
            for place, look in enumerate(LOOKS):
                if moment in EVERYWHERE or (place + number) % 3 == SIZES.index(size):
                    yield moment, look, size


@pytest.mark.untraced
@pytest.mark.parametrize(("moment", "look", "size"), list(variants()), ids=lambda told: str(told))
async def test_a_screen_is_as_it_was(moment, look, size, request):
    names, keys = MOMENTS[moment]
    glyphs, colour = LOOKS[look]
    async with shown(*names, size=size, look=glyphs, colour=colour) as viewer:
        await viewer.press(*keys.split())
        for _ in range(2):
            viewer.app.screen.refresh(layout=True)  # a scroll bar comes with the layout after the one that needs it
            await viewer.settle()
        told = text(viewer)
    if look == "ascii":
        said = "".join(body(name).decode() for name in names)
        assert {char for char in told if not char.isascii()} <= set(said), "only a body says more than ASCII"
    path = GOLDEN / f"{moment}-{look}-{size[0]}x{size[1]}.txt"
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(told, encoding="utf-8")
    assert told == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("moment", EVERYWHERE)
@pytest.mark.parametrize("size", SIZES)
def test_without_colours_it_says_the_same(moment, size):
    """Colour never says alone what a mark or a word does not say, too."""
    files = [GOLDEN / f"{moment}-{look}-{size[0]}x{size[1]}.txt" for look in ("unicode", "plain")]
    assert files[0].read_text(encoding="utf-8") == files[1].read_text(encoding="utf-8")


def test_every_golden_screen_is_still_asked_for():
    expected = {f"{moment}-{look}-{size[0]}x{size[1]}.txt" for moment, look, size in variants()}
    assert {path.name for path in GOLDEN.iterdir()} == expected


def text(viewer: Shown) -> str:
    return "\n".join(viewer.rows) + "\n"
