"""Recordings of what a client receives: a file for each body, exchanges beside it, and no key in any."""

import json
import os
import sys
from types import SimpleNamespace

import pytest

from streamkit.clients.answer import Received
from streamkit.clients.operation import Call
from streamkit.clients.secret import Secret
from streamkit.clients.tape import NO_TAPE, FileTape
from streamkit.clients.upload import Upload
from streamkit.errors import RecordingError
from streamkit.recording import Recording

KEY = "app-0123456789abcdefghij"


def body(path="/v1/chat-messages"):
    return SimpleNamespace(
        call=Call("POST", path, body={"query": "hello", "user": "ada"}),
        url=f"http://host{path}",
        status=200,
        headers={"Content-Type": "text/event-stream"},
        request_headers={"Authorization": f"Bearer {KEY}", "Accept": "text/event-stream"},
    )


def tape(path, **how):
    return FileTape(path, "dify", secrets=[Secret(KEY), None], **how)


def test_a_body_is_recorded_with_what_was_asked(tmp_path):
    told = tape(tmp_path / "x.skrec")
    told.begin(body())
    told.write(b"data: {}\n\n")
    told.end("eof")
    recording = Recording.load(tmp_path / "x.skrec")
    assert recording.body == b"data: {}\n\n"
    assert (recording.header.source.kind, recording.header.source.method) == ("dify", "POST")
    assert recording.header.source.url == "http://host/v1/chat-messages"
    assert recording.header.request.body == {"query": "hello", "user": "ada"}
    assert recording.header.response.status == 200
    assert (recording.end.reason, recording.end.error) == ("eof", None)


@pytest.mark.parametrize("name", ["x.skrec", "x.skrec.zst", "x.rec"])
def test_the_bodies_that_follow_are_numbered(tmp_path, name):
    told = tape(tmp_path / name)
    for _ in range(3):
        told.begin(body())
        told.end("eof")
    start, _, suffix = name.partition(".")
    assert [path.name for path in told.paths] == [name, f"{start}.2.{suffix}", f"{start}.3.{suffix}"]
    assert all(path.exists() for path in told.paths)


def test_exchanges_stand_in_the_recording_that_is_open_or_comes_next(tmp_path):
    told = tape(tmp_path / "x.skrec")
    info = Received(200, "application/json", b'{"mode":"chat"}')
    told.exchange(Call("GET", "/info"), info, "http://host/v1/info")
    told.begin(body())
    stop = Call("POST", "/chat-messages/t/stop", body={"user": "ada"})
    told.exchange(stop, Received(200, "text/plain", b"done"), "http://host/v1/chat-messages/t/stop")
    told.end("eof")
    told.exchange(
        Call("GET", "/messages"), info, "http://host/v1/messages"
    )  # nothing comes next: it is lost, as it means nothing
    first, second = Recording.load(tmp_path / "x.skrec").exchanges
    assert (first.request.method, first.request.url, first.response.body) == (
        "GET",
        "http://host/v1/info",
        {"mode": "chat"},
    )
    assert (second.request.body, second.response.status, second.response.body) == ({"user": "ada"}, 200, "done")


def test_an_upload_is_recorded_by_name_and_a_download_without_its_bytes(tmp_path):
    told = tape(tmp_path / "x.skrec")
    told.begin(body())
    upload = Upload("bill.pdf", b"%PDF", "application/pdf")
    sending = Call("POST", "/files/upload", fields={"user": "ada"}, uploads=(("file", upload),))
    fetching = Call("GET", "/files/f/preview")
    told.exchange(sending, Received(201, "application/json", b'{"id":"f"}'), "/v1/files/upload")
    told.exchange(fetching, Received(200, "image/png", b"\x89PNG"), "/v1/files/f/preview")
    told.exchange(fetching, Received(200, "application/json", b"x" * 2_000_000), "/v1/files/f/preview")
    told.end("eof")
    sent, fetched = Recording.load(tmp_path / "x.skrec").exchanges
    assert sent.request.body == {"user": "ada", "file": "bill.pdf"}
    assert (fetched.request.url, fetched.response.body) == ("/v1/files/f/preview", None)


def test_no_key_is_recorded_wherever_it_stands(tmp_path):
    told = tape(tmp_path / "x.skrec")
    info = Received(200, "application/json", json.dumps({"key": KEY}).encode())
    told.exchange(Call("GET", "/info", {"key": KEY}), info, f"http://host/v1/info?key={KEY}")
    told.begin(body())
    told.write(b'data: {"event":"message","answer":"your key is ' + KEY.encode() + b'"}\n\n')
    told.end("error", f"refused {KEY}")
    assert KEY.encode() not in (tmp_path / "x.skrec").read_bytes()


def test_a_file_that_is_there_is_told_of_before_anything_is_asked(tmp_path):
    path = tmp_path / "x.skrec"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        tape(path)
    told = tape(path, overwrite=True)
    told.begin(body())
    told.end("eof")
    assert path.read_text() != "mine"


def test_a_folder_that_is_not_there_or_takes_nothing_is_told_of_before_anything_is_asked(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError) as raised:
        tape(tmp_path / "none" / "x.skrec")
    assert (raised.value.filename, raised.value.strerror) == (str(tmp_path / "none"), "no such folder")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(PermissionError):
        tape(tmp_path / "x.skrec")


def test_what_compresses_must_be_there_before_anything_is_asked(tmp_path, monkeypatch):
    for name in ("backports", "backports.zstd", "compression", "compression.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(RecordingError, match="needs an extra"):
        tape(tmp_path / "x.skrec.zst")
    assert list(tmp_path.iterdir()) == []


def test_no_tape_records_nothing():
    NO_TAPE.begin(body())
    NO_TAPE.write(b"x")
    NO_TAPE.aside(b"x")
    NO_TAPE.end("eof")
