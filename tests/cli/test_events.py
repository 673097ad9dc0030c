import json
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from streamkit.cli.events import line_of, masked
from streamkit.dialects.dify.events import Message
from streamkit.reader import Reader
from streamkit.records import Record
from streamkit.run import HIDDEN

FIXTURES = Path(__file__).parents[2] / "fixtures"
SAMPLES = sorted((FIXTURES / "dify" / "protocol").glob("*.sse"))
OTHERS = sorted(path for name in ("ragflow", "openai") for path in (FIXTURES / name).rglob("*.sse"))
HOSTILE = sorted(path for path in (FIXTURES / "hostile").iterdir() if not path.name.endswith((".golden.json", ".md")))


def lines(result) -> list[dict]:
    return [json.loads(line) for line in result.stdout_bytes.split(b"\n") if line]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_line_is_the_own_json_of_the_frame_then_kind_and_dialect(cli, sample):
    """Digit for digit: nothing of the frame is decoded and written anew but secrets."""
    printed = cli("events", sample).stdout_bytes.split(b"\n")[:-1]
    reader = Reader("dify")
    records = [record for record in reader.feed(sample.read_bytes()) + reader.close() if not record.event.is_heartbeat]
    assert len(printed) == len(records)
    for line, record in zip(printed, records, strict=True):
        payload = orjson.loads(line)
        assert list(payload)[-2:] == ["kind", "dialect"]
        assert (payload.pop("kind"), payload.pop("dialect")) == (record.event.kind, "dify")
        if b"form_token" not in line:
            assert line.startswith(record.data[:-1])
            assert payload == orjson.loads(record.data)


@pytest.mark.parametrize("path", SAMPLES + HOSTILE, ids=lambda path: path.stem)
def test_every_split_prints_the_same_lines_and_each_is_json(cli, path):
    whole = cli("events", path)
    assert all(isinstance(line, dict) for line in lines(whole))
    for size in (1, 97):
        if path.stat().st_size < 20_000:
            assert cli("events", path, "--chunk-size", str(size)).stdout_bytes == whole.stdout_bytes


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_inspect_reads_from_the_lines_what_it_reads_from_the_stream(cli, path):
    """`[DONE]` is no JSON: its line has a kind and a dialect only."""

    def run(result):
        state = json.loads(result.stdout_bytes)
        state["stats"] = state["stats"]["events"]  # lines have other bytes than frames
        state["anomalies"] = [found["kind"] for found in state["anomalies"] if found["kind"] != "non-standard-json"]
        return {**state, "revision": 0}

    printed = cli("events", path).stdout_bytes
    assert run(cli("inspect", "--json", "-", stdin=printed)) == run(cli("inspect", "--json", path))


def test_a_heartbeat_is_no_event(cli):
    body = b'event: ping\n\n: comment\n\ndata: {"event": "ping"}\n\ndata: {"event": "message", "answer": "x", "task_id": "t"}\n\n'
    assert [line["kind"] for line in lines(cli("events", "-", stdin=body))] == ["message"]


def test_numbers_stay_as_they_came(cli):
    number = b'{"event":"message","task_id":"t","n":1.10,"big":123456789012345678901234567890,"e":1E5}'
    line = cli("events", "-", stdin=b"data: " + number + b"\n\n").stdout_bytes
    assert line == number[:-1] + b',"kind":"message","dialect":"dify"}\n'


def test_our_keys_win_over_the_frames(cli):
    body = b'data: {"kind":"theirs","event":"message","task_id":"t","dialect":1,"in":{"kind":"stays"}}\n\n'
    (line,) = lines(cli("events", "-", stdin=body))
    assert line == {"event": "message", "task_id": "t", "in": {"kind": "stays"}, "kind": "message", "dialect": "dify"}


def test_an_unknown_event_keeps_its_json(cli):
    (line,) = lines(cli("events", "-", stdin=b'data: {"event": "quantum", "task_id": "t", "x": [1]}\n\n'))
    assert line == {"event": "quantum", "task_id": "t", "x": [1], "kind": "unknown", "dialect": "dify"}


def test_a_frame_without_json_is_malformed(cli):
    body = b'data: {"event": "message", "task_id": "t"}\n\ndata: [DONE]\n\ndata: 5\n\n'
    malformed = lines(cli("events", "-", stdin=body))[1:]
    assert malformed == [
        {"kind": "malformed", "dialect": "dify", "reason": "no JSON", "raw": "[DONE]"},
        {"kind": "malformed", "dialect": "dify", "reason": "a JSON int, not an object", "raw": "5"},
    ]


def test_json_that_the_standard_forbids_comes_out_as_json(cli):
    body = b'data: {"event": "message", "task_id": "t", "a": NaN, "b": "\\ud800", "c": 1e400}\n\n'
    (line,) = lines(cli("events", "-", stdin=body))
    assert (line["a"], line["b"], line["c"]) == (None, "�", None)


