"""`streamkit convert`: the same body in every notation, with its times, and without its secrets."""

import json
import stat

import pytest

from streamkit.cli import notation
from streamkit.recording import Chunk, End, Exchange, Header, Marker, Recording, Request, Response, Source

TOKEN = "urs23CZGRvbLOu5kHsetNq"  # noqa: S105 - as a server makes them
REAL = ["dify/wf_iter_fail_par_continue.sse", "ragflow/simple_message.sse", "openai/chat_openai_delta.sse"]


@pytest.fixture
def body(tmp_path, streams):
    """A file with a body: three frames, and no secret."""
    path = tmp_path / "x.sse"
    path.write_bytes(streams.workflow(streams.text("Hi")))
    return path


def listed(folder):
    return sorted(path.name for path in folder.iterdir())


# ---- notations


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("way", [["a.skrec"], ["a.skrec.zst"], ["a.skrec", "b.skrec.zst", "c.skrec"]])
def test_a_body_comes_back_byte_for_byte(cli, fixtures, tmp_path, name, way):
    source = fixtures / name
    for step in [*way, "z.sse"]:
        result = cli("convert", source, tmp_path / step)
        assert (result.exit_code, result.output) == (0, "")
        source = tmp_path / step
    assert source.read_bytes() == (fixtures / name).read_bytes()


@pytest.mark.parametrize("name", REAL)
def test_json_lines_hold_the_same_run_and_become_a_stream_again(cli, fixtures, tmp_path, name):
    expected = cli("inspect", "--stable", fixtures / name).stdout
    source = fixtures / name
    for step in ["a.ndjson", "b.sse", "c.jsonl", "d.skrec", "e.sse"]:
        assert cli("convert", source, tmp_path / step).exit_code == 0
        source = tmp_path / step
        assert cli("inspect", "--stable", source).stdout == expected
    lines = (tmp_path / "a.ndjson").read_bytes().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)


def test_a_document_stays_a_document(cli, tmp_path):
    document = b' \n{"event": "message",\n "answer": "Hi"}\n'
    (tmp_path / "x.json").write_bytes(document)
    cli("convert", tmp_path / "x.json", tmp_path / "x.sse")
    assert json.loads((tmp_path / "x.sse").read_bytes()) == json.loads(document)


def test_blanks_before_json_lines_are_no_body_of_their_own(cli, tmp_path):
    (tmp_path / "x.skrec").write_bytes(
        b'{"format":"skrec","version":1}\n[0,"b"," "]\n[1,"b","\\n{\\"event\\":\\"ping\\"}\\n"]\n[2,"b","{\\"event\\":\\"pong\\"}"]\n'
    )
    cli("convert", tmp_path / "x.skrec", tmp_path / "x.sse")
    assert (tmp_path / "x.sse").read_bytes() == b'data: {"event":"ping"}\n\ndata: {"event":"pong"}\n\n'


def test_what_no_line_can_hold_is_told(cli, tmp_path):
    body = b'data: {}\n\ndata: {"event": "message"}'  # the last frame has no end
    result = cli("convert", "-", tmp_path / "x.ndjson", stdin=body)
    assert result.exit_code == 0
    assert result.stderr.startswith("streamkit: unterminated-frame: ")


@pytest.mark.parametrize("body", [b'{"a": 1}\n{"b": 2}\n{"c": "%s"}\n' % (b"x" * 200)])
def test_a_line_that_is_too_long_is_named_and_nothing_is_written(cli, tmp_path, monkeypatch, body):
    monkeypatch.setattr(notation, "MAX_FRAME_BYTES", 100)
    result = cli("convert", "-", tmp_path / "x.sse", stdin=body)
    assert (result.exit_code, listed(tmp_path)) == (2, [])
    assert result.stderr == "streamkit: standard input: holds a line of more than 100 bytes\n"


def test_standard_input_and_output_are_files_too(cli, body):
    result = cli("convert", "-", "-", stdin=body.read_bytes())
    assert result.stdout_bytes == body.read_bytes()


