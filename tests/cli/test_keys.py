"""Keys, planted wherever a user can give them and repeated by a server wherever it can, are found in nothing that is told or kept."""

import logging
import os
import socket
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from streamkit.cli import main
from streamkit.recording import Recording
from tests.cli.parrot import parroting
from tests.cli.terminal import Terminal
from tests.unit.recording.planted import leaks

KEY = "n0-shape-by-which-it-is-known_42"
"""Not one that redaction finds by its looks: it is hidden because it is the key."""
OTHER = "An0ther-Secret-Of-Somebody-17"
"""One that stands where it does not belong."""


@pytest.fixture(scope="module")
def server():
    with parroting() as found:
        yield found


@pytest.fixture(autouse=True)
def _afresh(server):
    server.refuses, server.is_page = None, False
    server.keys.clear()


@pytest.fixture
def home(tmp_path, environment, server):
    config = tmp_path / "config" / "streamkit" / "config.toml"
    config.parent.mkdir(parents=True)
    (tmp_path / "keyfile").write_text(f"{KEY}\n")
    config.write_text(
        f'[apps.by-file]\nkind = "dify"\nkey_file = "{tmp_path / "keyfile"}"\n'
        '[apps.by-variable]\nkind = "dify"\nkey_env = "SUPPORT_KEY"\n'
    )
    vendors = ("DIFY_", "RAGFLOW_", "PARADIGM_")
    folders = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}
    bases = {f"{vendor}BASE_URL": server.url for vendor in vendors}
    return {**environment, **folders, **bases}


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


class Done(NamedTuple):
    code: int
    told: str
    """All that was printed, and all that was logged."""


