"""The viewer as a program on a terminal: how it ends, where keys come from, and what reaches the terminal."""

import os
import re
import signal
import subprocess
import sys

import msgspec
import pytest

from streamkit.cli.demo import RECORDINGS
from streamkit.recording import Recording

if sys.platform == "win32":
    pytest.skip("terminals of another kind", allow_module_level=True)

from tests.cli.terminal import Terminal

SHOWN = "\x1b[?1049h"
EVIL = "\x1b]0;owned\x07\x1b[31337m\x1b[2J\x9b31337m\x85\u202eevil\u2066\r\n\x00\x7f"
ESCAPES = ("\x1b]", "\x1b[31337", "\x9b", "\x85", "\u202e", "\u2066", "\x07", "\x00", "\x7f")


POINTER = re.compile(rb"\x1b]22;\w+\x07")
"""The shape of the mouse: what Textual itself says."""


def said(terminal):
    """Return what was written to the terminal, but for the shape of the mouse."""
    return POINTER.sub(b"", terminal.output)


@pytest.fixture
def viewer(environment, tmp_path):
    """Starts `streamkit view` on a terminal, with nobody's settings."""
    started = []
    surroundings = environment | {"XDG_CONFIG_HOME": str(tmp_path / "config")}

    def start(*words, program=("-m", "streamkit", "view"), environment=surroundings, **options):
        terminal = Terminal(*program, *map(str, words), environment=surroundings | environment, **options)
        started.append(terminal)
        return terminal

    yield start
    for terminal in started:
        terminal.__exit__()


def test_a_terminal_is_no_stream_to_look_at(viewer):
    terminal = viewer("-")
    assert terminal.ends() == 2
    assert b"nothing is piped into it, as in `curl -N" in terminal.output


# ---- without a terminal


