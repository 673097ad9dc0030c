"""The closed set of anomalies: every kind that the code reports, with a sentence for people, and no other."""

import ast
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

import streamkit
from streamkit.run.anomaly import KINDS, Kind

PACKAGE = Path(streamkit.__file__).parent


@cache
def words_in_code():
    """Every string constant of the package outside the table itself, docstrings left out by their length."""
    return frozenset(
        part.value
        for path in PACKAGE.rglob("*.py")
        if path.name != "anomaly.py"
        for part in ast.walk(ast.parse(path.read_text()))
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )


def test_every_kind_is_in_the_type_and_in_the_table():
    assert set(KINDS) == set(get_args(Kind))


def test_kinds_stand_in_alphabetical_order():
    assert list(KINDS) == sorted(KINDS)
    assert list(get_args(Kind)) == sorted(get_args(Kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_whole_sentences(kind):
    assert KINDS[kind][0].isupper() or KINDS[kind].startswith("streamkit")
    assert KINDS[kind].endswith(".")
    assert "  " not in KINDS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_can_be_reported(kind):
    """What no code reports should not be explained."""
    assert kind in words_in_code()
