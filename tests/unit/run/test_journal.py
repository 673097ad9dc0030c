"""The journal: what changed since a revision, in bounded memory."""

import pytest

from streamkit.run.journal import LENGTH, Changes, Journal


def journal_of(*entries):
    """A journal with one entry a revision, from 1 on: an id, or `-id` for one that went."""
    journal = Journal()
    for revision, entry in enumerate(entries, start=1):
        journal.record(revision, entry.removeprefix("-"), gone=entry.startswith("-"))
    return journal


def since(journal, revision, now=99):
    changes = journal.since(revision, now)
    return sorted(changes.changed), sorted(changes.gone), changes.everything


def test_a_new_journal_knows_that_nothing_changed():
    assert Journal().since(0, 0) == Changes(0, frozenset(), frozenset())


def test_changes_are_those_after_the_revision_asked_for():
    journal = journal_of("a", "b", "c", "a")
    assert since(journal, 0) == (["a", "b", "c"], [], False)
    assert since(journal, 1) == (["a", "b", "c"], [], False)
    assert since(journal, 2) == (["a", "c"], [], False)
    assert since(journal, 3) == (["a"], [], False)
    assert since(journal, 4) == ([], [], False)


def test_the_answer_names_the_revision_to_ask_with_the_next_time():
    assert journal_of("a").since(0, 7).revision == 7


def test_what_went_is_gone_and_not_changed():
    assert since(journal_of("a", "b", "-a"), 0) == (["b"], ["a"], False)
    assert since(journal_of("a", "-a"), 1) == ([], ["a"], False)


def test_what_went_and_came_again_is_changed_and_not_gone():
    assert since(journal_of("a", "-a", "a"), 0) == (["a"], [], False)


def test_one_execution_that_changes_a_thousand_times_is_one_entry():
    """A token stream must not push everything else out of the journal."""
    journal = Journal()
    journal.record(1, "early")
    for revision in range(2, 3 * LENGTH):
        journal.record(revision, "llm")
    assert since(journal, 0) == (["early", "llm"], [], False)
    assert since(journal, 3 * LENGTH - 2) == (["llm"], [], False)
    assert since(journal, 3 * LENGTH - 1) == ([], [], False)


@pytest.mark.parametrize(("entries", "told"), [(("a", "-a"), ([], ["a"])), (("-a", "a"), (["a"], []))])
def test_who_comes_and_goes_in_a_row_is_told_as_it_is_in_the_end(entries, told):
    """To who looked before both, and to who looked between them."""
    journal = journal_of(*entries)
    assert since(journal, 0) == since(journal, 1) == (*told, False)
    assert since(journal, 2) == ([], [], False)


def test_a_full_journal_still_knows_its_last_entries():
    journal = journal_of(*(f"n{number}" for number in range(LENGTH)))
    changed, gone, everything = since(journal, 0)
    assert len(changed) == LENGTH
    assert not gone
    assert not everything


def test_beyond_its_length_the_journal_says_to_look_at_everything():
    journal = journal_of(*(f"n{number}" for number in range(LENGTH + 5)))
    assert since(journal, 0) == ([], [], True)
    assert since(journal, 4) == ([], [], True)  # the entry of revision 5 was pushed out
    changed, _, everything = since(journal, 5)
    assert not everything
    assert len(changed) == LENGTH


def test_a_joined_entry_pushes_nothing_out():
    """The entry is replaced, so the journal reaches back as far as before."""
    journal = journal_of(*(f"n{number}" for number in range(LENGTH)), f"n{LENGTH - 1}")
    assert not journal.since(0, 99).everything


def test_the_answer_is_immutable():
    changes = journal_of("a").since(0, 1)
    with pytest.raises(AttributeError):
        changes.revision = 2
    assert isinstance(changes.changed, frozenset)
