"""The tests mirror the package: whoever changes a module knows where its test is, and every test has its module."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "streamkit"
UNIT = ROOT / "tests" / "unit"

WITHOUT_A_MODULE = {Path("test_public_api.py")}
"""Tests of the package as a whole."""


def is_mirrored(module):
    """Commands are tested in tests/cli, by what they print; `__init__` and `__main__` only name or call others."""
    return not module.name.startswith("__") and module.parts[0] not in ("cli", "demo")


MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if is_mirrored(path.relative_to(PACKAGE)))
TESTS = sorted(path.relative_to(UNIT) for path in UNIT.rglob("test_*.py"))


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_has_its_test(module):
    assert (UNIT / module.parent / f"test_{module.name}").is_file()


@pytest.mark.parametrize("test", TESTS, ids=str)
def test_a_test_has_its_module(test):
    name = test.name.removeprefix("test_")
    folder = PACKAGE / test.parent
    own = {folder / name, folder / name.removesuffix(".py") / "__init__.py"}  # a package's own __init__ may have a test
    assert test in WITHOUT_A_MODULE or any(path.is_file() for path in own)


def test_the_code_stands_in_five_folders_and_no_others():
    """DESIGN 3: one that is not there yet is no mistake, a sixth one is. Of fixtures there are data alone."""
    plain = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")]
    with_code = {path.name for path in plain if any(path.rglob("*.py"))}
    assert with_code <= {"streamkit", "viewer", "benchmarks", "tests", "docs"}