def test_a_document_of_many_lines_becomes_one(cli):
    body = b'{\n  "code": "not_found",\n  "message": "App not found",\n  "status": 404\n}\n'
    (line,) = lines(cli("events", "-", stdin=body))
    assert line == {
        "code": "not_found",
        "message": "App not found",
        "status": 404,
        "kind": "error",
        "dialect": "dify",
    }


# ---- secrets


def test_a_form_token_is_hidden_at_any_depth(cli, streams):
    body = streams.workflow(streams.form())
    assert "s3cr3t" not in cli("events", "-", stdin=body).stdout
    (form,) = [line for line in lines(cli("events", "-", stdin=body)) if line["kind"] == "human_input_required"]
    assert form["data"]["form_token"] == HIDDEN
    assert "s3cr3t" in cli("events", "-", "--show-secrets", stdin=body).stdout


def test_a_form_token_is_hidden_in_every_disguise(cli):
    for key in ("form_token", "\\u0066orm_token", "form\\u005ftoken"):
        for event in ("message", "quantum", "human_input_required"):
            body = f'data: {{"event": "{event}", "task_id": "t", "deep": [{{"{key}": "s3cr3t"}}]}}\n\n'.encode()
            assert "s3cr3t" not in cli("events", "-", stdin=body).stdout, (key, event)
        broken = f'data: {{"event": "message", "{key}": "s3cr3t"\n\n'.encode()
        (line,) = lines(cli("events", "-", stdin=broken))
        assert line["kind"] == "malformed"
        assert "raw" not in line


def test_a_token_that_is_null_stays_null():
    payload = {"form_token": None, "a": [{"form_token": "x"}]}
    assert masked(payload) == {"form_token": None, "a": [{"form_token": "[hidden]"}]}


def test_a_payload_nested_beyond_measure_is_printed_as_text():
    """No decoder reads it; a typed one may have looked past it."""
    deep = b"[" * 100_000 + b"]" * 100_000
    plain = Record(Message(), 0, data=b'{"event":"message","deep":' + deep + b"}")
    line = json.loads(line_of(plain, "dify"))
    assert (line["kind"], line["reason"], line["raw"]) == ("malformed", "nested too deeply", plain.data.decode())
    secret = Record(Message(), 0, data=b'{"event":"message","form_token":"s3cr3t","deep":' + deep + b"}")
    assert "raw" not in json.loads(line_of(secret, "dify"))


# ---- live, and what cannot be read


def test_events_come_as_soon_as_their_frames_do(environment):
    """The pipe stays open: what is read was not waiting for its end."""
    command = [sys.executable, "-m", "streamkit", "events", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as running:
        for answer in ("Hel", "lo"):
            payload = json.dumps({"event": "message", "task_id": "t", "answer": answer})
            running.stdin.write(f"event: ping\n\ndata: {payload}\n\n".encode())
            running.stdin.flush()
            assert json.loads(running.stdout.readline())["answer"] == answer
        running.stdin.close()
        assert running.wait(30) == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "is empty"),
        (b" \n\n", "holds nothing but blanks"),
        (b"garbage", "is neither an event stream nor JSON"),
        (b"garbage\n\nmore\n\n", "is neither an event stream nor JSON"),
        (b"<!doctype html>\n\n<title>502</title>\n", "is a page of HTML or XML, not an event stream"),
        (b"event: ping\n\n: x\n\n", "holds heartbeats (2), but no event"),
        (b'data: {"event": "mess', "ends before its first event does"),
    ],
)
def test_a_body_without_events_is_named_in_one_line(cli, body, reason):
    result = cli("events", "-", stdin=body)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"streamkit: standard input: {reason}\n"


def test_a_cut_document_is_unreadable(cli):
    result = cli("events", "-", stdin=b'{"code": "x", "mess')
    assert result.exit_code == 2
    assert result.stderr == "streamkit: standard input: begins like JSON, but holds no JSON object\n"


def test_what_was_lost_of_a_body_is_said(cli):
    result = cli("events", "-", stdin=b'data: {"event": "message", "task_id": "t"}\n\ndata: {"eve')
    assert result.exit_code == 0
    assert result.stderr == "streamkit: standard input: unterminated-frame: 11 bytes from byte 44\n"


def test_a_frame_that_is_too_large_is_named(cli, monkeypatch):
    monkeypatch.setattr("streamkit.cli.body.PlacingReader", lambda name: Reader(name, max_frame_bytes=100))
    small = b'data: {"event": "message", "task_id": "t"}\n\n'
    result = cli("events", "-", stdin=small + b"data: " + b"x" * 200 + b"\n\n" + small)
    assert len(lines(result)) == 2
    assert result.stderr == "streamkit: standard input: frame-too-large: 207 bytes from byte 44, limit 100\n"


def test_a_dialect_that_does_not_exist_is_wrong_use(cli):
    result = cli("events", "x.sse", "--dialect", "klingon")
    assert result.exit_code == 2
    assert "klingon" in result.stderr
