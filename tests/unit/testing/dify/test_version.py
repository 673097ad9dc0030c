import pytest

from streamkit.testing.dify.version import Version, version_of


def test_the_third_number_does_not_count():
    assert version_of("1.14") == version_of("1.14.2") == Version(1, 14)
    assert str(version_of("0.15.3")) == "0.15"


@pytest.mark.parametrize("text", ["", "1", "one", "1.x", "v1.14"])
def test_what_is_no_version(text):
    with pytest.raises(ValueError, match="no version of Dify"):
        version_of(text)


@pytest.mark.parametrize("text", ["0.7", "1.18", "2.0"])
def test_a_version_that_is_not_known(text):
    with pytest.raises(ValueError, match=r"known are 0\.8 to 1\.17"):
        version_of(text)


def test_every_fact_is_true_of_some_versions_and_false_of_others():
    versions = [Version(0, minor) for minor in range(8, 16)] + [Version(1, minor) for minor in range(18)]
    facts = [name for name in vars(Version) if name.startswith(("is_", "has_"))]
    assert len(facts) == 12
    for name in facts:
        told = [getattr(version, name) for version in versions]
        assert told in (sorted(told), sorted(told, reverse=True)), name
        assert set(told) == {True, False}, name
