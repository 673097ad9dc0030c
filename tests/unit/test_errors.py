"""What streamkit raises: few classes, one root, and facts that a caller can act on."""

import inspect

import pytest

from streamkit import Run, StreamkitError, errors
from streamkit.errors import RecordingError, RunFailed, UnknownDialect

CLASSES = [found for _, found in inspect.getmembers(errors, inspect.isclass) if found.__module__ == errors.__name__]


@pytest.mark.parametrize("error", CLASSES)
def test_everything_has_one_root_and_stands_in_the_tree_of_the_docstring(error):
    assert issubclass(error, StreamkitError)
    assert error.__name__ in errors.__doc__


def test_an_unknown_dialect_names_what_was_asked_for_and_what_there_is():
    error = UnknownDialect("difi", ("auto", "dify"))
    assert str(error) == "unknown dialect 'difi'; known: auto, dify"
    assert (error.name, error.known) == ("difi", ("auto", "dify"))


@pytest.mark.parametrize(
    ("message", "code", "said"),
    [
        ("no such model", "invoke_error", "run failed: no such model"),
        (None, None, "run failed: no reason was given"),
        ("", None, "run failed: no reason was given"),
    ],
)
def test_a_run_that_failed_says_why_where_it_knows(message, code, said):
    error = RunFailed("failed", message, code)
    assert str(error) == said
    assert (error.status, error.code) == ("failed", code)


def test_one_except_clause_catches_it_all():
    run = Run("dify")
    run.conclude("interrupted")
    with pytest.raises(StreamkitError):
        run.raise_for_status()


@pytest.mark.parametrize(("line", "said"), [(3, "line 3 is no entry"), (None, "is no entry")])
def test_a_recording_that_cannot_be_read_says_where(line, said):
    error = RecordingError("a/x.skrec", line, "is no entry")
    assert str(error) == f"a/x.skrec: {said}"
    assert error.problem == said
