"""What a person opened and folded, and what is held open meanwhile."""

import pytest

from viewer.folds import Folds

RULES = (True, False)


@pytest.mark.parametrize("rule", RULES)
def test_without_a_word_the_rule_decides_and_goes_on_to(rule):
    folds = Folds()
    assert folds.follow
    assert folds.opens(("x", "a"), None, rule) is rule
    assert folds.opens(("x", "a"), None, not rule) is not rule


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("said", [True, False])
def test_what_was_said_counts_more_than_what_is_inherited_and_that_more_than_the_rule(rule, said):
    folds = Folds()
    assert folds.opens(("x", "a"), said, rule) is said
    folds.say(("x", "a"), not said)
    assert folds.opens(("x", "a"), said, rule) is not said


def test_what_is_said_of_all_below_takes_back_what_was_said_there():
    folds = Folds()
    folds.say(("x", "in"), True)
    folds.say(("x", "out"), True)
    folds.say_below(("x", "a"), False, lambda key: key == ("x", "in"))
    assert folds.below(("x", "a"), None) is False
    assert folds.below(("x", "out"), None) is None
    assert folds.opens(("x", "in"), False, True) is False
    assert folds.opens(("x", "out"), None, False) is True
    assert folds.opens(("x", "a"), None, True) is False


def test_while_it_is_held_nothing_folds_by_itself_and_what_comes_opens():
    folds, open_now, comes = Folds(), ("x", "open"), ("x", "comes")
    folds.hold([open_now])
    assert not folds.follow
    assert folds.opens(open_now, None, False)
    assert not folds.opens(comes, None, False)
    assert folds.opens(comes, None, True)
    assert folds.opens(comes, None, False), "it stays as it opened"
    folds.let_go()
    assert not folds.opens(open_now, None, False)


def test_rounds_that_need_a_look_are_those_of_which_something_was_said_or_that_are_held():
    folds = Folds()
    folds.say(("r", "loop", 7), False)
    folds.say(("r", "other", 1), True)
    folds.hold([("r", "loop", 2), ("x", "loop")])
    assert sorted(folds.rounds_said("loop")) == [2, 7]
