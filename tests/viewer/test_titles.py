"""The title of a pane with tabs."""

import pytest

from streamkit.cli.render.cells import cells
from streamkit.cli.render.look import ASCII, UNICODE
from viewer.titles import title

TOLD = {
    "tabs": [("in", True), ("out", False), ("text", True)],
    "chosen": "text",
    "label": "summarise",
    "path": "",
    "place": "4/31 12%",
    "search": "",
    "width": 80,
    "glyphs": UNICODE,
}


def text(**told):
    return "".join(span.text for span in title(**TOLD | told))


def test_everything_has_its_place():
    assert text() == "─ in  out [text]── summarise ───────────────────────────────────────── 4/31 12% "
    assert text(glyphs=ASCII, width=50) == "- in [text]-- summarise ---------------- 4/31 12% "


def test_on_few_columns_the_tabs_that_say_nothing_go_first_then_the_name_then_the_tabs():
    assert text(width=34) == "─ in [text]── summarise  4/31 12% "
    assert text(width=20) == "─[text]─── 4/31 12% "


def test_of_a_path_that_is_too_long_the_end_is_shown():
    assert " summarise $.a[0] " in text(path="$.a[0]")
    assert " …urces[3].content " in text(path="$.retriever_resources[3].content", width=42)


def test_a_search_stands_before_the_place():
    assert text(search="/x 1/2").endswith("─ /x 1/2 4/31 12% ")


@pytest.mark.parametrize("width", range(20, 120))
def test_every_width_is_filled(width):
    for told in ({}, {"path": "$.a" * 20}, {"label": "漢字" * 9}, {"label": ""}):
        assert cells(text(width=width, **told)) == width
