"""`streamkit scrub`: a recording that can be given away."""

import json

import pytest

from streamkit.recording import Chunk, End, Header, Recording, Request, Source

TOKEN = "urs23CZGRvbLOu5kHsetNq"  # noqa: S105 - as a server makes them


@pytest.fixture
def recorded(tmp_path, streams):
    """A recording in which Ana asks, and a form waits."""
    start = streams.workflow().partition(b"\n\n")[0] + b"\n\n"
    body = start + streams.node("ask", "Ask her", inputs={"q": "I am Ana"}) + streams.text("Hello Ana")
    chunks = [Chunk(0.5, body[:500]), Chunk(1.5, body[500:]), Chunk(2.0, streams.form(form_token=TOKEN))]
    header = Header(
        Source("dify", "POST", "/v1/workflows/run"), Request({"authorization": f"Bearer {TOKEN}"}, {"query": "Ana?"})
    )
    Recording(chunks, header, end=End("eof", None, 2.5)).save(tmp_path / "x.skrec", redact=False)
    return tmp_path / "x.skrec"


def test_without_content_it_takes_the_secrets_out(cli, tmp_path, recorded):
    assert cli("scrub", recorded, tmp_path / "y.skrec.zst").exit_code == 0
    before, after = Recording.load(recorded), Recording.load(tmp_path / "y.skrec.zst")
    assert TOKEN.encode() not in after.body
    assert TOKEN not in repr(after.header)
    assert b"Hello Ana" in after.body
    assert [(chunk.at, len(chunk.data)) for chunk in after.chunks] == [
        (chunk.at, len(chunk.data)) for chunk in before.chunks
    ]


def test_with_content_nothing_is_left_but_the_run(cli, tmp_path, recorded):
    assert cli("scrub", "--content", recorded, tmp_path / "y.skrec").exit_code == 0
    text = (tmp_path / "y.skrec").read_text()
    assert "Ana" not in text
    assert TOKEN not in text
    before, after = (json.loads(cli("inspect", "--json", path).stdout) for path in (recorded, tmp_path / "y.skrec"))
    for key in ("id", "status", "mode", "task_id", "seen_at", "ended_at", "first_token_at", "leaf_tokens"):
        assert after[key] == before[key]
    assert after["text"] == "Xxxxx Xxx"
    (node,) = after["nodes"]
    assert (node["title"], node["type"], node["inputs"]) == ("Ask her", "code", {"q": "X xx Xxx"})
    (form,) = after["forms"]
    assert (form["status"], form["content"]) == ("waiting", "Xxxx?")
    assert Recording.load(tmp_path / "y.skrec").header.request.body == {"query": "Xxx?"}


def test_it_is_deterministic_and_once_is_enough(cli, tmp_path, recorded):
    for source, out in [(recorded, "a"), (recorded, "b"), (tmp_path / "a.skrec", "c")]:
        cli("scrub", "--content", source, tmp_path / f"{out}.skrec")
    assert len({(tmp_path / f"{out}.skrec").read_bytes() for out in "abc"}) == 1


def test_standard_input_and_output_are_files_too(cli, streams):
    out = cli("scrub", "--content", "-", "-", stdin=streams.text("Hello Ana")).stdout
    assert "Xxxxx Xxx" in out
    assert "Ana" not in out


def test_more_secrets_come_from_a_file(cli, tmp_path, streams):
    (tmp_path / "secrets").write_text("Hello\n")
    assert "Hello" not in cli("scrub", "-", "-", "--secrets", tmp_path / "secrets", stdin=streams.text("Hello")).stdout


def test_a_file_that_is_there_is_replaced_only_with_force(cli, tmp_path, recorded):
    (tmp_path / "y.skrec").write_bytes(b"precious")
    assert cli("scrub", recorded, tmp_path / "y.skrec").exit_code == 2
    assert (tmp_path / "y.skrec").read_bytes() == b"precious"
    assert cli("scrub", recorded, tmp_path / "y.skrec", "--force").exit_code == 0


def test_what_cannot_be_read_is_one_line(cli, tmp_path):
    result = cli("scrub", tmp_path / "none", tmp_path / "out")
    assert (result.exit_code, result.stderr) == (2, f"streamkit: {tmp_path}/none: no such file\n")
    assert list(tmp_path.iterdir()) == []
