"""The proxy's end of the process that writes: commands in their order, within a limit, and nobody waits."""

import os
import signal
import subprocess
import threading

import pytest

from streamkit.gateway.scribe import Scribe
from streamkit.gateway.writing import Close, Mark, Write
from tests.unit.gateway.test_writer import begin


class Heard:
    """What is told of a process."""

    def __init__(self):
        self.done = []
        self.news = threading.Semaphore(0)
        self.death = threading.Event()

    def told(self, told):
        self.done += told.done
        for _ in told.done:
            self.news.release()


@pytest.fixture
def heard():
    return Heard()


def started(heard, limit=1000):
    return Scribe(limit=limit, on_told=heard.told, on_death=heard.death.set)


def test_commands_are_done_in_their_order_and_told_of(heard):
    scribe = started(heard)
    assert all(scribe.do(Mark(number)) for number in range(50))
    assert scribe.close(30)
    assert heard.done == list(range(50))
    assert not heard.death.is_set()
    assert not scribe.do(Mark(51), always=True)


def test_it_is_told_while_the_process_runs(heard):
    scribe = started(heard)
    for number in range(3):
        scribe.do(Mark(number))
        assert heard.news.acquire(timeout=30)
    assert heard.done == [0, 1, 2]
    assert scribe.waiting == 0
    scribe.close(30)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs signals")
def test_what_is_too_much_is_not_taken_but_for_an_end(heard, tmp_path):
    scribe = started(heard, limit=2000)
    os.kill(scribe._process.pid, signal.SIGSTOP)
    scribe.do(begin(1, tmp_path))
    taken = [scribe.do(Write(1, 0.5, b"x" * 100)) for _ in range(10_000)]
    assert taken[0]
    assert not taken[-1]  # the system's pipe takes some, too
    assert scribe.do(Close(1, "eof", 1.0), always=True)
    assert scribe.waiting < 3000
    os.kill(scribe._process.pid, signal.SIGCONT)
    assert scribe.close(30)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs signals")
def test_a_process_that_does_not_end_is_ended(heard):
    scribe = started(heard)
    scribe.do(Mark(1))
    assert heard.news.acquire(timeout=30)
    os.kill(scribe._process.pid, signal.SIGSTOP)
    assert not scribe.close(0.2)
    assert scribe._process.returncode == -signal.SIGKILL


def test_that_it_died_is_told_once_and_nothing_more_is_taken(heard):
    scribe = started(heard)
    scribe._process.kill()
    assert heard.death.wait(30)
    assert scribe.is_dead
    assert not scribe.do(Mark(1), always=True)
    assert scribe.close(30)


def test_nothing_is_imported_from_where_it_stands(heard, tmp_path, monkeypatch):
    (tmp_path / "msgspec.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    scribe = started(heard)
    scribe.do(Mark(1))
    assert heard.news.acquire(timeout=30)
    scribe.close(30)


def test_secrets_are_not_in_the_arguments_of_the_process(heard, tmp_path):
    scribe = started(heard)
    scribe.do(begin(1, tmp_path))
    assert isinstance(scribe._process, subprocess.Popen)
    assert "s3cr3t" not in " ".join(scribe._process.args)
    scribe.close(30)
