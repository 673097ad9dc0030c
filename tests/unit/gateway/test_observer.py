"""An observer looks on: at decoded bytes, at the time they came, and with errors that stay its own."""

import gzip

import pytest

from streamkit import Tap
from streamkit.gateway.coding import UnknownCoding
from streamkit.gateway.observer import Observer, is_disabled

HELLO = b'data: {"event":"message","message_id":"m","answer":"Hi"}\n\n'


def test_a_chunk_is_folded_when_it_is_looked_at_with_the_time_it_came():
    times = iter([1.0, 2.0])
    tap = Tap("dify")
    observer = Observer(tap, lambda: next(times))
    observer.saw(HELLO)
    assert tap.run.text == ""
    observer.look()
    assert (tap.run.text, tap.run.first_token_at) == ("Hi", 1.0)
    told = []
    observer.finish(told.append)
    assert told == [tap.run]
    assert tap.run.ended_at == 2.0


def test_compressed_chunks_are_decoded_to_be_looked_at():
    tap = Tap("dify")
    observer = Observer(tap, lambda: 0.0, "gzip")
    observer.saw(gzip.compress(HELLO))
    observer.look()
    assert tap.run.text == "Hi"


def test_bytes_that_cannot_be_decoded_are_counted_and_nothing_else():
    tap = Tap("dify")
    observer = Observer(tap, lambda: 0.0, "gzip")
    observer.saw(b"no gzip")
    observer.look()
    assert tap.run.anomaly_counts == {"observer-error": 1}


def test_a_coding_that_nobody_knows_is_told_before_anything_comes():
    with pytest.raises(UnknownCoding):
        Observer(Tap("dify"), lambda: 0.0, "rot13")


@pytest.mark.parametrize(("value", "off"), [("1", True), ("yes", True), ("0", False), ("", False), (None, False)])
def test_the_environment_switches_it_off(monkeypatch, value, off):
    monkeypatch.delenv("STREAMKIT_DISABLE", raising=False)
    if value is not None:
        monkeypatch.setenv("STREAMKIT_DISABLE", value)
    assert is_disabled() is off
