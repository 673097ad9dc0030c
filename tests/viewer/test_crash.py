"""What is said of a crash: where it was, without what variables held."""

import traceback

from viewer.crash import report

SECRET = "app-" + "s3cret"


def failing(held, message="no"):
    inside = {"key": held}
    raise ValueError(message) from KeyError(len(inside))


def raised(*args, **options):
    try:
        failing(*args, **options)
    except ValueError as error:
        return error
    raise AssertionError


def test_it_says_what_python_says_and_no_value_of_a_variable():
    error = raised(SECRET)
    assert report(error) == "".join(traceback.format_exception(error)).rstrip("\n")
    assert "in failing" in report(error)
    assert "KeyError: 1" in report(error)
    assert SECRET not in report(error)


def test_errors_of_several_tasks_are_all_told():
    told = report(ExceptionGroup("tasks", [raised("a", "one"), raised("b", "two")]))
    assert "ValueError: one" in told
    assert "ValueError: two" in told


def test_what_an_error_says_is_safe_for_a_terminal_and_cut():
    told = report(raised("", "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e" + "x" * 10_000))
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(told)
    assert max(map(len, told.split("\n"))) <= 201
    assert "ValueError: xxx" in told


def test_of_a_deep_chain_beginning_and_end_are_told():
    error = Exception("first")
    for number in range(300):
        error = _from(error, number)
    lines = report(error).split("\n")
    assert len(lines) == 201
    assert lines[0] == "Exception: first"
    assert lines[-1] == "Exception: 299"
    assert "lines more" in lines[100]


def _from(cause, number):
    error = Exception(number)
    error.__cause__ = cause
    return error