def test_without_a_terminal_a_folder_is_its_files(cli, fixtures, tmp_path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.sse").write_bytes((fixtures / "dify" / "chat_simple.sse").read_bytes())
    (tmp_path / "notes.md").write_text("no run")
    viewed = cli("view", tmp_path)
    assert viewed.stdout == cli("inspect", tmp_path / "a.sse", tmp_path / "b.sse").stdout


def test_without_a_terminal_standard_input_is_inspected(cli, fixtures):
    data = (fixtures / "dify" / "chat_simple.sse").read_bytes()
    assert cli("view", "-", stdin=data).stdout == cli("inspect", "-", stdin=data).stdout != ""


def test_without_a_terminal_nothing_can_be_recorded(cli, tmp_path):
    result = cli("view", "-", "--record", tmp_path / "x.sse")
    assert result.exit_code == 2
    assert "tee" in result.stderr


def test_a_filter_that_is_none_is_a_mistake_of_the_caller(cli, fixtures):
    result = cli("view", "--where", "dur>x", fixtures / "dify" / "chat_simple.sse")
    assert result.exit_code == 2
    assert "--where" in result.stderr


# ---- on a terminal


def test_it_opens_shows_the_run_and_q_leaves_the_terminal_as_it_was(viewer, fixtures):
    terminal = viewer(fixtures / "dify" / "wf_iter_fail_par_continue.sse")
    terminal.wait("For each item")
    terminal.press("q")
    assert terminal.ends() == 0
    assert terminal.is_as_before
    assert b"Traceback" not in terminal.output


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_and_the_terminal_is_as_it_was(viewer, fixtures, number, code):
    terminal = viewer(fixtures / "dify" / "chat_simple.sse")
    terminal.wait("succeeded")
    terminal.signal(number)
    assert terminal.ends() == code
    assert terminal.is_as_before
    assert b"Traceback" not in terminal.output


CRASH = """
import sys
from {module} import {name}
from streamkit.cli import main
def broken(self, *_):
    secret = "app-" + "s3cret"
    held = {{"key": secret}}
    raise ZeroDivisionError("on purpose\x1b[2J\x9b31m")
{name}.{method} = broken
main(["view", *sys.argv[1:]])
"""


@pytest.mark.parametrize(
    ("module", "name", "method"),
    [
        ("viewer.app", "Viewer", "tick"),
        ("viewer.widgets.run_tree", "RunTreePane", "render_line"),
        ("viewer.commands", "Commands", "do"),
        ("viewer.stream", "Stream", "feed"),
    ],
)
def test_a_crash_gives_the_terminal_back_and_tells_where_but_not_what_it_held(
    viewer, fixtures, tmp_path, module, name, method
):
    code = CRASH.format(module=module, name=name, method=method)
    data = (fixtures / "dify" / "chat_simple.sse").read_bytes()
    growing = tmp_path / "x.sse"
    growing.write_bytes(b"" if method == "feed" else data)
    terminal = viewer("--follow", growing, program=("-c", code))
    terminal.wait(SHOWN)
    growing.write_bytes(data)
    if method == "do":
        terminal.wait("succeeded")
        terminal.press("j")
    assert terminal.ends() == 70
    assert terminal.is_as_before
    left = terminal.output[terminal.output.rfind(b"\x1b[?1049l") :]
    assert b"in broken" in left
    assert b"ZeroDivisionError: on purpose" in left
    assert left.count(b"streamkit: the viewer crashed") == 1
    assert b"s3cret" not in terminal.output
    assert b"\x1b[2J" not in left


def test_standard_input_is_the_stream_and_keys_come_from_the_terminal(viewer, fixtures, tmp_path):
    data = (fixtures / "dify" / "chat_simple.sse").read_bytes()
    kept = tmp_path / "kept.sse"
    terminal = viewer("-", "--record", kept, stdin=subprocess.PIPE)
    stdin = terminal.process.stdin
    half = len(data) // 2
    stdin.write(data[:half])
    stdin.flush()
    terminal.wait("LIVE")
    stdin.write(data[half:])
    stdin.close()
    terminal.wait("END")
    terminal.press("q")
    assert terminal.ends() == 0
    assert terminal.is_as_before
    assert kept.read_bytes() == data
    assert kept.stat().st_mode & 0o077 == 0


def test_a_recording_keeps_the_times_and_no_secrets_and_plays(viewer, fixtures, tmp_path):
    data = (fixtures / "dify" / "wf_human_1_paused.sse").read_bytes()
    (token,) = set(re.findall(rb'"form_token":"([^"]+)"', data.replace(b'": "', b'":"')))
    kept = tmp_path / "kept.skrec"
    terminal = viewer("-", "--record", kept, stdin=subprocess.PIPE)
    terminal.process.stdin.write(data)
    terminal.process.stdin.close()
    terminal.wait("END")
    terminal.press("q")
    assert terminal.ends() == 0
    recording = Recording.load(kept)
    assert (recording.is_timed, recording.is_whole, len(recording.body)) == (True, True, len(data))
    assert token not in kept.read_bytes()
    player = viewer(kept, "--play")
    player.wait("paused")
    player.press("q")
    assert player.ends() == 0


def test_what_came_until_somebody_quits_is_kept(viewer, fixtures, tmp_path):
    data = (fixtures / "dify" / "chat_simple.sse").read_bytes()[:1500]
    kept = tmp_path / "kept.sse"
    terminal = viewer("-", "--record", kept, stdin=subprocess.PIPE)
    terminal.process.stdin.write(data)
    terminal.process.stdin.flush()
    terminal.wait("LIVE")
    terminal.press("q")
    assert terminal.ends() == 0
    assert kept.read_bytes() == data


def test_a_recording_is_not_overwritten(viewer, tmp_path):
    kept = tmp_path / "kept.sse"
    kept.write_bytes(b"mine")
    terminal = viewer("-", "--record", kept, stdin=subprocess.DEVNULL)
    assert terminal.ends() == 2
    assert kept.read_bytes() == b"mine"
    assert SHOWN.encode() not in terminal.output


def test_a_file_that_is_not_there_is_told_before_the_screen_changes(viewer, tmp_path):
    terminal = viewer(tmp_path / "no.sse")
    assert terminal.ends() == 2
    assert SHOWN.encode() not in terminal.output


ANSWERED = """
import sys
from viewer.watched import Watched
from streamkit.cli import main
made = Watched.__init__
def init(self, *args):
    made(self, *args)
    async def submit(form, action, body):
        pass
    self.submit = submit
Watched.__init__ = init
main(["view", *sys.argv[1:]])
"""
EDITOR = """
import pathlib, sys
assert sys.stdin.isatty() and sys.stdout.isatty()
print("here is the editor")
path = pathlib.Path(sys.argv[1])
path.write_text(path.read_text() + " and EDITED by hand")
"""


def test_a_text_of_several_lines_is_edited_in_the_users_editor(viewer, tmp_path, environment):
    (tmp_path / "editor.py").write_text(EDITOR)
    environment["EDITOR"] = f"{sys.executable} {tmp_path / 'editor.py'}"
    form = {"form_id": "f", "node_id": "n", "node_title": "Approval", "form_content": "Fine?", "form_token": "t",
            "inputs": [{"type": "paragraph", "output_variable_name": "comment"}],
            "actions": [{"id": "ok", "title": "OK"}], "expiration_time": 4_000_000_000}  # fmt: skip
    frames = [
        {"event": event, "workflow_run_id": "r", "task_id": "t", "data": data}
        for event, data in (
            ("workflow_started", {"id": "r", "inputs": {}}),
            ("node_started", {"id": "x", "node_id": "n", "node_type": "human-input", "title": "Approval"}),
            ("human_input_required", form),
        )
    ]
    body = tmp_path / "x.sse"
    body.write_bytes(b"".join(b"data: " + msgspec.json.encode(frame) + b"\n\n" for frame in frames))
    terminal = viewer(body, program=("-c", ANSWERED), environment=environment)
    terminal.wait("Approval")
    terminal.press("a")
    terminal.wait("$EDITOR")
    terminal.press("Yes\x05")
    terminal.wait("here is the editor")
    terminal.wait("Yes and EDITED by hand")
    terminal.press("\x1b")
    terminal.wait(" keys")
    terminal.press("q")
    assert terminal.ends() == 0
    assert terminal.is_as_before


def test_the_demo_plays(viewer):
    terminal = viewer(program=("-m", "streamkit", "demo"))
    terminal.wait(lambda: b"PLAY" in terminal.output)
    assert f"1/{len(RECORDINGS)}".encode() in terminal.output
    terminal.wait(lambda: b"As fast as they ran" in terminal.output)
    terminal.wait("END")
    terminal.press(" ")
    terminal.wait("PLAY x1")
    terminal.press("q")
    assert terminal.ends() == 0
    assert terminal.is_as_before


# ---- hostile bodies


def hostile_body():
    """A run that says the worst wherever it can say something."""

    def frame(event, **data):
        names = {"workflow_run_id": EVIL, "task_id": EVIL, "conversation_id": EVIL}
        return b"data: " + msgspec.json.encode({"event": event, **names, "data": data}) + b"\n\n"

    node = {"id": EVIL, "node_id": EVIL, "node_type": EVIL, "title": EVIL}
    said = {EVIL: [EVIL, {EVIL: EVIL}]}
    return b"".join(
        (
            f": {EVIL!s}".replace("\r\n", "").encode() + b"\n\n",
            frame("workflow_started", id=EVIL, workflow_id=EVIL, inputs=said),
            frame("node_started", **node),
            frame("agent_log", **node, node_execution_id=EVIL, label=EVIL, status="error", error=EVIL, data=said),
            frame("node_retry", **node, retry_index=1, error=EVIL, status="retry"),
            frame("text_chunk", text=EVIL, from_variable_selector=[EVIL]),
            frame(EVIL, **said),
            frame("node_finished", **node, status="failed", error=EVIL, inputs=said, outputs=said, process_data=said),
            frame("workflow_finished", id=EVIL, status="failed", error=EVIL, outputs=said),
        )
    )


def test_nothing_that_a_body_says_is_obeyed_by_the_terminal(viewer, tmp_path):
    """G16. All panes and tabs, the screens over them, and the file's own name."""
    path = tmp_path / f"{EVIL.replace(chr(0), '').replace('/', '')}.sse"
    path.write_bytes(hostile_body())
    terminal = viewer(path)
    terminal.wait("failed")
    for keys in (
        "Rj",
        "i",
        "o",
        "p",
        "!",
        "t",
        "m",
        "v",
        "3",
        "j\r",
        "2",
        "4T",
        "5j\r",
        "1",
        "2W",
        "q",
        "y",
        "q",
        "x",
        "q",
        "d",
    ):
        terminal.press(keys)
        terminal.settle()
    terminal.press("q")
    assert terminal.ends() == 0
    written = said(terminal).decode()
    assert "evil" in written
    assert [escape for escape in ESCAPES if escape in written] == []
    assert {byte for byte in said(terminal) if byte < 0x20} <= {0x1B, 0x0A, 0x0D}


@pytest.mark.parametrize("name", ["escapes_bidi_markup", "random_bytes"])
def test_hostile_fixtures_leave_the_terminal_alone(viewer, fixtures, name):
    path = next((fixtures / "hostile").glob(f"{name}.[sb]*"))
    terminal = viewer(path)
    terminal.wait("filter")
    terminal.press("v")
    terminal.press("q")
    assert terminal.ends() == 0
    assert terminal.is_as_before
    assert {byte for byte in said(terminal) if byte < 0x20} <= {0x1B, 0x0A, 0x0D}
    assert b"\x1b]" not in said(terminal)


def test_it_draws_with_ascii_alone_where_it_is_told_to(viewer, fixtures):
    terminal = viewer("--ascii", fixtures / "dify" / "wf_iter_fail_par_continue.sse")
    terminal.wait("For each item")
    terminal.press("q")
    assert terminal.ends() == 0
    assert {byte for byte in terminal.output if byte > 0x7F} == set()


def test_the_terminal_of_the_tests_sees_what_is_left_behind(environment):
    """A program that leaves its screen and its attributes behind is noticed."""
    code = "import tty; tty.setraw(0); print('\\x1b[?1049h', end='', flush=True)"
    with Terminal("-c", code, environment=environment) as terminal:
        assert terminal.ends() == 0
        assert not terminal.is_as_before
    assert os.getpid() != terminal.process.pid
