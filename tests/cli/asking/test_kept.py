"""A recording that fails costs its run nothing."""

import errno

import pytest

from streamkit.cli.asking.kept import Kept
from streamkit.clients.answer import Received
from streamkit.clients.operation import Call
from streamkit.clients.secret import Secret
from streamkit.clients.tape import NO_TAPE, FileTape
from streamkit.recording import Recording


class Body:
    """What a tape is told of a body."""

    call = Call("POST", "/v1/chat-messages", body={})
    url = "http://127.0.0.1/v1/chat-messages"
    status = 200
    request_headers = headers = ()


def test_it_records(tmp_path):
    kept = Kept(FileTape(tmp_path / "x.skrec", "dify", secrets=[Secret("a-key-of-somebody")]))
    kept.exchange(Call("GET", "/v1/info"), Received(200, "application/json", b"{}"), "http://127.0.0.1/v1/info")
    kept.begin(Body())
    kept.write(b"data: 1\n\n")
    kept.end("eof")
    assert Recording.load(tmp_path / "x.skrec").body == b"data: 1\n\n"
    assert kept.problem is None


@pytest.mark.parametrize("at", ["begin", "write", "end", "exchange"])
def test_what_fails_is_said_and_nothing_raises(tmp_path, monkeypatch, at):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    kept = Kept(FileTape(tmp_path / "x.skrec", "dify"))
    if at in ("write", "end"):
        kept.begin(Body())
    with monkeypatch.context() as patched:
        patched.setattr(FileTape, at, full)
        kept.exchange(Call("GET", "/v1/info"), Received(200, "application/json", b"{}"), "http://127.0.0.1/v1/info")
        kept.begin(Body()) if at == "begin" else None
        kept.write(b"data: 1\n\n")
        if at == "end":
            kept._tape._recorder.close("eof")  # what is patched does not
            kept.end("eof")
    assert kept.problem == "not recorded any more: no space left on device"
    kept.write(b"data: 2\n\n")
    kept.end("eof")


def test_a_body_that_goes_on_and_has_no_place_is_said_by_its_name(tmp_path):
    (tmp_path / "x.2.skrec").write_text("mine")
    kept = Kept(FileTape(tmp_path / "x.skrec", "dify"))
    kept.begin(Body())
    kept.end("eof")
    kept.begin(Body())
    assert kept.problem == f"not recorded any more: {tmp_path / 'x.2.skrec'}: file exists"
    assert (tmp_path / "x.2.skrec").read_text() == "mine"
    assert Recording.load(tmp_path / "x.skrec").is_whole


def test_without_a_file_nothing_is_recorded():
    kept = Kept(NO_TAPE)
    kept.begin(Body())
    kept.exchange(Call("GET", "/v1/info"), Received(200, "application/json", b"{}"), "http://127.0.0.1/v1/info")
    assert kept.problem is None
