"""A body of JSON: one document or one event a line, the same for every split of the bytes."""

import pytest

from streamkit.jsonbody import JsonBody

DOCUMENT = b'{\n  "code": "unauthorized",\n  "status": 401\n}\n'
LINES = b'{"event":"ping"}\n\n{"event":"message"}\r\n{"event":"message_end"}'


def read(body, size, *, limit=1000, start=0):
    cut = JsonBody(limit, start)
    found = [item for at in range(0, len(body), size) for item in cut.feed(body[at : at + size])]
    return cut, found + cut.close()


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_document_may_span_lines(size):
    cut, found = read(DOCUMENT, size)
    assert (found, cut.is_document, cut.is_ndjson) == ([(0, DOCUMENT)], True, False)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_two_objects_in_two_lines_are_events(size):
    cut, found = read(LINES, size, start=3)
    assert found == [(3, b'{"event":"ping"}'), (21, b'{"event":"message"}\r'), (42, b'{"event":"message_end"}')]
    assert (cut.is_document, cut.is_ndjson) == (False, True)


def test_one_object_in_one_line_is_a_document():
    cut, found = read(b'{"answer":"Hi"}\n', 4)
    assert (found, cut.is_document) == ([(0, b'{"answer":"Hi"}')], True)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_is_over_the_limit_is_dropped_and_its_size_kept(size):
    long = b'{"event":"' + b"x" * 50 + b'"}'
    cut, found = read(LINES[:17] + LINES[18:] + b"\n" + long + b"\n", size, limit=40)
    assert (len(found), cut.dropped) == (3, [len(long)])
    cut, found = read(b"{\n" + long, size, limit=40)
    assert (found, cut.dropped, cut.is_document) == ([], [len(long) + 2], True)
