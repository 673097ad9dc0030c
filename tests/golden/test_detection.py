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


@pytest.mark.sweep
@pytest.mark.parametrize("size", [1, 7, 1000, None])
@pytest.mark.parametrize("name", BODIES)
def test_the_dialect_shows(name, size):
    body = body_of(BODIES[name])
    tap = Tap("auto")
    step = size or len(body)
    for start in range(0, len(body), step):
        tap.feed(body[start : start + step])
    tap.close()
    assert tap.run.dialect == dialect_of(BODIES[name])
    assert "unknown-dialect" not in tap.run.anomaly_counts
