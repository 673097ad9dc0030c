import re
import subprocess
import sys
from importlib.resources import files

from click.testing import CliRunner

from streamkit.cli import main
from streamkit.cli.demo import RECORDINGS
from streamkit.recording import Recording


def test_the_demo_shows_what_the_product_can_show(cli):
    """Rounds with failures, a retry, an agent's log, tokens and cost, a form."""
    result = cli("demo")
    assert result.exit_code == 0
    for wanted in ("round 1", "✗", "try 1", "ROUND 1", "CALL search", " tok", "$0.00", "form  Approval", "[hidden]"):
        assert wanted in result.stdout, wanted
    for recording in RECORDINGS:
        assert recording.title in result.stdout
    assert "streamkit inspect x.sse" in result.stdout


def test_the_demo_fits_a_terminal_and_is_plain_in_a_pipe(cli):
    output = cli("demo").stdout
    assert max(map(len, output.splitlines())) <= 80
    assert "\x1b" not in output


def test_without_the_viewer_it_says_how_to_see_the_runs_play(cli, monkeypatch):
    with_it = cli("demo").stdout
    monkeypatch.setattr("streamkit.cli.demo.find_spec", lambda _: None)
    without = cli("demo").stdout
    assert "pip install" not in with_it
    assert without.removeprefix(with_it).split("\n") == [
        "",
        "To see these runs play, in a viewer: pip install 'chatflow-streamkit[viewer]'",
        "",
    ]


def test_the_recordings_are_package_data_of_small_size():
    folder = files("streamkit").joinpath("demo")
    sizes = [len(folder.joinpath(recording.file).read_bytes()) for recording in RECORDINGS]
    assert 0 < sum(sizes) < 80_000
    assert {entry.name for entry in folder.iterdir()} == {recording.file for recording in RECORDINGS}


def test_in_the_viewer_they_are_recordings_with_the_times_at_which_they_came(monkeypatch):
    shown = []

    def look(paths, **how):
        shown.extend((Recording.load(path), how) for path in paths)
        return 0

    monkeypatch.setattr("streamkit.cli.demo.is_screen", lambda: True)
    monkeypatch.setattr("streamkit.cli.view.show", look)
    CliRunner().invoke(main, ["demo"], catch_exceptions=False)
    assert len(shown) == len(RECORDINGS)
    for recording, how in shown:
        assert recording.is_timed
        assert 0.3 < recording.duration < 1.2
        assert len({chunk.at for chunk in recording.chunks}) > 5
        assert how["play"]
        assert "speed" not in how


def test_no_form_token_of_a_recording_is_shown(cli):
    """The recordings are real, their tokens too."""
    raw = Recording.load(files("streamkit").joinpath("demo", "form-that-waits.skrec")).body
    tokens = set(re.findall(r'"form_token":"([^"]+)"', raw.decode()))
    assert tokens
    assert not any(token in cli("demo").stdout for token in tokens)


def test_the_demo_loads_no_network_library(environment):
    code = (
        "import sys\nfrom streamkit.cli import main\nmain(['demo'], standalone_mode=False)\n"
        "loaded = {'aiohttp', 'anyio', 'asyncio', 'textual'} & set(sys.modules)\n"
        "sys.exit(f'loaded {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
