"""Faults are written on one line, and given out as often as they say. What they do is in `test_playing` and `test_server`."""

import pytest

from streamkit.errors import ReplayError
from streamkit.replay.faults import Fault, Faults


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("cut-after=1000", {"breaks": "cut", "after": 1000}),
        ("stall-before=message_end,seconds=2.5", {"breaks": "stall", "seconds": 2.5}),
        ("reset-after=0,times=1", {"breaks": "reset", "after": 0, "times": 1}),
        ("status=429,on=chat", {"status": 429, "on": "chat", "is_page": False}),
        ("html=502", {"status": 502, "is_page": True}),
        ("slow-headers=0.5", {"slow_headers": 0.5}),
        ("gzip", {"is_gzip": True}),
        ("content-type=text/plain; charset=utf-8", {"content_type": "text/plain; charset=utf-8"}),
    ],
)
def test_a_fault_is_read(text, fields):
    fault = Fault.parse(text)
    assert fault.text == text
    assert {name: getattr(fault, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("text", "field"),
    [("cut-before=node_finished:LLM", "before"), ("drop=message#2", "drop"), ("duplicate=3", "duplicate")],
)
def test_a_fault_is_at_a_place(text, field):
    assert getattr(Fault.parse(text), field).text == text.partition("=")[2]


NOTHING = """
explode|cut-after|cut-after=x|cut-after=-1|status=200|status=teapot|gzip=yes|slow-headers=inf|cut-before=|content-type=
|cut-after=1,often=2|cut-after=1,times=x|stall-after=1,seconds=nan
"""


@pytest.mark.parametrize("text", ["", *NOTHING.replace("\n", "").split("|")])
def test_what_means_nothing_is_refused_in_one_line(text):
    with pytest.raises(ReplayError) as caught:
        Fault.parse(text)
    assert "\n" not in str(caught.value)


def test_a_fault_is_given_as_often_as_it_says():
    faults = Faults(["status=500,times=2", "gzip"])
    given = [[fault.text for fault in faults.take("any")] for _ in range(3)]
    assert given == [["status=500,times=2", "gzip"]] * 2 + [["gzip"]]


def test_a_fault_of_one_recording_waits_for_it():
    faults = Faults()
    faults.add("status=500,times=1,on=chat")
    assert faults.take("other") == []
    assert [fault.status for fault in faults.take("chat")] == [500]
    assert faults.take("chat") == []


def test_no_fault_is_left_after_clearing():
    faults = Faults(["gzip"])
    faults.clear()
    assert faults.take("any") == []
