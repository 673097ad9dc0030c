"""`auto` finds the dialect of every fixture, however its bytes are cut. The folder of a fixture names its dialect."""

import pytest

from streamkit import Tap
from streamkit.dialects import DIALECTS
from tests.golden.goldens import DEMO, FIXTURES, bodies, body_of, name_of


def dialect_of(path):
    return "dify" if path.parent == DEMO else path.relative_to(FIXTURES).parts[0]


BODIES = {name_of(path): path for path in bodies() if dialect_of(path) != "hostile"}


def test_every_dialect_has_a_fixture():
    assert {dialect_of(path) for path in BODIES.values()} == set(DIALECTS)


BEGINNING = 4000
"""Bytes that are cut very small: a dialect shows in the first frames, and what comes later is read as that."""


def cut(body, size):
    """A body in pieces: its beginning in pieces of that size, what follows in larger ones."""
    beginning = min(len(body), BEGINNING)
    yield from (body[start : min(start + size, beginning)] for start in range(0, beginning, size))
    yield from (body[start : start + 1000] for start in range(beginning, len(body), 1000))


@pytest.mark.untraced
@pytest.mark.parametrize("name", BODIES)
def test_the_dialect_shows(name):
    body = body_of(BODIES[name])
    for pieces in (cut(body, 1), cut(body, 7), cut(body, 1000), [body]):
        tap = Tap("auto")
        for piece in pieces:
            tap.feed(piece)
        tap.close()
        assert tap.run.dialect == dialect_of(BODIES[name])
        assert "unknown-dialect" not in tap.run.anomaly_counts