def test_what_is_in_a_recording_stays_in_it(cli, tmp_path):
    header = Header(
        Source("dify", "POST", "/v1/x"),
        Request({"a": "b"}, [1]),
        Response(200),
        "2026-11-22T09:30:00Z",
        extra={"tool": 1},
    )
    exchange = Exchange(Request({}, None, "GET", "/v1/info"), Response(200, {}, {"name": "A"}), 0.75)
    recording = Recording(
        [Chunk(0.5, b"data: {}\n\n"), Chunk(1.0, b"\xff")],
        header,
        [exchange],
        [Marker(0.6, "m")],
        End("error", "reset", 1.5),
    )
    recording.save(tmp_path / "a.skrec")
    cli("convert", tmp_path / "a.skrec", tmp_path / "b.skrec.zst")
    assert Recording.load(tmp_path / "b.skrec.zst") == recording
    recording.end = None
    recording.save(tmp_path / "c.skrec")
    cli("convert", tmp_path / "c.skrec", tmp_path / "d.skrec")
    assert Recording.load(tmp_path / "d.skrec") == recording


# ---- facts


def test_times_come_from_a_file(cli, tmp_path, body):
    data = body.read_bytes()
    (tmp_path / "t.json").write_text(json.dumps([[500, 10], [1250.5, len(data) - 10]]))
    assert cli("convert", body, tmp_path / "x.skrec", "--timing", tmp_path / "t.json").exit_code == 0
    recording = Recording.load(tmp_path / "x.skrec")
    assert recording.is_timed
    assert recording.chunks == [Chunk(0.5, data[:10]), Chunk(1.2505, data[10:])]
    assert recording.end == End("eof", None, 1.2505)


def test_without_them_there_are_none(cli, tmp_path, body):
    cli("convert", body, tmp_path / "x.skrec")
    recording = Recording.load(tmp_path / "x.skrec")
    assert (recording.is_timed, recording.end) == (False, End("eof", None, 0.0))


def test_the_header_says_what_the_options_say(cli, tmp_path, body):
    facts = [
        "--url",
        "/v1/workflows/run",
        "--method",
        "POST",
        "--status",
        200,
        "--request-body",
        '{"inputs": {"a": 1}}',
    ]
    headers = [
        "--request-header",
        "User: u:1",
        "--request-header",
        "accept:*/*",
        "--response-header",
        "content-type: text/event-stream",
    ]
    assert cli("convert", body, tmp_path / "x.skrec", *facts, *headers).exit_code == 0
    assert Recording.load(tmp_path / "x.skrec").header == Header(
        Source("dify", "POST", "/v1/workflows/run"),
        Request({"User": "u:1", "accept": "*/*"}, {"inputs": {"a": 1}}),
        Response(200, {"content-type": "text/event-stream"}),
        is_timed=False,
    )
    (tmp_path / "body.json").write_text('{"query": "Hi"}')
    cli(
        "convert",
        tmp_path / "x.skrec",
        tmp_path / "y.skrec",
        "--kind",
        "openai",
        "--request-body",
        f"@{tmp_path}/body.json",
    )
    header = Recording.load(tmp_path / "y.skrec").header
    assert (header.source.kind, header.source.url, header.request.body) == (
        "openai",
        "/v1/workflows/run",
        {"query": "Hi"},
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ragflow/simple_message.sse", "ragflow"),
        ("openai/chat_openai_delta.sse", "openai"),
        ("hostile/html_page.html", None),
    ],
)
def test_whose_body_it_is_shows_in_it(cli, fixtures, tmp_path, name, kind):
    cli("convert", fixtures / name, tmp_path / "x.skrec")
    assert Recording.load(tmp_path / "x.skrec").header.source.kind == kind


# ---- secrets


def test_secrets_are_masked_also_before_they_were_given_away(cli, tmp_path, streams):
    body = streams.text(f"see {TOKEN}") + streams.form(form_token=TOKEN)
    for name in ("x.skrec", "x.skrec.zst", "x.sse", "x.ndjson"):
        assert cli("convert", "-", tmp_path / name, stdin=body).exit_code == 0
        shown = cli("frames", tmp_path / name).stdout if name != "x.ndjson" else (tmp_path / name).read_text()
        assert TOKEN not in shown
        assert "see REDACTED" in shown


def test_more_secrets_come_from_a_file(cli, tmp_path, streams):
    (tmp_path / "secrets").write_text("Hi there\n\nother\n")
    out = cli("convert", "-", "-", "--secrets", tmp_path / "secrets", stdin=streams.text("Hi there")).stdout
    assert "Hi there" not in out
    assert "REDACTED" in out


