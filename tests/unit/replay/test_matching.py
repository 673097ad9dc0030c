"""Which recording answers: by path, key, conversation and body, and then in order."""

import pytest

from streamkit.replay.library import Library, Take
from streamkit.replay.matching import Matcher, Picked, agreement, body_misfit, conversation_of, name_in
from streamkit.replay.routes import Asked
from streamkit.replay.server import ROUTES
from streamkit.replay.sessions import Sessions
from tests.unit.replay.serving import FIXTURES, chat, recorded

DOOR = "dify-chat"


def take(name, answer="a", conversation="", number=1, folders=(), **how):
    return Take(recorded(chat(answer, conversation, number), **how), name, folders, ROUTES)


def matcher(*takes):
    library = Library(takes)
    return Matcher(library, Sessions())


def asked(body=None, key="", **fields):
    return Asked(method="POST", path="/v1/chat-messages", key=key, body=body or {}, **fields)


def picks(one, request, times=1, wants_document=False):
    """Names of what is picked, one request after the other."""
    names = []
    for _ in range(times):
        found = one.pick(request, DOOR, wants_document)
        assert isinstance(found, Picked), found
        one.note(found.take)
        names.append(found.take.name)
    return names


def near(one, request):
    found = one.pick(request, DOOR, False)
    assert isinstance(found, list)
    return [tuple(each) for each in found]


def test_equal_ones_play_in_order_and_the_last_stays():
    assert picks(matcher(take("a"), take("b")), asked(), times=4) == ["a", "b", "b", "b"]


@pytest.mark.parametrize("key", ["b", "app-b", "ragflow-b", "v2", "v2/b"])
def test_a_key_that_is_a_name_or_a_folder_chooses(key):
    assert picks(matcher(take("a"), take("b", folders=("v2",))), asked(key=key), times=2) == ["b", "b"]


def test_any_other_key_chooses_nothing():
    assert picks(matcher(take("a"), take("b")), asked(key="app-3FcS1")) == ["a"]
    assert name_in("app-x") == name_in("x") == "x"


def test_a_key_that_names_one_recording_chooses_it_whatever_is_asked():
    one = matcher(take("a"), take("b", request={"query": "hi"}))
    assert picks(one, asked({"query": "bye"}, key="b")) == ["b"]


def test_the_recorded_request_chooses():
    one = matcher(take("a", request={"query": "hi"}), take("b", request={"query": "bye", "inputs": {"lang": "de"}}))
    assert picks(one, asked({"query": "bye", "inputs": {"lang": "de"}, "user": "u"}), times=2) == ["b", "b"]


def test_the_one_with_most_in_common_is_first():
    one = matcher(
        take("any"), take("query", request={"query": "hi"}), take("both", request={"query": "hi", "inputs": {"a": 1}})
    )
    assert picks(one, asked({"query": "hi", "inputs": {"a": 1}}), times=2) == ["both", "both"]
    assert picks(one, asked({"query": "hi", "inputs": {"a": 2}})) == ["query"]
    assert picks(one, asked({"query": "bye"})) == ["any"]


def test_what_no_recording_fits_names_the_nearest_and_why():
    one = matcher(take("hi", request={"query": "hi"}), take("flow", url="/v1/workflows/run"))
    assert near(one, asked({"query": "bye"})) == [("hi", "query is 'bye', and 'hi' was recorded")]
    assert near(one, asked({"query": "bye"}, key="flow")) == [
        ("flow", "answers dify-workflow, and this asks for dify-chat")
    ]
    assert near(matcher(), asked()) == []


def test_a_document_is_for_who_wants_one():
    document = Take(recorded((FIXTURES / "hostile" / "blocking_chat.json").read_bytes()), "document")
    one = matcher(take("stream"), document)
    assert picks(one, asked(), wants_document=True) == ["document"]
    assert picks(one, asked()) == ["stream"]


# ---- conversations


def conversation():
    takes = [take("one", "1", "c", 1), take("two", "2", "c", 2), take("three", "3", "c", 3)]
    library = Library(takes)
    sessions = Sessions()
    return Matcher(library, sessions), sessions.open(takes)


def played(one, session, request):
    found = one.pick(request, DOOR, False)
    assert isinstance(found, Picked), found
    assert found.session is session
    session.begin(found.take)
    return found.take.name


def test_a_conversation_goes_on_turn_by_turn():
    one, session = conversation()
    going_on = asked({"conversation_id": "c"})
    session.begin(session.takes[0])
    assert [played(one, session, going_on) for _ in range(3)] == ["two", "three", "three"]


