"""What holds for every test: its environment, Hypothesis profiles, no skips where none are allowed, and what was collected is no garbage.

A test that needs a program which is not there skips, with its reason, on a user's machine. With
``STREAMKIT_NO_SKIPS=1`` (continuous integration installs those programs) any skip fails the session.
"""

import gc
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ("streamkit.testing.plugin",)

# No test is wrong because the machine is busy: neither an example nor its making has a limit of time.
settings.register_profile("default", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("default"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

NO_SKIPS = os.environ.get("STREAMKIT_NO_SKIPS") == "1"

# What an environment says of the terminal, of servers and their keys, and of settings, a test says itself.
SAYS = {"NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES", "TERM", "PYTHONIOENCODING", "EDITOR", "VISUAL"}
OF_SERVERS = ("DIFY_", "RAGFLOW_", "PARADIGM_", "STREAMKIT_", "TEXTUAL_", "XDG_")
for name in [name for name in os.environ if name in SAYS or name.startswith(OF_SERVERS)]:
    del os.environ[name]

TESTS = Path(__file__).parent
UNTRACED = ("benchmarks", "integration", "properties")
"""Folders whose tests reach what the tests of a module reach too, and which a tracer would make slow."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Expected files are written by one command, and reviewed as a diff."""
    parser.addoption("--update-golden", action="store_true", help="write golden runs and generated pages anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the tests of some folders without a tracer."""
    for item in items:
        if item.path.relative_to(TESTS).parts[0] in UNTRACED:
            item.add_marker("untraced")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Stop the tracer of coverage for a test that goes without. pytest-cov has a mark for it, which fails in workers."""
    if not item.get_closest_marker("untraced"):
        return (yield)
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
        threading.settrace(of_threads)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave thousands of tests and their modules to the end: else each collection of garbage goes through them all."""
    gc.collect()
    gc.freeze()


def skips(config: pytest.Config) -> list[pytest.TestReport | pytest.CollectReport]:
    """Return what was skipped, whole modules included; a worker process reports to its controller."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return list(reporter.stats.get("skipped", ())) if NO_SKIPS and reporter else []


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session that passed but skipped."""
    if session.exitstatus == pytest.ExitCode.OK and skips(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name every skip with its reason."""
    skipped = skips(config)
    if skipped:
        terminalreporter.section("failed: skips are not allowed (STREAMKIT_NO_SKIPS=1)", red=True)
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.line(f"{report.nodeid}: {reason}", red=True)
