"""`streamkit run` on a terminal: what grows, forms that are answered there, and Ctrl-C."""

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from streamkit import Tap
from streamkit.recording import Header, Recorder, Recording, Request, Response, Source
from streamkit.run import stable
from tests.cli.conftest import ROOT
from tests.cli.played import FIXTURES, fixture, played
from tests.cli.terminal import Terminal

NAMES = (
    "dify/chat_ifelse",
    "dify/wf_iter_seq5",
    "dify/wf_human_1_paused",
    "dify/wf_human_2_resumed_approve",
    "dify/wf_human_timeout_2_resumed",
    "ragflow/fillup_1_pause",
    "ragflow/fillup_2_resume",
)
STALLS = "stall-before=node_finished:Work#3"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("played")
    expired = folder / "wf_human_timeout_1_paused.sse"
    expired.write_bytes(
        re.sub(rb'("expiration_time":)\d+', rb"\g<1>1", fixture("dify/wf_human_timeout_1_paused").read_bytes())
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    with played(folder, expired, *map(fixture, NAMES), environment=environment) as found:
        yield found


@pytest.fixture(autouse=True)
def _afresh(server):
    server.reset()


@pytest.fixture
def home(tmp_path, environment, server):
    folders = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}
    where = {"DIFY_BASE_URL": server.url, "RAGFLOW_BASE_URL": server.url}
    return {**environment, **folders, **where, "NO_COLOR": "1"}


@pytest.fixture
def run(home):
    """Run an app; the key names the recording that answers."""

    def start(key, *words):
        told = {"DIFY_API_KEY": key, "RAGFLOW_API_KEY": key}
        return Terminal("-m", "streamkit", "run", *map(str, words), environment=home | told)

    return start


def folded(*names):
    run = None
    for name in names:
        tap = Tap(run=run)
        tap.feed((FIXTURES / f"{name}.sse").read_bytes())
        tap.close()
        run = tap.run
    return run


def last_drawing(output: bytes) -> str:
    """What stands below the last thing that was erased."""
    return output.decode().rpartition("\x1b[J")[2]


def test_a_run_is_drawn_before_its_server_answers(run, server):
    server.fault("slow-headers=600")
    with run("wf_iter_seq5", "dify") as terminal:
        terminal.wait("● running")
        terminal.press("\x03")
        assert terminal.ends() == 130


def test_of_a_run_that_was_refused_no_drawing_is_left(run, server):
    server.fault("status=429")
    with run("wf_iter_seq5", "dify") as terminal:
        assert terminal.ends() == 1
        assert "running" not in last_drawing(terminal.output)
        assert "Too Many Requests" in last_drawing(terminal.output)


# ---- forms


def test_a_run_pauses_is_answered_on_the_terminal_and_goes_on(run, server, tmp_path):
    names = ("dify/wf_human_1_paused", "dify/wf_human_2_resumed_approve")
    record = tmp_path / "x.skrec"
    with run("wf_human_1_paused", "dify", "--record", record) as terminal:
        terminal.wait("comment")
        terminal.press("looks fine ✓\n\n")
        terminal.wait("[r] Reject")
        terminal.press("nonsense\n")
        terminal.wait("[r] Reject")
        terminal.press("a\n")
        assert terminal.ends() == 0
        output = terminal.output
    submitted = next(body for body in server.bodies() if isinstance(body, dict) and "action" in body)
    assert submitted == {"inputs": {"comment": "looks fine ✓"}, "action": "approve", "user": "streamkit"}
    assert server.requests().count("POST /v1/workflows/run") == 1
    whole = output.decode().rpartition("✓ succeeded  workflow 0da69be8")[2]
    assert all(f"✓ {title}" in whole for title in ("Start", "Prepare", "Approval", "End"))
    assert "form  Approval  submitted" in whole
    (token,) = (form.token for form in folded(*names).forms)
    again = None
    for name in ("x.skrec", "x.2.skrec"):
        assert token.encode() not in (tmp_path / name).read_bytes()
        tap = Tap(run=again)
        tap.feed(Recording.load(tmp_path / name).body)
        tap.close()
        again = tap.run
    assert token.encode() not in output
    assert stable(again.snapshot())["nodes"] == stable(folded(*names).snapshot())["nodes"]


def test_a_form_may_be_left_waiting(run, server):
    with run("wf_human_1_paused", "dify") as terminal:
        terminal.wait("comment")
        terminal.press("\x04")
        assert terminal.ends() == 1
        assert b"streamkit attach dify 0da69be8" in terminal.output
    assert not [asked for asked in server.requests() if asked.startswith("POST /v1/form")]


def test_a_form_whose_time_runs_out_is_followed(run, server):
    with run("wf_human_timeout_1_paused", "dify") as terminal:
        assert terminal.ends() == 0
        output = terminal.output.decode()
    assert "its time ran out" in output
    assert "✓ succeeded  workflow" in output
    assert "form  Quick question  expired" in output
    assert not [asked for asked in server.requests() if asked.startswith("POST /v1/form")]


