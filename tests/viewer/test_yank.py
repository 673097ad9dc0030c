"""What can be copied of a row."""

import re
import shlex

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit import Run
from streamkit.run import HIDDEN, HumanInput
from tests.viewer.shown import CONTROLS, HOSTILE, NAMES, execution, hostile, keys_of, run_of
from viewer.yank import curl, offers, place_of

KEY = "tok-1234"
_STEP = re.compile(r"\.([a-z_]+)|\[(\d+)\]")


def at(document, path):
    """Follow a JSON path."""
    assert path.startswith("$")
    for name, number in _STEP.findall(path[1:]):
        document = document[name] if name else document[int(number)]
    return document


def texts(run, key):
    return {offer.name: offer.text() for offer in offers(run, key)}


# ---- the path and the JSON


@pytest.mark.parametrize("name", NAMES)
def test_every_path_leads_to_its_row_in_the_json_of_inspect(name):
    run = run_of(name)
    document = msgspec.json.decode(msgspec.json.encode(run.snapshot().without_secrets()))
    for key in keys_of(run):
        told = texts(run, key)
        assert at(document, told["JSON path"]) == msgspec.json.decode(told["JSON"])


@given(st.lists(st.tuples(st.integers(0, 30), st.none() | st.integers(0, 3)), max_size=30))
def test_paths_hold_whatever_stands_where(moves):
    run = Run("dify")
    nodes = [execution(run, "loop", is_container=True)]
    for number, (home, index) in enumerate(moves):
        node = execution(run, f"x{number}")
        nodes.append(node)
        if home < len(nodes) - 1:
            run.place(node, nodes[home], index)
    document = msgspec.json.decode(msgspec.json.encode(run.snapshot()))
    for node in nodes:
        assert at(document, place_of(run, ("x", node.id)).path)["id"] == node.id
    for key in keys_of(run):
        if key[0] == "r":
            assert at(document, place_of(run, key).path)["index"] == key[2]


@pytest.mark.parametrize("key", [("x", "gone"), ("r", "x", 5), ("t", "x", 1), ("l", "x", "e"), ("else", "x")])
def test_of_a_row_that_is_not_there_nothing_is_offered(key):
    run = Run("dify")
    execution(run, "x")
    assert offers(run, key) == ()


def test_a_secret_is_never_copied():
    run = Run("dify")
    run.ask(HumanInput(form_id="f", node_id="n", token=KEY))
    told = texts(run, ("run",))
    assert HIDDEN in told["JSON"]
    assert not any(KEY in text for text in told.values())


# ---- names and texts


def test_a_node_offers_its_names_and_what_it_said():
    run = Run("dify")
    run.identify(id="r-1")
    node = execution(run, "ask#2")
    run.append_execution_text(node, "two\nlines")
    run.close_execution(node, "failed", error="broken")
    told = texts(run, ("x", "ask#2"))
    assert list(told) == ["id", "node id", "JSON", "JSON path", "curl", "text", "error"]
    assert (told["id"], told["node id"], told["text"], told["error"]) == ("ask#2", "ask", "two\nlines", "broken")


def test_a_run_that_failed_offers_its_error():
    run = run_of("dify/wf_loop_fail.sse")
    assert texts(run, ("run",))["error"] == run.error.message


def test_hostile_words_are_copied_without_what_a_terminal_obeys():
    run = hostile()
    for key in keys_of(run):
        for offer in offers(run, key):
            assert not CONTROLS & set(offer.preview)
            assert not (CONTROLS - {"\n"}) & set(offer.text())


# ---- curl


def test_a_workflow_run_is_fetched_by_its_id_and_the_key_is_a_variable():
    run = Run("dify")
    run.identify(id="5a1c")
    assert curl(run) == (
        'curl -sS -H "Authorization: Bearer $DIFY_API_KEY" "${DIFY_URL:-https://api.dify.ai}/v1/workflows/run/5a1c"'
    )


def test_of_a_chat_the_messages_are_fetched():
    run = Run("dify")
    run.identify(id="5a1c", conversation_id="c 1")
    assert curl(run).endswith('/v1/messages?conversation_id=c%201&user=$DIFY_USER"')
    run.identify(user="a&b")
    assert curl(run).endswith('&user=a%26b"')


def test_names_of_a_server_cannot_leave_their_quotes():
    run = Run("dify")
    run.identify(id=HOSTILE)
    words = shlex.split(curl(run))
    assert len(words) == 5
    assert re.fullmatch(r"\$\{DIFY_URL:-https://api\.dify\.ai\}/v1/workflows/run/[A-Za-z0-9_.~%-]+", words[-1])


@pytest.mark.parametrize("dialect", ["ragflow", "openai", "lighton", "dify"])
def test_what_cannot_be_fetched_has_no_command(dialect):
    assert curl(Run(dialect)) is None
