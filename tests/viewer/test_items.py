"""What the rows of a run have in common."""

from streamkit import Run
from streamkit.run import LogEntry
from tests.viewer.shown import execution, run_of
from viewer.items import error_of, id_of, last_moment


def failed():
    run = Run("dify")
    loop = execution(run, "loop", is_container=True, begin=0.0)
    node = execution(run, "a", inside=loop, index=0, begin=0.0)
    run.retry_execution(node, 1, "429", 0.5)
    run.log(node, LogEntry(id="l", label="L", status="error", error="refused"), None)
    run.close_execution(node, "failed", error="timeout", at=1.0)
    return run, node, loop.rounds[0]


def test_ids_are_the_vendors_own():
    run, node, turn = failed()
    assert (id_of(node), id_of(turn), id_of(node.attempts[0])) == ("a", None, None)
    assert id_of(node.entries["l"].freeze(())) == "l"
    assert id_of(run) is None
    chat = run_of("dify/chat_simple.sse")
    assert id_of(chat) == chat.id
    plain = run_of("dify/chat_app_plain.sse")
    assert (plain.id, id_of(plain)) == (None, plain.message_id)


def test_errors_are_one_text_whoever_has_them():
    run, node, turn = failed()
    assert [error_of(each) for each in (node, node.attempts[0], turn, run)] == ["timeout", "429", None, None]
    assert error_of(node.entries["l"].freeze(())) == "refused"
    broken = run_of("dify/chat_error_unknown_provider.sse")
    assert error_of(broken) == broken.error.message


def test_the_last_moment_is_when_something_came_last():
    run = run_of("dify/chat_simple.sse")
    assert last_moment(run).time == run.last_progress_at > 0
    assert last_moment(Run("dify")).time == 0.0
