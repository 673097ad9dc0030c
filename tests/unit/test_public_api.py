"""What a user may import, that all of it is explained, and what importing it costs."""

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys

import msgspec
import pytest

import streamkit

MODULES = ["streamkit", *(found.name for found in pkgutil.walk_packages(streamkit.__path__, "streamkit."))]
MODULES.remove("streamkit.__main__")  # importing it runs the command


# ---- names


def test_the_public_names_are_exactly_those_that_are_announced():
    names = {name for name, value in vars(streamkit).items() if not name.startswith("_")}
    assert sorted(streamkit.__all__) == sorted(name for name in names if not inspect.ismodule(getattr(streamkit, name)))


def test_there_are_at_most_twenty_of_them():
    assert len(streamkit.__all__) <= 20


@pytest.mark.parametrize("name", [name for name in MODULES if hasattr(importlib.import_module(name), "__all__")])
def test_announced_names_exist_once(name):
    module = importlib.import_module(name)
    assert len(set(module.__all__)) == len(module.__all__)
    assert [missing for missing in module.__all__ if not hasattr(module, missing)] == []


# ---- docstrings


def public(module):
    """Public classes and functions that a module defines, and the public methods and properties of its classes."""
    for name, value in vars(module).items():
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__:
            if inspect.isfunction(value):
                yield name, value
            elif inspect.isclass(value):
                yield name, value
                yield from members(name, value)


def named(module):
    """A module itself, and what is public in it."""
    return [("", module), *public(module)]


def members(owner, kind):
    for name, value in vars(kind).items():
        function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if not name.startswith("_") and inspect.isfunction(function):
            yield f"{owner}.{name}", function


def test_every_public_name_has_a_docstring():
    told = [(name, found, value) for name in MODULES for found, value in named(importlib.import_module(name))]
    assert [(name, found) for name, found, value in told if not (value.__doc__ or "").strip()] == []


def test_the_search_for_docstrings_finds_what_there_is():
    """Else the test above would pass on nothing."""
    found = dict(public(importlib.import_module("streamkit.run.run")))
    assert {"Run", "Run.snapshot", "Run.usage", "Run.finish"} <= set(found)
    assert "Run.__repr__" not in found


# ---- import hygiene


def loaded(*statements):
    """Top-level names of the modules that a new interpreter has loaded after some statements."""
    code = "; ".join([*statements, "import json, sys", "print(json.dumps(sorted(sys.modules)))"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


def foreign(names):
    """What is neither ours nor the standard library's, nor of msgspec and what that loads by itself.

    An interpreter may come with more: what measures coverage in it, what an environment starts with. All of that is
    there without streamkit too.
    """
    msgspec_alone = loaded("import msgspec", "msgspec.json.decode(b'[]', type=list[int])")
    return names - {"streamkit"} - msgspec_alone - sys.stdlib_module_names


def test_importing_streamkit_loads_msgspec_and_the_standard_library():
    names = loaded("import streamkit")
    assert names >= {"streamkit", "msgspec"}
    assert foreign(names) == set()


def test_observing_a_run_loads_nothing_more():
    """Nothing is put off until the first byte."""
    names = loaded(
        "import streamkit",
        r"""tap = streamkit.Tap(); tap.feed(b'data: {"event":"message","answer":"Hi"}\n\n'); tap.close()""",
        "tap.run.snapshot()",
    )
    assert foreign(names) == set()


def test_importing_streamkit_loads_no_event_loop():
    """`watch` needs none of its own: it runs in whatever loop its caller has."""
    assert {"asyncio", "anyio", "trio"}.isdisjoint(loaded("import streamkit"))


def test_nothing_of_streamkit_loads_the_viewer():
    statements = [f"import {name}" for name in MODULES]
    assert {"viewer", "textual"}.isdisjoint(loaded(*statements))


def test_the_search_for_foreign_modules_finds_one():
    assert foreign(loaded("import click")) == {"click"}


# ---- the structs of events


@pytest.mark.parametrize("name", ["RunState", "Frame"])
def test_what_is_handed_out_is_frozen(name):
    assert issubclass(getattr(streamkit, name), msgspec.Struct)
    assert getattr(streamkit, name).__struct_config__.frozen
