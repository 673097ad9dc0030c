"""Raw events in rows."""

from tests.viewer.pane import FIXTURES
from viewer.events import Events, RawEvent

FRAMES = (FIXTURES / "dify/wf_human_1_paused.sse").read_bytes().split(b"\n\n")
EVENTS = [RawEvent(number, 0.1, "some", frame) for number, frame in enumerate(FRAMES, 1) if frame]
SECRET = "RXuAr7fBN8SmbhOkgkqOb1"  # noqa: S105 - of a fixture


def rows(body):
    return ["".join(span.text for span in body.spans(row)) for row in range(body.height)]


def test_an_event_is_a_row_and_opens_to_its_json():
    body = Events([RawEvent(1, None, "a", b'{"x": [1]}'), RawEvent(12, 0.42, "b", b'data: {"y": 2}\n\n')])
    assert rows(body) == [' 1           a  {"x": [1]}', '12   +420ms  b  {"y": 2}']
    assert body.toggle(0) == 0
    assert [row.strip() for row in rows(body)[1:6]] == ["{", '"x": [', "1", "]", "}"]
    assert body.path(3) == "$.x[0]"
    assert body.toggle(2) == 2
    assert rows(body)[2] == '    "x": [ …1 ]'
    body.toggle(0)
    assert body.height == 2


def test_form_tokens_are_hidden_folded_open_and_from_a_search():
    body = Events(EVENTS)
    assert body.find(SECRET) == []
    for number in reversed(range(len(EVENTS))):
        body.toggle(number)
    shown = "\n".join(rows(body))
    assert SECRET not in shown
    assert '"form_token": "[hidden]"' in shown


def test_events_may_become_more_and_are_read_only_in_view():
    class Lazy(list):
        asked = 0

        def __getitem__(self, index):
            self.asked += 1
            return super().__getitem__(index)

    events = Lazy(EVENTS * 1000)
    body = Events(EVENTS[:1])
    body.take(events)
    assert body.height == len(events)
    for row in range(20):
        body.spans(row)
    assert events.asked <= 40


def test_a_search_finds_kinds_and_what_is_in_events():
    body = Events([RawEvent(1, None, "node_started", b'{"x": 1}'), RawEvent(2, None, "ping", b'{"x": "Refund"}')])
    assert body.find("NODE") == [0]
    assert body.find("refund") == [1]
