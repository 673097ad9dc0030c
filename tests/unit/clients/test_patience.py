"""Limits fit what the vendors do."""

import pytest

from streamkit.clients.patience import DIFY, PARADIGM, RAGFLOW, Patience


@pytest.mark.parametrize(
    ("patience", "longest_silence"),
    [(DIFY, 10), (RAGFLOW, 600), (PARADIGM, 600)],
    ids=["dify pings every 10 s", "ragflow gives a component 600 s", "paradigm answers at the end"],
)
def test_nobody_is_given_up_who_is_as_slow_as_servers_are(patience, longest_silence):
    assert patience.silence > longest_silence
    assert patience.progress >= patience.silence


def test_pings_alone_are_waited_for_longer_than_dify_itself_waits():
    """The relay gives up after 300 s without an event (protocol A.9); direct modes wait for a model as long as it takes."""
    assert DIFY.progress > 300


def test_it_cannot_be_changed_under_a_client():
    with pytest.raises(AttributeError):
        Patience().silence = 1
