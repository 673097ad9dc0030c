"""Chunks that are one more frame of a pattern: which are taken in, and which must be read."""

import json

import pytest

from streamkit.deferred import ROOM, Deferred
from streamkit.dialects import dialect
from streamkit.pattern import learn
from streamkit.sse import SHORT, Parser

DIFY = dialect("dify")


def data(text):
    return json.dumps({"event": "message", "task_id": "t", "answer": text, "id": "m"}).encode()


def chunk(text):
    return b"data: " + data(text) + b"\n\n"


@pytest.fixture
def parser():
    parser = Parser()
    parser.feed(chunk("first"))
    return parser


@pytest.fixture
def deferred(parser):
    event = DIFY.typed(data("first"))
    pattern = learn(data("first"), event, DIFY.deltas[type(event)], lambda data: DIFY.decode(data, []))
    deferred = Deferred()
    assert not deferred.take(chunk("unexpected"), 1.0)
    deferred.expect(pattern, parser)
    return deferred


def test_frames_of_the_pattern_are_taken_in(deferred):
    chunks = [chunk(text) for text in ("Hi", "", 'a "quoted" \\ é')]
    assert all(deferred.take(one, at) for at, one in enumerate(chunks))
    assert deferred.texts == ["Hi", "", 'a "quoted" \\ é']
    assert (deferred.ats, deferred.size) == ([0, 1, 2], sum(map(len, chunks)))
    deferred.clear()
    assert (deferred.texts, deferred.ats, deferred.size) == ([], [], 0)
    assert deferred.take(chunk("again"), None)


@pytest.mark.parametrize(
    "other",
    [
        b"",
        chunk("x")[:-1],
        chunk("x")[1:],
        chunk("x") + chunk("y"),
        chunk("x").replace(b'"x"', b"7"),
        chunk("x").replace(b'"x"', b'"x'),
        chunk("x").replace(b'"x"', b'"a\nb"'),
        chunk("x").replace(b'"x"', b'"\\ud800"'),
        chunk("x").replace(b'"x"', b'"\xff"'),
        chunk("x").replace(b'"m"', b'"n"'),
        chunk("x" * SHORT),
        bytearray(chunk("x")),
        memoryview(chunk("x")),
    ],
)
def test_every_other_chunk_must_be_read(deferred, other):
    assert not deferred.take(other, 1.0)
    assert (deferred.texts, deferred.ats, deferred.size) == ([], [], 0)


def test_there_is_room_for_so_many(deferred):
    assert all(deferred.take(chunk(str(number)), None) for number in range(ROOM))
    assert not deferred.take(chunk("one more"), None)
    deferred.clear()
    assert deferred.take(chunk("one more"), None)


def test_nothing_is_taken_in_the_middle_of_a_block_nor_where_that_was_said(deferred, parser):
    deferred.expect_nothing()
    assert not deferred.take(chunk("x"), None)
    deferred.expect(deferred.pattern, parser)
    assert deferred.take(chunk("x"), None)
    parser.feed(b"event: x\n")
    deferred.expect(deferred.pattern, parser)
    assert not deferred.take(chunk("x"), None)
