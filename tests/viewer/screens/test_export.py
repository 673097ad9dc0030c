"""The menu of files."""

import pytest
from textual.app import App

from tests.viewer.shown import LOOK, PLAIN, SIZES, run_of, screen
from viewer.paint import Palette
from viewer.screens.export import ExportScreen


class Exporting(App):
    def __init__(self, folder, look=LOOK):
        super().__init__()
        self.told = []
        self.shown = ExportScreen(Palette(), look, run_of("dify/chat_simple.sse"), folder, "<svg></svg>")

    def on_mount(self):
        self.push_screen(self.shown, self.told.append)


@pytest.mark.parametrize("size", [SIZES[0], SIZES[-1]])
@pytest.mark.parametrize("look", [LOOK, PLAIN])
async def test_the_menu_says_what_and_where(size, look, tmp_path):
    app = Exporting(tmp_path, look)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        found = screen(app)
        assert "export to /" in found
        assert all(f" {number} {name}" in found for number, name in enumerate(("json", "markdown", "svg"), 1))
        assert look is LOOK or found.isascii()


@pytest.mark.parametrize(
    ("keys", "suffix"), [("1", ".json"), ("2", ".md"), ("3", ".svg"), ("j enter", ".md"), ("G enter", ".svg")]
)
async def test_a_choice_writes_its_file(keys, suffix, tmp_path):
    app = Exporting(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*keys.split())
        await pilot.pause()
    (path,) = tmp_path.iterdir()
    assert path.suffix == suffix
    assert app.told == [f"wrote {path}"]


async def test_what_cannot_be_written_is_told_in_one_line(tmp_path):
    app = Exporting(tmp_path / "none")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("1")
        await pilot.pause()
    assert app.told == ["no json written: No such file or directory"]


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_nothing_is_written_without_a_choice(key, tmp_path):
    app = Exporting(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("9", key)
        await pilot.pause()
    assert app.told == [None]
    assert list(tmp_path.iterdir()) == []
