"""The tests mirror the package: whoever changes a module knows where its test is, and every test has its module."""

import importlib
import inspect
import tomllib
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "streamkit"
UNIT = ROOT / "tests" / "unit"
VIEWER = ROOT / "tests" / "viewer"

WITHOUT_A_MODULE = {
    UNIT / "test_public_api.py",  # the package as a whole
    VIEWER / "test_fixtures.py",  # the viewer as a whole: on every body, as text, as pictures
    VIEWER / "test_screens.py",
    VIEWER / "test_pictures.py",
}
TESTED_WITH = {
    "groups.py": "test_tree.py",  # the tree is these five, and is held against one oracle
    "parts.py": "test_tree.py",
    "kinds.py": "test_tree.py",
    "sums.py": "test_tree.py",
    "refold.py": "test_watched.py",  # what a run was is asked of what is watched
    "dialogs.py": "test_commands.py",  # keys open them
}
"""Modules of the viewer without a test file of their own, and where their tests are."""


def is_mirrored(module):
    """Commands are tested in tests/cli, by what they print; `__init__` and `__main__` only name or call others."""
    return not module.name.startswith("__") and module.parts[0] not in ("cli", "demo")


def modules(package, tests):
    found = (path.relative_to(package) for path in package.rglob("*.py"))
    return [(module, tests) for module in sorted(found) if is_mirrored(module)]


MODULES = modules(PACKAGE, UNIT) + modules(ROOT / "viewer", VIEWER)
TESTS = [(test, PACKAGE, UNIT) for test in sorted(UNIT.rglob("test_*.py"))]
TESTS += [(test, ROOT / "viewer", VIEWER) for test in sorted(VIEWER.rglob("test_*.py"))]


def of_module(module, tests):
    """Return where the test of a module stands."""
    own = f"test_{module.name}"
    return tests / module.parent / (TESTED_WITH.get(str(module), own) if tests == VIEWER else own)


def of_test(test, package, tests):
    """Return where the module of a test may stand: a package's own `__init__` may have a test."""
    name = test.name.removeprefix("test_")
    folder = package / test.parent.relative_to(tests)
    return {folder / name, folder / name.removesuffix(".py") / "__init__.py"}


def test_every_module_has_its_test():
    assert len(MODULES) > 200
    assert [str(module) for module, tests in MODULES if not of_module(module, tests).is_file()] == []


def test_every_test_has_its_module():
    wrong = [test for test, *where in TESTS if not any(path.is_file() for path in of_test(test, *where))]
    assert len(TESTS) > 200
    assert set(wrong) <= WITHOUT_A_MODULE


def test_nothing_is_excused_that_has_a_test_or_is_gone():
    assert all((ROOT / "viewer" / module).is_file() for module in TESTED_WITH)
    assert not [module for module in TESTED_WITH if (VIEWER / f"test_{module}").exists()]
    assert all(test.is_file() for test in WITHOUT_A_MODULE)


def test_the_code_stands_in_five_folders_and_no_others():
    """DESIGN 3: one that is not there yet is no mistake, a sixth one is. Of fixtures there are data alone."""
    plain = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")]
    with_code = {path.name for path in plain if any(path.rglob("*.py"))}
    assert with_code <= {"streamkit", "viewer", "benchmarks", "tests", "docs"}


def test_what_may_be_compiled_defines_no_struct():
    """The arguments of its class would be dropped: it would neither be frozen nor refuse what it does not know."""
    hatch = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    names = hatch["build"]["targets"]["wheel"]["hooks"]["mypyc"]["include"]
    modules = [importlib.import_module(name.removesuffix(".py").replace("/", ".")) for name in names]
    assert len(modules) > 1
    classes = [kind for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)]
    own = [kind for kind in classes if kind.__module__ in {module.__name__ for module in modules}]
    assert own
    assert [kind for kind in own if issubclass(kind, msgspec.Struct)] == []
