"""Runs wait to go on in another body, by every name they have; there is room for so many."""

from streamkit import Run, Tap
from streamkit.gateway.store import Store, keys_of, may_go_on
from tests.unit.gateway.sites import recording


def named(id, dialect="dify"):
    run = Run(dialect)
    run.identify(id=id, message_id=f"m-{id}")
    return run


def test_a_run_is_found_by_any_of_its_names_and_only_once():
    store, run = Store(), named("a")
    store.add(run, keys_of(run))
    assert store.take([("dify", "b"), ("dify", "m-a")]) is run
    assert store.take([("dify", "a")]) is None
    assert len(store) == 0


def test_names_of_one_dialect_mean_nothing_in_another():
    store, run = Store(), named("a")
    store.add(run, keys_of(run))
    assert store.take([("ragflow", "a")]) is None


def test_a_run_without_a_name_does_not_wait():
    store, run = Store(), Run("dify")
    store.add(run, keys_of(run))
    assert len(store) == 0


def test_the_one_that_waited_longest_makes_room():
    store = Store(limit=2)
    first, second, third = map(named, "abc")
    for run in (first, second, third):
        store.add(run, keys_of(run))
    assert (len(store), store.forgotten) == (2, 1)
    assert [store.take([("dify", name)]) for name in "abc"] == [None, second, third]


def test_a_run_that_waits_again_waits_once():
    store, run = Store(limit=2), named("a")
    store.add(run, keys_of(run))
    store.add(run, keys_of(run))
    assert len(store) == 1


def test_a_name_that_another_run_took_over_is_its():
    """A session of RAGFlow goes on with its last run."""
    store, old, new = Store(), named("a"), named("b")
    store.add(old, [("ragflow", "s")])
    store.add(new, [("ragflow", "s")])
    assert store.take([("ragflow", "s")]) is new


def ended(*names):
    run = None
    for name in names:
        tap = Tap("auto", run=run)
        tap.feed(recording(name))
        tap.close()
        run = tap.run
    return run


def test_what_paused_goes_on_and_what_broke_off_can_be_asked_for_again():
    cut = Tap("auto")
    cut.feed(recording("dify/wf_human_1_paused")[:2000])
    cut.close()
    assert may_go_on(cut.run)
    assert may_go_on(ended("dify/wf_human_1_paused"))
    assert may_go_on(ended("ragflow/fillup_1_pause"))


def test_what_ended_is_worth_its_room_only_if_it_paused_before():
    assert not may_go_on(ended("dify/wf_failed"))
    assert not may_go_on(ended("dify/chat_app_plain"))
    assert may_go_on(ended("dify/wf_human_1_paused", "dify/wf_human_2_resumed_approve"))


def test_what_broke_off_without_a_name_of_its_own_is_over():
    """OpenAI's ids are of chats, and a session of RAGFlow has many answers."""
    cut = Tap("auto")
    cut.feed(recording("ragflow/simple_message")[:900])
    cut.close()
    assert cut.run.status == "interrupted"
    assert not may_go_on(cut.run)


def test_a_paused_run_of_ragflow_is_called_by_its_session():
    run = ended("ragflow/fillup_1_pause")
    assert ("ragflow", run.conversation_id) in keys_of(run)