@pytest.fixture
def command(home, work, monkeypatch, caplog):
    """Run a command in this process, with everything logged that anybody logs."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.chdir(work)
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    for name in set(os.environ) - set(home) - {"PYTHONASYNCIODEBUG"}:
        monkeypatch.delenv(name)

    def run(*words, **variables):
        done = CliRunner().invoke(main, [str(word) for word in words], env=home | variables, catch_exceptions=False)
        return Done(done.exit_code, done.stdout + done.stderr + caplog.text)

    return run


def kept(tmp_path):
    """All files that there are, but the one that holds the key."""
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in ("keyfile", "config.toml")]
    return {path: path.read_bytes() for path in files}


def assert_hidden(done, tmp_path, *secrets):
    for secret in secrets or (KEY,):
        assert not leaks(done.told.encode(), secret)
        for path, held in kept(tmp_path).items():
            assert not leaks(held, secret), path


# ---- wherever it is given

WAYS = {
    "environment": (("dify",), {"DIFY_API_KEY": KEY}),
    "a variable that is named": (("dify", "--api-key-env", "MINE"), {"MINE": KEY}),
    "file": (("dify", "--api-key-file", "../keyfile"), {}),
    "flag": (("dify", "--api-key", KEY), {}),
    "configuration, by file": (("by-file",), {}),
    "configuration, by variable": (("by-variable",), {"SUPPORT_KEY": KEY}),
}
COMMANDS = {
    "run": ("run", "{app}"),
    "run as JSON": ("run", "{app}", "--json"),
    "run with all that is secret": ("run", "{app}", "--json", "--show-secrets"),
    "run and record": ("run", "{app}", "--record", "x.skrec"),
    "run twice": ("run", "{app}", "--repeat", "2", "--record", "x.skrec.zst"),
    "run in one request": ("run", "{app}", "--blocking"),
    "record": ("record", "{app}", "-o", "x.skrec"),
    "attach": ("attach", "{app}", "r", "--record", "x.skrec"),
}


@pytest.mark.parametrize("command_name", COMMANDS)
@pytest.mark.parametrize("way", WAYS)
def test_a_key_is_in_no_output_log_or_recording(command, server, tmp_path, way, command_name):
    (app, *flags), variables = WAYS[way]
    words = [word.format(app=app) for word in COMMANDS[command_name]]
    done = command(*words, *flags, **variables)
    assert done.code == 1  # the run fails, for its key
    assert set(server.keys) == {KEY}
    assert "is wrong" in done.told or command_name == "run twice"
    assert_hidden(done, tmp_path)


@pytest.mark.parametrize(
    ("way", "place"),
    [
        ("environment", "the variable DIFY_API_KEY"),
        ("flag", "--api-key"),
        ("file", "the file ../keyfile"),
        ("configuration, by variable", "the variable SUPPORT_KEY"),
    ],
)
def test_of_one_that_is_refused_is_told_where_it_was(command, server, way, place):
    server.refuses = 401
    (app, *flags), variables = WAYS[way]
    done = command("run", app, *flags, **variables)
    assert f"HTTP 401); the key was from {place}" in done.told
    server.refuses = 500
    assert "the key was" not in command("run", app, *flags, **variables).told


@pytest.mark.parametrize("command_name", ["run", "record", "attach", "run in one request"])
@pytest.mark.parametrize(("status", "is_page"), [(401, False), (500, False), (502, True), (307, True)])
def test_a_refusal_that_repeats_it_is_told_without_it(command, server, tmp_path, command_name, status, is_page):
    server.refuses, server.is_page = status, is_page
    words = [word.format(app="dify") for word in COMMANDS[command_name]]
    done = command(*words, DIFY_API_KEY=KEY)
    assert (done.code, set(server.keys)) == (1, {KEY})
    assert f"HTTP {status}" in done.told
    assert_hidden(done, tmp_path)


@pytest.mark.parametrize(
    ("words", "variable"),
    [
        (("ragflow", "hello", "--agent", "a"), "RAGFLOW_API_KEY"),
        (("paradigm", "hello", "--model", "m"), "PARADIGM_API_KEY"),
    ],
)
@pytest.mark.parametrize("refuses", [None, 401])
def test_it_is_no_other_with_other_vendors(command, server, tmp_path, words, variable, refuses):
    server.refuses = refuses
    done = command("run", *words, "--record", "x.skrec", **{variable: KEY})
    assert set(server.keys) == {KEY}
    assert done.code == (0 if words[0] == "ragflow" and not refuses else 1)  # its components fail, and its runs succeed
    assert_hidden(done, tmp_path)


def test_what_hides_it_in_a_recording_hides_it_nowhere_else(command, work):
    command("record", "dify", "-o", "x.skrec", DIFY_API_KEY=KEY)
    body = Recording.load(work / "x.skrec").body
    assert b'"title": "LLM REDACTED' in body
    assert b'"workflow_run_id": "r"' in body


# ---- on a terminal


def test_it_is_on_no_screen_of_the_viewer(home, server, work, tmp_path):
    variables = home | {"DIFY_API_KEY": KEY}
    words = ("-m", "streamkit", "run", "dify", "--view", "--record", str(work / "x.skrec"))
    with Terminal(*words, environment=variables) as terminal:
        terminal.wait("END ")
        terminal.press("kk")  # to the run itself, wherever following it has led
        terminal.wait(lambda: b"is wrong" in terminal.output)
        for keys in ("\r", "e", "r", "\x1b", "q"):  # the node, its events, its frames
            terminal.press(keys)
            terminal.settle()
        terminal.press("q")
        assert terminal.ends() == 1
    assert set(server.keys) == {KEY}
    assert_hidden(Done(1, terminal.output.decode()), tmp_path)


def test_what_is_asked_on_a_terminal_does_not_repeat_it(home, server, tmp_path):
    with Terminal("-m", "streamkit", "run", "dify", environment=home | {"DIFY_API_KEY": KEY}) as terminal:
        assert terminal.ends() == 1
    assert "say " in terminal.output.decode()
    assert_hidden(Done(1, terminal.output.decode()), tmp_path)


# ---- lines of curl

LINES = {
    "header": ("-H", f"Authorization: Bearer {KEY}", "{url}/v1/workflows/run", "-d", "{body}"),
    "header without a scheme": ("-H", f"authorization: {KEY}", "{url}/v1/info"),
    "an open place": ("-H", "Authorization: Bearer {{api_key}}", "{url}/v1/workflows/run", "-d", "{body}"),
    "of RAGFlow": ("-H", f"Authorization: Bearer {KEY}", "{url}/api/v1/agents/a/completions", "-d", "{body}"),
    "of Paradigm": ("-H", f"Authorization: Bearer {KEY}", "{url}/api/v2/chat/completions", "-d", "{body}"),
    "what is no run": ("-H", f"Authorization: Bearer {KEY}", "{url}/v1/parameters"),
    "what is no JSON": ("-H", f"Authorization: Bearer {KEY}", "{url}/v1/page"),
}


@pytest.mark.parametrize("line", LINES)
def test_the_key_of_a_line_is_told_and_kept_nowhere(command, server, tmp_path, line):
    words = [word.format(url=server.url, body='{"inputs": {}, "user": "ada"}') for word in LINES[line]]
    done = command("curl", "--record", "x.skrec", *words, DIFY_API_KEY=KEY)
    assert set(server.keys) == {KEY}
    assert done.code in (0, 1)
    assert_hidden(done, tmp_path)


def test_other_secrets_of_a_line_are_not_kept(command, server, tmp_path):
    line = (
        "-H",
        f"X-Api-Key: {OTHER}",
        "-H",
        f"Cookie: session={OTHER}",
        f"{server.url}/v1/workflows/run?token={OTHER}",
    )
    done = command("curl", "--record", "x.skrec", *line, "-d", '{"inputs": {}}', DIFY_API_KEY=KEY)
    assert done.code == 1
    assert_hidden(done, tmp_path, KEY, OTHER)


def test_a_key_in_the_query_of_a_line_is_hidden(command, server, tmp_path):
    done = command("curl", "--record", "x.skrec", f"{server.url}/v1/workflow/r/events?api_key={KEY}", DIFY_API_KEY=KEY)
    assert set(server.keys) == {KEY}
    assert_hidden(done, tmp_path)


# ---- where it does not belong


@pytest.mark.parametrize(
    "words",
    [
        ("run", "dify", "--base", f"http://ada:{OTHER}@127.0.0.1:9"),
        ("run", "dify", "--base", f"http://127.0.0.1:9/?key={OTHER}"),
        ("run", "dify", "--base", f"ftp://ada:{OTHER}@127.0.0.1"),
        ("run", "dify", "--api-key", f"{OTHER} {OTHER}"),
        ("run", "dify", "--api-key-env", OTHER),
        ("run", "dify", "--api-key-file", f"app-{OTHER.replace('-', '')}"),
        ("run", "inline"),
        ("run", "in-its-name"),
        ("attach", "dify", "r", "--base", f"http://ada:{OTHER}@127.0.0.1:9"),
        ("curl", f"http://ada:{OTHER}@127.0.0.1:9/v1/info"),
        ("curl", "-u", f"ada:{OTHER}", "http://127.0.0.1:9/v1/info"),
        ("curl", f"--user=ada:{OTHER}", "http://127.0.0.1:9/v1/info"),
        ("curl", f"-uada:{OTHER}", "http://127.0.0.1:9/v1/info"),
        ("curl", f"http://127.0.0.1:9/v1/info?api_key={OTHER}", "http://127.0.0.1:9"),
        ("curl", "-H", f"Authorization: Basic {OTHER}= x", "http://127.0.0.1:9/v1/info"),
        ("curl", "-H", f"Authorization: Bearer {OTHER}", "http://127.0.0.1:9/v1/workflows/run", "-d", "{"),
    ],
    ids=lambda words: " ".join(words).replace(OTHER, "KEY"),
)
def test_a_mistake_with_a_key_is_told_without_it(command, home, tmp_path, words):
    config = Path(home["XDG_CONFIG_HOME"], "streamkit", "config.toml")
    more = f'[apps.inline]\nkind = "dify"\nkey = "{OTHER}"\n' if "inline" in words else ""
    more += f'[apps.in-its-name]\nkind = "dify"\nkey_env = "{OTHER}"\n'
    config.write_text(config.read_text() + more)
    done = command(*words, DIFY_API_KEY=KEY)
    assert done.code == 2
    assert_hidden(done, tmp_path, KEY, OTHER)


@pytest.mark.parametrize("base", ["http://127.0.0.1:{free}", "http://nowhere.invalid", "https://127.0.0.1:{port}"])
def test_a_connection_that_cannot_be_made_is_told_without_it(command, server, tmp_path, base):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = server.url.rpartition(":")[2]
        url = base.format(free=free.getsockname()[1], port=port)
    done = command("run", "dify", "--base", url, "--record", "x.skrec", DIFY_API_KEY=KEY)
    assert done.code == 1
    assert_hidden(done, tmp_path)


def test_the_password_of_a_proxy_is_told_nowhere(command, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        proxy = f"http://ada:{OTHER}@127.0.0.1:{free.getsockname()[1]}"
    done = command("run", "dify", "--base", "http://dify.example", DIFY_API_KEY=KEY, http_proxy=proxy)
    assert done.code == 1
    assert "cannot reach dify.example" in done.told
    assert_hidden(done, tmp_path, KEY, OTHER)


def test_a_line_without_a_key_takes_none_to_another_server(command, server):
    """A pasted line names the server: it gets what the line has, and the environment's key only at the environment's server."""
    line = ("curl", f"{server.url}/v1/info")
    done = command(*line, DIFY_API_KEY=KEY, DIFY_BASE_URL="https://dify.example/v1")
    assert (done.code, server.keys) == (2, [])
    assert "the line has no key" in done.told
    assert command(*line, DIFY_API_KEY=KEY).code == 0
    assert server.keys == [KEY]