def test_the_key_of_the_first_turn_does_for_the_others():
    one, session = conversation()
    session.begin(session.takes[0])
    assert played(one, session, asked({"conversation_id": "c"}, key="one")) == "two"


def test_a_later_turn_does_not_begin_a_conversation_unless_it_is_named():
    one, _ = conversation()
    assert picks(one, asked(), times=2) == ["one", "one"]
    assert picks(one, asked(key="three")) == ["three"]


def test_turns_are_chosen_by_what_is_asked_if_that_was_recorded():
    takes = [
        take("one", "1", "c", 1),
        *(take(f"on {way}", way, "c", at, request={"query": way}) for at, way in enumerate(["yes", "no"], 2)),
    ]
    sessions = Sessions()
    one, session = Matcher(Library(takes), sessions), sessions.open(takes)
    session.begin(takes[0])
    assert played(one, session, asked({"conversation_id": "c", "query": "no"})) == "on no"


def test_a_conversation_that_is_unknown_begins_anew():
    one, _ = conversation()
    assert picks(one, asked({"conversation_id": "x"})) == ["one"]


def test_the_same_conversation_in_two_folders_is_told_apart_by_the_key():
    takes = [
        take(f"turn {turn}", str(turn), "c", turn, folders=(folder,)) for folder in ("v1", "v2") for turn in (1, 2)
    ]
    library, sessions = Library(takes), Sessions()
    one = Matcher(library, sessions)
    for folder in ("v1", "v2"):
        sessions.open(library.group(library.named(folder)[0])).begin(library.named(folder)[0])
    picked = [one.pick(asked({"conversation_id": "c"}, key=folder), DOOR, False) for folder in ("v1", "v2")]
    assert [found.take for found in picked] == [takes[1], takes[3]]


def test_a_conversation_of_another_key_is_told():
    takes = [take("one", "1", "c", 1), take("stranger", "x", "y", 9)]
    sessions = Sessions()
    sessions.open(takes[:1])
    one = Matcher(Library(takes), sessions)
    assert near(one, asked({"conversation_id": "c"}, key="stranger")) == [("stranger", "is of another conversation")]


def test_a_conversation_is_named_in_the_body_or_the_path():
    assert conversation_of(asked({"conversation_id": "c"})) == "c"
    assert conversation_of(asked({"session_id": "s"})) == "s"
    assert conversation_of(asked(params={"session_id": "p"})) == "p"
    assert conversation_of(asked({"conversation_id": None})) == ""


# ---- bodies


@pytest.mark.parametrize(
    ("recorded_body", "asked_body", "agreed"),
    [
        ({}, {"query": "hi"}, 0),
        (None, {"query": "hi"}, 0),
        ({"query": "hi"}, {"query": "hi", "inputs": {}}, 1),
        ({"inputs": {"a": [1, {"b": None}]}}, {"inputs": {"a": [1, {"b": None}], "c": 2}}, 2),
        ({"query": "hi", "user": "me", "response_mode": "blocking"}, {"query": "hi", "user": "you"}, 1),
        ({"query": "REDACTED12abxxxx"}, {"query": "secret"}, 0),
        ({"query": "Xxxxx xxxxx 1?"}, {"query": "Hello there 7?"}, 1),  # it was scrubbed
        ({"query": "xxxxx"}, {"query": "Hello there"}, "query is 'Hello there', and 'xxxxx' was recorded"),
        ({"inputs": {}, "query": ""}, {}, 0),
        ({"query": "hi"}, {"query": "bye"}, "query is 'bye', and 'hi' was recorded"),
        ({"inputs": {"lang": "de"}}, {"inputs": {}}, "inputs.lang is missing, and 'de' was recorded"),
        ({"list": [1, 2]}, {"list": [1]}, "list is [1], and [1, 2] was recorded"),
        ({"flag": True}, {"flag": 1}, "flag is 1, and True was recorded"),
    ],
)
def test_bodies_agree_in_so_many_values_or_differ_in_one(recorded_body, asked_body, agreed):
    assert agreement(recorded_body, asked_body) == agreed
    assert body_misfit(recorded_body, asked_body) == (agreed if isinstance(agreed, str) else "")


def test_a_long_value_is_shown_in_part():
    assert len(body_misfit({"query": "a" * 500}, {"query": "b" * 500})) < 150
