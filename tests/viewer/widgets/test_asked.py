"""A field of a form: the widget that fits it, what it says of itself, what is entered."""

import pytest
from textual.widgets import Input, TextArea

from streamkit.cli.asking.entries import Field, Option
from viewer.paint import Palette
from viewer.widgets.asked import Asked
from viewer.widgets.choices import Choices

from .panes import LOOK, PLAIN, Host, screen

SELECT = (Option("a", "A"), Option("b", "B"))


def asked(kind, look=LOOK, required=False, **options):
    return Asked(Field("key", "Label", kind, required, **options), Palette(colour=False), look)


@pytest.mark.parametrize(
    ("kind", "widget", "entered"),
    [
        ("text", Input, ""),
        ("integer", Input, ""),
        ("number", Input, ""),
        ("file", Input, ""),
        ("paragraph", TextArea, ""),
        ("object", TextArea, ""),
        ("files", TextArea, ""),
        ("select", Choices, None),
        ("boolean", Choices, None),
    ],
)
def test_each_kind_has_the_widget_that_fits_it(kind, widget, entered):
    field = asked(kind, options=SELECT if kind == "select" else ())
    assert isinstance(field.entry, widget)
    assert field.entered == entered


@pytest.mark.parametrize(
    ("kind", "default"), [("text", "hello"), ("paragraph", "two\nlines"), ("select", "b"), ("boolean", False)]
)
async def test_what_is_there_by_default_is_entered(kind, default):
    async with Host(None).run_test():  # an input with a text wants an app around it
        assert asked(kind, default=default, options=SELECT if kind == "select" else ()).entered == default


async def test_it_says_what_is_wanted_and_what_is_wrong_with_what_was_typed():
    field = asked("integer", required=True)
    async with Host(field).run_test(size=(50, 4)) as pilot:
        assert screen(pilot.app).splitlines()[0].split() == ["→", "Label", "needed,", "a", "whole", "number"]
        await pilot.press("x")
        field.sync()
        await pilot.pause()
        assert "✗ not a whole number" in screen(pilot.app)
        await pilot.press("backspace", "7")
        field.sync()
        await pilot.pause()
        assert "✗" not in screen(pilot.app)
        assert (field.entered, field.problem) == ("7", "")


def test_what_is_missing_is_told_once_somebody_tried_to_send_it():
    field = asked("text", required=True)
    assert field.problem == ""
    field.insists = True
    assert field.problem == "needed"


async def test_in_ascii_it_is_ascii():
    async with Host(asked("paragraph", PLAIN, default="x")).run_test(size=(40, 6)) as pilot:
        assert screen(pilot.app).isascii()
