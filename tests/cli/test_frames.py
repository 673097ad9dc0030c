import json
import subprocess
import sys
from pathlib import Path

import pytest

from streamkit.sse import Parser

CONFORMANCE = sorted((Path(__file__).parents[2] / "fixtures" / "conformance").glob("*.json"))


def lines(output: bytes) -> list[dict[str, str]]:
    return [json.loads(line) for line in output.split(b"\n") if line]


@pytest.mark.parametrize("case", CONFORMANCE, ids=lambda path: path.stem)
def test_frames_prints_what_the_standard_dispatches(cli, case):
    wanted = json.loads(case.read_text())
    if "max_frame_bytes" in wanted:
        return  # the command has no limit to set
    frames = [{key: frame[key] for key in ("event", "data", "id")} for frame in wanted["frames"]]
    for size in (1, 7, 4096):
        result = cli("frames", case.with_suffix(".sse"), "--chunk-size", str(size))
        assert lines(result.stdout_bytes) == frames
        assert result.exit_code == (0 if frames else 2)


def test_a_line_is_the_name_the_data_and_the_last_id(cli):
    result = cli("frames", "-", stdin=b"data: 1\n\nid: 7\nevent: add\ndata: \xff\n\ndata: 3\n\n")
    assert result.stdout == (
        '{"event":"message","data":"1","id":""}\n'
        '{"event":"add","data":"�","id":"7"}\n'
        '{"event":"message","data":"3","id":"7"}\n'
    )


def test_frames_masks_nothing_and_says_so(cli, streams):
    assert "s3cr3t" in cli("frames", "-", stdin=streams.form()).stdout
    assert "masks nothing" in cli("frames", "--help").stdout


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"", "is empty"), (b"garbage", "holds no frame in 7 bytes"), (b": only\n\n", "holds no frame in 8 bytes")],
)
def test_a_body_without_a_frame_is_named_in_one_line(cli, body, reason):
    result = cli("frames", "-", stdin=body)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"streamkit: standard input: {reason}\n"


def test_frames_come_as_soon_as_they_are_complete(environment):
    """The pipe stays open: what is read was not waiting for its end."""
    command = [sys.executable, "-m", "streamkit", "frames", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as running:
        for number in (b"1", b"2"):
            running.stdin.write(b"data: " + number + b"\n\n")
            running.stdin.flush()
            assert json.loads(running.stdout.readline())["data"] == number.decode()
        running.stdin.close()
        assert running.wait(30) == 0


def test_a_frame_that_is_too_large_is_named(cli, monkeypatch):
    monkeypatch.setattr("streamkit.cli.frames.Parser", lambda: Parser(max_frame_bytes=50))
    result = cli("frames", "-", stdin=b"data: 1\n\ndata: " + b"x" * 2000 + b"\n\ndata: 3\n\n")
    assert [line["data"] for line in lines(result.stdout_bytes)] == ["1", "3"]
    assert result.exit_code == 0
    assert result.stderr.startswith("streamkit: standard input: dropped a frame of 2,007 bytes at byte 9: more than 50")


def test_wrong_use_is_one_line(cli):
    result = cli("frames", "x.sse", "--chunk-size", "0")
    assert result.exit_code == 2
    assert result.stderr.startswith("streamkit: Invalid value for '--chunk-size'")
    assert result.stderr.count("\n") == 1
