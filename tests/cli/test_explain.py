from streamkit.run import KINDS


def test_every_kind_of_anomaly_is_explained(cli):
    for kind, sentence in KINDS.items():
        result = cli("explain", kind)
        assert result.exit_code == 0
        assert result.stdout.startswith(f"{kind}\n")
        assert " ".join(result.stdout.split()[1:]) == " ".join(sentence.split())
        assert all(len(line) <= 80 for line in result.stdout.splitlines())


def test_without_a_kind_all_are_explained(cli):
    output = cli("explain").stdout
    assert [line for line in output.splitlines() if line and not line.startswith(" ")] == list(KINDS)


def test_a_kind_that_does_not_exist_gets_near_ones(cli):
    result = cli("explain", "unknown-evnt")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert "unknown-event" in result.stderr


def test_a_kind_like_no_other_gets_a_hint(cli):
    result = cli("explain", "\x1b[2Jxyzzy")
    assert result.exit_code == 2
    assert result.stderr == "streamkit: there is no anomaly 'xyzzy'; `streamkit explain` lists them\n"


def test_the_kind_stands_out_in_colour(cli):
    assert cli("explain", "bad-number", FORCE_COLOR="1").stdout.startswith("\x1b[1mbad-number\x1b[0m")