def test_nothing_is_masked_on_demand_and_that_is_said(cli, tmp_path, streams):
    result = cli("convert", "-", tmp_path / "x.sse", "--no-redact", stdin=streams.form(form_token=TOKEN))
    assert TOKEN in (tmp_path / "x.sse").read_text()
    assert result.stderr == "streamkit: nothing is masked: keys, tokens and signed URLs are kept as they are\n"


@pytest.mark.parametrize("name", ["x.skrec", "x.skrec.zst", "x.sse"])
def test_what_is_written_is_for_its_owner_alone(cli, tmp_path, body, name):
    cli("convert", body, tmp_path / "new" if name == "x.sse" else tmp_path / name)
    (written,) = [path for path in tmp_path.iterdir() if path != body]
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


# ---- files that are there, and those that are not


def test_a_file_that_is_there_is_replaced_only_with_force(cli, tmp_path, body):
    out = tmp_path / "x.skrec"
    out.write_bytes(b"precious")
    result = cli("convert", body, out)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"streamkit: {out} is there already; --force replaces it")
    assert out.read_bytes() == b"precious"
    assert cli("convert", body, out, "--force").exit_code == 0
    assert Recording.load(out).body == body.read_bytes()
    assert cli("convert", out, out, "--force").exit_code == 0
    assert Recording.load(out).body == body.read_bytes()


def test_what_goes_wrong_leaves_no_file(cli, tmp_path, body):
    (tmp_path / "t.json").write_text("[[1, 5]]")
    (tmp_path / "bad.skrec").write_bytes(b'{"format":"skrec","version":1}\n[0,"b","x"]\njunk\n[1,"b","y"]\n')
    before = listed(tmp_path)
    for source, options, said in [
        (body, ["--timing", tmp_path / "t.json"], f"{tmp_path}/t.json: times only 5 bytes of the body"),
        (body, ["--timing", tmp_path / "none"], f"{body}: {tmp_path}/none: no such file"),
        (tmp_path / "none", [], f"{tmp_path}/none: no such file"),
        (tmp_path / "bad.skrec", [], f"{tmp_path}/bad.skrec: line 3 is no entry: "),
    ]:
        result = cli("convert", source, tmp_path / "out.skrec", *options)
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"streamkit: {said}")
        assert listed(tmp_path) == before


@pytest.mark.parametrize("name", ["x.skrec", "x.sse"])
def test_what_cannot_be_written_is_told_by_its_own_name(cli, tmp_path, body, name):
    out = tmp_path / "none" / name
    result = cli("convert", body, out)
    assert result.stderr == f"streamkit: cannot write {out}: no such file or directory\n"
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x.sse.zst"], "x.sse.zst: of compressed files only .skrec.zst is written"),
        (["."], ". is no file"),
        (["o", "--request-body", "{"], "Invalid value for '--request-body': is no JSON"),
        (["o", "--request-body", "@none"], "Invalid value for '--request-body': none: no such file or directory"),
        (["o", "--request-header", "x"], "Invalid value for '--request-header': is no NAME: VALUE"),
        (["o", "--secrets", "none"], "Invalid value for '--secrets': none: no such file or directory"),
    ],
)
def test_wrong_use_is_one_line(cli, body, words, said):
    result = cli("convert", body, *words)
    assert result.exit_code == 2
    assert result.stderr == f"streamkit: {said}; see `streamkit convert --help`\n"


@pytest.mark.parametrize(
    ("data", "said"), [(b"x" * 3073, "has a line of more than 3,072 characters"), (b"\xff", "is no text in UTF-8")]
)
def test_a_file_that_holds_no_secrets_is_refused(cli, tmp_path, body, data, said):
    (tmp_path / "secrets").write_bytes(data)
    result = cli("convert", body, "-", "--secrets", tmp_path / "secrets")
    assert result.exit_code == 2
    assert f"secrets {said}; see" in result.stderr


def test_an_unreadable_body_has_no_events_to_write(cli, tmp_path):
    result = cli("convert", "-", tmp_path / "x.ndjson", stdin=b"<html>")
    assert (result.exit_code, listed(tmp_path)) == (2, [])
    assert result.stderr == "streamkit: standard input: is a page of HTML or XML, not an event stream\n"
