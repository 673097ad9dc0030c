"""What redaction does to real recordings: the run is the same, but for its secrets."""

import pytest

from streamkit.recording import Chunk, Header, Redactor

from .folding import BODIES, fold, published


def redacted(body):
    """Return a body as it is saved, and the redactor, which masks other texts in the same way."""
    redactor = Redactor()
    redactor.learn(Header(), [Chunk(0.0, body)])
    return redactor.feed(body) + redactor.close(), redactor


MASKED = {name: found for name, body in BODIES.items() if (found := redacted(body))[0] != body}


def test_there_are_recordings_with_secrets_and_most_have_none():
    assert 10 <= len(MASKED) < len(BODIES) / 4


@pytest.mark.parametrize("name", MASKED)
def test_the_run_is_the_same_but_for_its_secrets(name):
    body, redactor = MASKED[name]
    _, run = fold(BODIES[name])
    _, masked = fold(body)
    assert len(body) == len(BODIES[name])
    assert published(masked).decode() == redactor.text(published(run).decode())
