"""What scrubbing does to real recordings: the run is the same, but for what people said in it."""

import re

import pytest

from streamkit.recording.filler import _LETTERS
from streamkit.recording.scrub import scrub_body
from streamkit.recording.structure import scrub_json

from .folding import BODIES, fold, published

FILLERS = {"1", *(letter for _, letter in _LETTERS)}
SCRUBBED = {name: scrub_body(body) for name, body in BODIES.items()}
ODD = {
    "hostile/escapes_bidi_markup.sse",  # the name of a model is a paragraph, and stands in what came out of a node
    "hostile/wrong_types.sse",  # numbers that are texts, and texts that are numbers
}
"""Bodies that no server sends: what scrubbing does to them is safe, and not the same run."""
REAL = [name for name in BODIES if name not in ODD]


@pytest.mark.parametrize("name", REAL)
def test_the_run_is_the_same_but_for_its_texts(name):
    """Scrubbed once more, both are equal to the letter: keys, ids, statuses, numbers, and the lengths of all texts."""
    assert len(SCRUBBED[name]) == len(BODIES[name])
    _, run = fold(BODIES[name])
    _, scrubbed = fold(SCRUBBED[name])
    assert structure(scrubbed) == structure(run)
    assert scrub_json(published(scrubbed)) == scrub_json(published(run))


def structure(run):
    """What scrubbing must not touch, as it is."""
    executions = [
        (node.id, node.node_id, node.type, node.title, node.status, node.model, node.total_tokens, len(node.text))
        for node in run.walk()
    ]
    rounds = [(turn.index, turn.status, len(turn.nodes)) for node in run.walk() for turn in node.rounds]
    forms = [(form.form_id, form.status, len(form.content or "")) for form in run.forms]
    return run.id, run.status, run.mode, run.leaf_tokens, run.leaf_cost, len(run.text), executions, rounds, forms


MARKERS = re.compile(r'"[\w.@:#-]+"(?=\s*:)|</?think>|ERROR|\[ID: ?\d+\]|##\d+\$\$|\btrue\b')
"""What stays in a text: keys of JSON, tags, marks of the servers."""


@pytest.mark.parametrize("name", REAL)
def test_no_word_is_left_in_the_text(name):
    _, run = fold(SCRUBBED[name])
    letters = set(re.findall(r"[^\W_]", MARKERS.sub("", run.text + run.reasoning)))
    assert letters <= FILLERS | {letter.upper() for letter in FILLERS}


@pytest.mark.parametrize("name", BODIES)
def test_once_is_enough(name):
    assert scrub_body(SCRUBBED[name]) == SCRUBBED[name]
