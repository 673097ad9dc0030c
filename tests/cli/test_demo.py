import re
import subprocess
import sys
from importlib.resources import files

from streamkit.cli.demo import RECORDINGS


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
    assert {entry.name for entry in folder.iterdir() if entry.name.endswith(".sse")} == {r.file for r in RECORDINGS}


def test_no_form_token_of_a_recording_is_shown(cli):
    """The recordings are real, their tokens too."""
    raw = files("streamkit").joinpath("demo", "form-that-waits.sse").read_text()
    tokens = set(re.findall(r'"form_token":"([^"]+)"', raw))
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