def test_time_may_run_out_while_somebody_types(home, tmp_path):
    """What was typed is sent to nobody, and the run is followed to its end."""
    paused = tmp_path / "wf_human_timeout_1_paused.sse"
    moment = str(int(time.time()) + 4).encode()  # noqa: TID251 - the form's stamp is of the day
    body = fixture("dify/wf_human_timeout_1_paused").read_bytes()
    paused.write_bytes(re.sub(rb'("expiration_time":)\d+', rb"\g<1>" + moment, body))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    files = (paused, fixture("dify/wf_human_timeout_2_resumed"))
    with played(tmp_path, *files, environment=environment) as server:
        where = home | {"DIFY_BASE_URL": server.url, "DIFY_API_KEY": "key"}
        with Terminal("-m", "streamkit", "run", "dify", environment=where) as terminal:
            terminal.wait("Quick question  (expires in")
            terminal.press("half of an ans")
            terminal.wait("its time ran out")
            assert terminal.ends() == 0
            output = terminal.output.decode()
        assert not [asked for asked in server.requests() if asked.startswith("POST /v1/form")]
        assert server.requests().count("POST /v1/workflows/run") == 1
    assert "✓ succeeded  workflow" in output
    assert "form  Quick question  expired" in output


def test_an_agent_of_ragflow_asks_on_the_terminal(run, server):
    (form,) = folded("ragflow/fillup_1_pause").forms
    keys = {"boolean": "y\n", "options": "1\n", "paragraph": "by train\n\n"}
    with run("fillup_1_pause", "ragflow", "trip to Oslo", "--agent", "a") as terminal:
        for field in form.inputs:
            terminal.wait(field.get("name") or field["key"])
            terminal.press(keys.get(field["type"], "x\n"))
        assert terminal.ends() == 0
        output = terminal.output.decode()
    answer = server.bodies()[-1]
    assert "(an empty line ends it)" in output
    assert "✓ succeeded  agent" in output
    assert answer["inputs"].keys() == {told["key"] for told in form.inputs}
    assert all("value" in told for told in answer["inputs"].values())
    assert answer["session_id"]


# ---- what is missing


FORM = [
    {"text-input": {"label": "Topic", "variable": "topic", "required": True, "default": ""}},
    {"select": {"label": "Tone", "variable": "tone", "required": True, "options": ["warm", "dry"], "default": ""}},
    {"number": {"label": "Pages", "variable": "pages", "required": True, "default": ""}},
    {"checkbox": {"label": "Cite", "variable": "cite", "required": True}},
    {"file": {"label": "Bill", "variable": "bill", "required": True}},
    {"text-input": {"label": "Sender", "variable": "sender", "required": False, "default": ""}},
]
"""What an app asks for, as `/parameters` tells it."""


def test_inputs_that_are_missing_are_asked_for_and_checked(home, tmp_path):
    """A recording that holds the answer of `/parameters` plays it."""
    with Recorder(
        tmp_path / "app.skrec", Header(source=Source(kind="dify", method="POST", url="http://h/v1/workflows/run"))
    ) as tape:
        tape.exchange(Request(method="GET", url="http://h/v1/parameters"), Response(200, {}, {"user_input_form": FORM}))
        tape.write(fixture("dify/wf_iter_seq5").read_bytes())
    (tmp_path / "bill.pdf").write_bytes(b"%PDF")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    with played(tmp_path, tmp_path / "app.skrec", environment=environment) as server:
        where = home | {"DIFY_BASE_URL": server.url, "DIFY_API_KEY": "key"}
        with Terminal("-m", "streamkit", "run", "dify", "-i", "topic=tea", environment=where) as terminal:
            terminal.wait("Tone (1-2): ")
            terminal.press("cold\n")
            terminal.wait("none of those offered")
            terminal.press("2\n")
            terminal.wait("Pages (a number): ")
            terminal.press("many\n")
            terminal.wait("not a number")
            terminal.press("3\n")
            terminal.wait("Cite (y/n): ")
            terminal.press("y\n")
            terminal.wait("Bill (a file): ")
            terminal.press(f"{tmp_path}/none.pdf\n")
            terminal.wait("no such file")
            terminal.press(f"{tmp_path}/bill.pdf\n")
            assert terminal.ends() == 0, terminal.output
            assert b"Topic" not in terminal.output
            assert b"Sender" not in terminal.output
        asked = server.requests()
        inputs = next(body["inputs"] for body in server.bodies() if isinstance(body, dict) and "inputs" in body)
    bill = inputs.pop("bill")
    assert inputs == {"topic": "tea", "tone": "dry", "pages": 3, "cite": True}
    assert (bill["transfer_method"], bill["type"]) == ("local_file", "document")
    assert asked.index("POST /v1/files/upload") < asked.index("POST /v1/workflows/run")


