"""`streamkit view`, as far as it is a command: what it refuses, and what it says without a terminal."""

import builtins
import socket
import sys

import pytest

from streamkit.cli import view


@pytest.fixture
def terminal(monkeypatch):
    """Let the command think that a person looks; what would open the viewer is kept instead."""
    opened = []
    monkeypatch.setattr(view, "is_screen", lambda: True)
    monkeypatch.setattr("viewer.main.run", lambda sources, **options: opened.append(options) or 0)
    return opened


@pytest.fixture
def body(fixtures):
    return fixtures / "dify" / "chat_simple.sse"


def without(monkeypatch, *missing):
    """Let modules be missing."""
    real = builtins.__import__

    def load(name, *args, **options):
        if name.partition(".")[0] in missing:
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", load)


def refused(result, *words):
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


def test_without_a_terminal_it_prints_what_inspect_prints(cli, body):
    assert cli("view", body).stdout == cli("inspect", body).stdout


def test_what_is_not_there_is_one_line(cli, terminal):
    refused(cli("view", "no-such.sse"), "no-such.sse: no such file or folder")
    assert not terminal


def test_a_missing_extra_is_told_with_the_line_that_installs_it(cli, terminal, monkeypatch, body):
    without(monkeypatch, "textual")
    refused(cli("view", body), "pip install 'chatflow-streamkit[viewer]'")


def test_a_mistake_in_the_settings_names_the_file_and_the_key(cli, terminal, body, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("[keys]\nserach = 's'\n")
    refused(cli("view", "--config", file, body), f"{file}: keys.serach: ", "is search meant?")
    refused(cli("view", "--config", "no-such.toml", body), "no-such.toml: no such file")
    assert not terminal


def test_the_settings_reach_the_viewer_and_options_come_first(cli, terminal, body, tmp_path):
    file = tmp_path / "streamkit" / "viewer.toml"
    file.parent.mkdir()
    file.write_text(f"theme = 'nord'\nspeed = 4\nascii = true\nexport_dir = '{tmp_path}'\nkeys = {{search = 's'}}\n")
    assert cli("view", body, XDG_CONFIG_HOME=str(tmp_path)).exit_code == 0
    assert cli("view", "--speed", "2", body, XDG_CONFIG_HOME=str(tmp_path)).exit_code == 0
    first, second = terminal
    assert first["keys"] == {"search": "s"}
    assert (first["theme"], first["folder"], first["ascii_only"]) == ("nord", tmp_path, True)
    assert (first["speed"], second["speed"]) == (4, 2)


def test_a_browser_needs_what_each_tab_can_read_anew(cli):
    refused(cli("view", "--web", "-"), "standard input")


def test_others_are_let_in_only_by_whoever_says_so(cli, body):
    refused(cli("view", "--web", "--host", "203.0.113.1", body), "203.0.113.1", "can write exports", "--let-anyone-in")


def test_the_missing_extra_of_the_browser_has_its_line_too(cli, monkeypatch, body):
    without(monkeypatch, "textual_serve")
    monkeypatch.delitem(sys.modules, "viewer.browser", raising=False)
    refused(cli("view", "--web", body), "pip install 'chatflow-streamkit[web]'")


def test_a_port_that_is_taken_is_one_line(cli, body):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(cli("view", "--web", "--port", port, body), f"cannot listen at 127.0.0.1, port {port}: ")


def test_the_viewers_of_tabs_have_the_same_arguments(cli, monkeypatch, body, tmp_path):
    served = []
    monkeypatch.setattr("viewer.browser.serve", lambda *words: served.append(words) or 0)
    settings = tmp_path / "mine.toml"
    settings.touch()
    how = ("--follow", "--speed", "4", "--where", "type:llm a", "--config", settings, "--dialect", "dify")
    assert cli("view", "--web", "--host", "::1", "--port", "1", *how, body).exit_code == 0
    arguments, host, port, _ = served[0]
    assert (host, port) == ("::1", 1)
    assert arguments == [
        *("--follow", "--speed=4.0", "--where=type:llm a", f"--config={settings}", "--dialect=dify"),
        *("--", str(body)),
    ]


# ---- proxies


def test_a_proxy_is_looked_at_in_a_terminal(cli):
    refused(cli("view", "http://127.0.0.1:8401"), "in a terminal", "/runs")


def test_a_proxy_needs_its_token(cli, terminal, monkeypatch, tmp_path):
    monkeypatch.delenv("STREAMKIT_ADMIN_TOKEN", raising=False)
    refused(cli("view", "http://127.0.0.1:8401"), "token of 16 characters", "STREAMKIT_ADMIN_TOKEN")
    refused(cli("view", "http://127.0.0.1:8401", "--token-file", tmp_path / "none"), "none: no such file")
    assert terminal == []


def test_proxies_are_sources_several_in_one_word_too(cli, monkeypatch, body):
    opened = []
    monkeypatch.setattr(view, "is_screen", lambda: True)
    monkeypatch.setattr("viewer.main.run", lambda sources, **options: opened.extend(sources) or 0)
    monkeypatch.setenv("STREAMKIT_ADMIN_TOKEN", "0123456789abcdef")
    result = cli("view", "http://a:1,https://b:2", body)
    assert result.exit_code == 0
    assert [source.name for source in opened] == ["http://a:1", "https://b:2", str(body)]
