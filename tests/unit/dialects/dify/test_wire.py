"""What must be remembered between the frames of Dify: what kind of app this is, and whether its run is over."""

import pytest

from .streams import (
    CONVERSATION,
    EPOCH,
    MESSAGE,
    PING,
    RUN,
    TASK,
    THOUGHT,
    agent_message,
    anomalies,
    chat_body,
    chatflow,
    chatflow_body,
    completion_body,
    data,
    error,
    folded,
    frame,
    human_input_required,
    message,
    message_end,
    sse,
    started,
    text_chunk,
    workflow,
    workflow_body,
    workflow_finished,
    workflow_started,
)

# ---- B.1: what kind of app this is


@pytest.mark.parametrize(
    ("body", "mode"),
    [
        (workflow_body(PING, workflow_started()), "workflow"),
        (workflow_body(started("a.1")), "workflow"),
        (workflow_body(text_chunk("Hi")), "workflow"),
        (workflow_body(workflow_finished()), "workflow"),
        (chatflow_body(PING, workflow_started()), "chatflow"),
        (chatflow_body(workflow_started()), "chatflow"),
        (chatflow_body(started("a.1")), "chatflow"),
        (chatflow_body(message("Hi"), workflow_started()), "chatflow"),
        (chatflow_body(PING, message("Hi"), message_end()), "chatflow"),
        (chat_body(message("Hi")), "chat"),
        (chat_body(message_end()), "chat"),
        (chat_body(message("Hi"), PING, message("Ho")), "chat"),
        (completion_body(message("Hi")), "completion"),
        (completion_body(message_end()), "completion"),
        (chat_body(agent_message("Hi")), "agent-chat"),
        (chat_body(THOUGHT), "agent-chat"),
        (chat_body(agent_message("Hi"), message_end()), "agent-chat"),
        (chat_body(agent_message("Hi"), message("Hi!")), "agent"),
        (chat_body(THOUGHT, message("Hi!")), "agent"),
        (chat_body(human_input_required("f", MESSAGE)), "agent"),
        (sse(frame("datasource_processing", total=2, completed=1)), "datasource"),
        (sse(data("datasource_completed")), "datasource"),
        (sse(frame("datasource_error", error="no")), "datasource"),
        (chat_body(error()), "chat"),
        (chatflow_body(PING, error()), "chatflow"),
        (workflow_body(error()), "workflow"),
        (completion_body(error()), "completion"),
        (sse(error()), None),
        (sse(error(), workflow_run_id=None), None),
        (PING * 3, None),
    ],
)
def test_the_mode_of_a_run_shows_in_its_frames(body, mode):
    """B.1, corrections 13 and 17: only relayed streams open with a ping; a completion has no conversation."""
    run = folded(body)
    assert run.mode == mode
    assert anomalies(run) == []


def test_a_mode_that_becomes_known_later_is_the_mode():
    """A conversation shows in the second frame only: it was no completion."""
    run = folded(sse(message("Hi"), message("!", conversation_id=CONVERSATION), message_id=MESSAGE))
    assert run.mode == "chat"


def test_what_the_envelope_says_is_known():
    run = chatflow(
        workflow_started(inputs={"q": "?", "sys.user_id": "u", "sys.query": "?"}),
        message("Hi"),
        workflow_finished(created_by={"id": "eu", "user": "somebody else"}),
    )
    assert (run.id, run.task_id, run.message_id, run.conversation_id) == (RUN, TASK, MESSAGE, CONVERSATION)
    assert (run.workflow_id, run.user, run.started_at) == ("flow", "u", EPOCH)
    assert run.inputs == {"q": "?", "sys.user_id": "u", "sys.query": "?"}


def test_a_conversation_that_is_named_late_is_known():
    """All the other names came before it."""
    names = {"task_id": TASK, "message_id": MESSAGE}
    run = folded(sse(message("Hi"), message("!", conversation_id=CONVERSATION), **names))
    assert (run.conversation_id, run.task_id, run.message_id) == (CONVERSATION, TASK, MESSAGE)


@pytest.mark.parametrize(
    ("by", "user"),
    [
        ({"id": "eu", "user": "u"}, "u"),
        ({"id": "acc", "name": "Ann", "email": "ann@x"}, "ann@x"),
        ({"id": "acc", "name": "Ann"}, "Ann"),
        ({"id": "acc"}, "acc"),
        ({}, None),
        (None, None),
    ],
)
def test_the_end_of_a_run_tells_who_started_it(by, user):
    """B.4: an end user, an account of the workspace, or `{}` in a replay."""
    assert workflow(workflow_finished(created_by=by)).user == user


def test_inputs_of_another_shape_name_no_user():
    assert workflow(workflow_started(inputs={"sys.user_id": 5}), workflow_finished()).user is None
    assert workflow(workflow_started(inputs=["q"]), workflow_finished()).user is None


def test_the_result_of_a_workflow_is_the_run_s():
    run = workflow(
        workflow_started(),
        workflow_finished(
            outputs={"a": 1}, elapsed_time=1.5, total_tokens=24, total_steps=4, created_at=EPOCH, finished_at=EPOCH + 2
        ),
    )
    assert (run.outputs, run.elapsed_time, run.total_tokens, run.total_steps) == ({"a": 1}, 1.5, 24, 4)
    assert (run.started_at, run.finished_at) == (EPOCH, EPOCH + 2)


def test_files_of_a_result_are_files_of_the_run_once():
    """C.11: the same file may be told several times."""
    file = {"dify_model_identity": "__dify__file__", "related_id": "f", "type": "image"}
    run = workflow(workflow_started(), workflow_finished(files=[file, file, "no file", {"url": "/x"}]))
    assert run.files == (file, {"url": "/x"})