def test_a_question_that_is_missing_is_asked_for(run, server):
    with run("chat_ifelse", "dify") as terminal:
        terminal.wait("question: ")
        terminal.press("hello\n")
        assert terminal.ends() == 0
    assert [body for body in server.bodies() if body][-1]["query"] == "hello"


@pytest.mark.parametrize(("keys", "code", "said"), [("\x03", 130, b""), ("\x04", 2, b"the app needs a question")])
def test_who_does_not_answer_runs_nothing(run, server, keys, code, said):
    with run("chat_ifelse", "dify") as terminal:
        terminal.wait("question: ")
        terminal.press(keys)
        assert terminal.ends() == code
        assert said in terminal.output
        assert b"Traceback" not in terminal.output
    assert not [asked for asked in server.requests() if asked.startswith("POST")]


# ---- Ctrl-C, and what grows until then


@pytest.mark.parametrize(
    ("answer", "stops", "reason"), [("y\n", True, "eof"), ("n\n", False, "cancelled"), ("\x03", False, "cancelled")]
)
def test_ctrl_c_offers_to_stop_the_run_and_leaves(run, server, tmp_path, answer, stops, reason):
    server.fault(STALLS)
    record = tmp_path / "x.skrec"
    with run("wf_iter_seq5", "dify", "--record", record) as terminal:
        terminal.wait("round 2")
        assert "● running" in last_drawing(terminal.output)
        terminal.press("\x03")
        terminal.wait("stop the run on the server, too?")
        terminal.press(answer)
        assert terminal.ends() == 130
        output = terminal.output
    assert any(asked.endswith("/stop") for asked in server.requests()) is stops
    assert server.requests().count("POST /v1/workflows/run") == 1
    assert Recording.load(record).end.reason == reason
    assert ("■ stopped" if stops else "╳ interrupted") in last_drawing(output)  # noqa: RUF001
    assert b"Traceback" not in output
    assert b"\x1b[3" not in output  # NO_COLOR


def test_ctrl_c_at_a_form_leaves_it_waiting(run, server):
    with run("wf_human_1_paused", "dify") as terminal:
        terminal.wait("comment")
        terminal.press("\x03")
        assert terminal.ends() == 130
        assert b"Traceback" not in terminal.output
    assert not [asked for asked in server.requests() if asked.startswith("POST /v1/form")]


# ---- in the viewer


def test_the_viewer_shows_the_run_and_leaves_its_form_waiting(run, server, tmp_path):
    record = tmp_path / "x.skrec"
    with run("wf_human_1_paused", "dify", "--view", "--record", record) as terminal:
        terminal.wait("paused")
        terminal.press("q")
        assert terminal.ends() == 1
        assert terminal.is_as_before
        assert b"streamkit attach dify 0da69be8" in terminal.output
        assert b"Traceback" not in terminal.output
    assert server.requests().count("POST /v1/workflows/run") == 1
    (form,) = folded("dify/wf_human_1_paused").forms
    body = fixture("dify/wf_human_1_paused").read_bytes()
    kept = Recording.load(record).body
    assert (len(kept), form.token.encode() in kept) == (len(body), False)


@pytest.mark.parametrize(("answer", "stops"), [("y\r", True), ("n\r", False)])
def test_to_leave_the_viewer_offers_to_stop_the_run(run, server, answer, stops):
    server.fault(STALLS)
    with run("wf_iter_seq5", "dify", "--view") as terminal:
        terminal.wait("round 2")
        terminal.press("q")
        terminal.wait("stop it on the server?")
        terminal.press(answer)
        assert terminal.ends() == 1
        assert terminal.is_as_before
        assert (b"nobody watches it any more" in terminal.output) is not stops
        assert b"Traceback" not in terminal.output
    assert any(asked.endswith("/stop") for asked in server.requests()) is stops


def test_a_signal_ends_the_viewer_and_leaves_a_recording(run, server, tmp_path):
    server.fault(STALLS)
    record = tmp_path / "x.skrec"
    with run("wf_iter_seq5", "dify", "--view", "--record", record) as terminal:
        terminal.wait("round 2")
        terminal.signal(signal.SIGTERM)
        assert terminal.ends() == 143
        assert terminal.is_as_before
        assert b"Traceback" not in terminal.output
    assert Recording.load(record).end.reason == "cancelled"


# ---- what is kept


def test_the_conversations_that_are_kept_hold_no_word_of_them(run, home):
    with run("chat_ifelse", "dify", "a secret question") as terminal:
        assert terminal.ends() == 0
    kept = Path(home["XDG_STATE_HOME"], "streamkit", "conversations.json").read_text()
    assert "secret" not in kept
    assert list(json.loads(kept).values()) == [folded("dify/chat_ifelse").conversation_id]
