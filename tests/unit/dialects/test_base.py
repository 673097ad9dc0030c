"""What all dialects share: events know their kind, and what cannot be read is an event too."""

import msgspec
import pytest

from streamkit.dialects.base import Event, Malformed, Unknown


class Later(Event, frozen=True, tag="later"):
    """An event of some dialect."""

    text: str = ""


def test_the_kind_of_an_event_is_its_word_on_the_wire():
    assert Later().kind == "later"


def test_what_cannot_be_read_has_a_kind_of_its_own():
    assert Unknown("later", b"{}").kind == "unknown"
    assert Malformed("no JSON", b"{").kind == "malformed"


@pytest.mark.parametrize("event", [Later(), Unknown(None, b"{}"), Malformed("no JSON", b"{")])
def test_an_event_is_no_heartbeat_unless_it_says_so(event):
    assert not event.is_heartbeat


def test_an_event_cannot_be_changed():
    event = Later("a")
    with pytest.raises(AttributeError):
        event.text = "b"


def test_events_are_equal_by_what_they_say():
    assert Later("a") == Later("a") != Later("b")
    assert Unknown("a", b"{}") == Unknown("a", b"{}") != Unknown("a", b"[]")


def test_an_event_is_written_as_json_with_its_word():
    assert msgspec.json.decode(msgspec.json.encode(Later("a"))) == {"type": "later", "text": "a"}
