"""What Dify's frames of text mean: answers, thinking, thoughts, files (protocol B.3, C.3, C.10).

Each test is a script of the wire, or a table of them, and what a run must say of it.
"""

import pytest

from .streams import (
    MESSAGE,
    SPEECH,
    THOUGHT,
    Script,
    agent_message,
    anomalies,
    chat,
    chat_body,
    chatflow,
    chatflow_body,
    completion_body,
    data,
    finished,
    folded,
    frame,
    kinds,
    message,
    message_end,
    message_replace,
    ran,
    reasoning_chunk,
    started,
    text_chunk,
    workflow,
    workflow_finished,
    workflow_started,
)

# ---- C.10: thoughts of an agent app


def thought(**more) -> Script:
    return {**THOUGHT, **more}


def test_a_thought_that_comes_again_is_one_thought():
    """B.3: upserted by id, the whole of it each time; kept apart from the answer."""
    run = chat(
        thought(thought=""),
        agent_message("Let me look."),
        thought(thought="Let me look.", tool="search", tool_input='{"search": {}}'),
        thought(
            thought="Let me look.", tool="search", tool_input='{"search": {}}', observation="42", message_files=["f"]
        ),
        thought(id="th2", position=2, thought="It is 42."),
        agent_message("It is 42."),
        message_end(),
    )
    first, second = run.thoughts
    assert (first.position, first.thought, first.observation) == (1, "Let me look.", "42")
    assert (first.tool, first.tool_input, list(first.files)) == ("search", '{"search": {}}', ["f"])
    assert (second.position, second.thought) == (2, "It is 42.")
    assert run.text == "Let me look.It is 42."


def test_thoughts_are_ordered_by_position():
    run = chat(thought(id="b", position=2), thought(id="c", position=None), thought(id="a", position=1), message_end())
    assert [item.id for item in run.thoughts] == ["a", "b", "c"]


def test_a_null_in_a_thought_takes_nothing_back():
    """C.13.2: non-null wins over null."""
    run = chat(
        thought(tool="search", tool_input="{}", thought="hm", message_files=["f"]),
        thought(tool=None, tool_input=None, thought=None, observation="42", message_files=None, position=None),
    )
    (only,) = run.thoughts
    assert (only.position, only.thought, only.tool, only.tool_input) == (1, "hm", "search", "{}")
    assert (only.observation, list(only.files)) == ("42", ["f"])


def test_thoughts_without_an_id_are_told_apart_by_position():
    run = chat(thought(id=None, position=1), thought(id=None, position=2), thought(id=None, position=1, thought="oh"))
    assert [(item.position, item.thought) for item in run.thoughts] == [(1, "oh"), (2, "hm")]


# ---- text


def test_every_delta_is_text_of_the_run_and_some_are_text_of_a_node():
    """Correction 8: only `[node, "text"]` is the node's own; template text and other outputs are not."""
    run = chatflow(
        workflow_started(),
        started("llm.1"),
        message("Answer: ", "answer", "answer"),
        message("42", "llm", "text"),
        message("", "llm", "text"),
        message('{"tokens": 3}', "llm", "usage"),
        message("!", "llm", "text", "more"),
        message("?"),
        finished("llm.1"),
        workflow_finished(),
    )
    assert run.text == 'Answer: 42{"tokens": 3}!?'
    assert run.nodes[0].text == "42"


def test_chunks_of_a_workflow_are_its_text():
    run = workflow(
        workflow_started(), started("llm.1"), text_chunk("4", "llm", "text"), text_chunk("2"), finished("llm.1")
    )
    assert (run.text, run.nodes[0].text) == ("42", "4")


def test_text_that_comes_before_its_node_waits_for_it():
    """C.2: an Answer's text may come before any node."""
    run = chatflow(message("4", "llm", "text"), workflow_started(), message("2", "llm", "text"), started("llm.1"))
    assert (run.text, run.nodes[0].text) == ("42", "42")


def test_text_that_comes_after_the_end_of_its_node_is_still_its_own():
    """C.2: text of one node is held back until that of another one is complete; `outputs.text` says how much it is."""
    run = chatflow(
        workflow_started(),
        started("llm.1"),
        message("4", "llm", "text"),
        finished("llm.1", outputs={"text": "42"}),
        started("b.1"),
        message("2", "llm", "text"),
    )
    assert run.nodes[0].text == "42"


def test_text_that_comes_after_all_of_a_node_s_text_is_of_its_next_execution():
    run = chatflow(
        workflow_started(),
        started("llm.1"),
        message("42", "llm", "text"),
        finished("llm.1", outputs={"text": "42"}),
        message("43", "llm", "text"),
        started("llm.2"),
    )
    assert [node.text for node in run.nodes] == ["42", "43"]


def test_text_after_the_end_of_a_node_whose_outputs_are_not_told_is_its_own():
    run = chatflow(workflow_started(), ran("llm.1"), message("42", "llm", "text"), workflow_finished())
    assert run.nodes[0].text == "42"


def test_text_of_a_node_that_never_comes_is_text_of_the_run():
    run = chatflow(workflow_started(), message("42", "llm", "text"), workflow_finished())
    assert (run.text, anomalies(run)) == ("42", [])


def test_the_answer_of_an_agent_is_its_deltas():
    """C.10: not its thoughts."""
    assert chat(thought(thought="hm"), agent_message("4"), agent_message("2"), message_end()).text == "42"


@pytest.mark.parametrize("answer", ["It is 42.", "Something else."])
def test_the_message_of_a_new_agent_is_the_whole_answer(answer):
    """C.10: appending it doubles the text."""
    assert chat(agent_message("It is "), agent_message("42."), message(answer), message_end()).text == answer


def test_the_message_of_a_new_agent_does_not_bring_back_what_was_replaced():
    """Correction 15"""
    run = chat(agent_message("Bad"), message_replace("No.", "output_moderation"), message("Badly"), message_end())
    assert (run.text, kinds(run)) == ("No.", ["after-replace"])


def test_an_empty_message_of_a_new_agent_leaves_the_answer():
    assert chat(agent_message("42"), message(""), message_end()).text == "42"


@pytest.mark.parametrize(
    "body",
    [
        chat_body(message("Bad"), message_replace("No.", "output_moderation"), message("ly"), message_end()),
        chat_body(message("Bad"), message_replace("No."), message("ly"), message_end()),
        chat_body(message("Bad"), message_replace("No.", None), message("ly"), message_end()),
        completion_body(message("Bad"), message_replace("No."), message("ly"), message_end()),
        chat_body(agent_message("Bad"), message_replace("No."), agent_message("ly"), message_end()),
        chatflow_body(
            *(workflow_started(), message("Bad"), message_replace("No.", "output_moderation"), message("ly")),
            workflow_finished("stopped"),
        ),
    ],
    ids=["chat, moderated", "chat", "chat, no reason", "completion", "agent-chat", "chatflow, moderated"],
)
def test_a_replacement_is_final_where_there_is_no_workflow_or_moderation_made_it(body):
    """Correction 15: deltas that were on the way may follow; what the server stores is the replacement alone."""
    run = folded(body)
    assert run.text == "No."
    assert kinds(run) == ["after-replace"]


@pytest.mark.parametrize("reason", ["", None, "workflow_resumption_terminal"])
def test_text_goes_on_after_the_replacement_of_a_snapshot(reason):
    """Correction 15: in a workflow, a replacement without moderation is the answer so far."""
    run = chatflow(workflow_started(), message("Dear"), message_replace("Dear Ann", reason), message(", hello"))
    assert (run.text, anomalies(run)) == ("Dear Ann, hello", [])


def test_text_replace_replaces():
    """B.4: documented, and sent by no server."""
    run = workflow(workflow_started(), text_chunk("a"), data("text_replace", text="b"), text_chunk("c"))
    assert run.text == "bc"


def test_a_message_file_with_an_answer_is_a_delta():
    """B.2, note 2: older chat servers; the kind says a file, the fields say text."""
    run = chat(
        frame("message_file", id=MESSAGE, answer="4", from_variable_selector=None),
        frame("message_file", id="f", type="image", belongs_to="assistant", url="/f.png"),
        frame("message_file", id=MESSAGE, answer="2"),
        message_end(),
    )
    assert run.text == "42"
    assert [file["id"] for file in run.files] == ["f"]


def test_a_delta_under_a_wrong_name_may_be_of_a_node():
    run = chatflow(
        workflow_started(), started("llm.1"), frame("message_file", answer="4", from_variable_selector=["llm", "text"])
    )
    assert (run.text, run.nodes[0].text) == ("4", "4")


def test_files_of_the_answer_are_those_of_the_assistant():
    """B.3: each once."""
    image = {"id": "f", "type": "image", "belongs_to": "assistant", "url": "/f.png"}
    run = chat(
        frame("message_file", id="u", type="image", belongs_to="user", url="/u.png"),
        frame("message_file", **image),
        frame("message_file", **image),
        message_end(),
    )
    assert run.files == (image,)


def test_the_end_of_a_message_brings_files_and_citations():
    citation = {"position": 1, "document_name": "d", "content": "c"}
    end = message_end(retriever_resources=[citation], annotation_reply={"id": "a"})
    run = chatflow(workflow_started(), {**end, "files": [{"related_id": "f"}]}, workflow_finished())
    assert (run.citations, run.files) == ((citation,), ({"related_id": "f"},))


@pytest.mark.parametrize(
    ("deltas", "text", "reasoning"),
    [
        (["<think>hm</think>42"], "42", "hm"),
        (["<thi", "nk>h", "m</th", "ink>4", "2"], "42", "hm"),
        (["a<think>1</think>b<think>2</think>c"], "abc", "12"),
        (["<think>hm", " and so on"], "<think>hm and so on", ""),
        (["<think>hm</think>42<think>oh"], "42<think>oh", "hm"),
        (["</think>42"], "</think>42", ""),
        (["<think>\nline\n</think>\n42"], "\n42", "\nline\n"),
    ],
)
def test_closed_think_blocks_are_reasoning(deltas, text, reasoning):
    """DESIGN 6: unclosed ones stay in the text. The same holds for the text of the node."""
    run = chatflow(
        workflow_started(), started("llm.1"), [message(delta, "llm", "text") for delta in deltas], workflow_finished()
    )
    assert (run.text, run.reasoning) == (text, reasoning)
    assert (run.nodes[0].text, run.nodes[0].reasoning) == (text, reasoning)


def test_reasoning_stands_apart_from_the_text():
    run = workflow(
        workflow_started(),
        started("llm.1"),
        reasoning_chunk("so "),
        text_chunk("4", "llm", "text"),
        reasoning_chunk("what"),
        reasoning_chunk("", final=True),
        text_chunk("2", "llm", "text"),
        finished("llm.1", outputs={"text": "42", "reasoning_content": "so what"}),
    )
    assert (run.text, run.reasoning) == ("42", "so what")
    assert (run.nodes[0].text, run.nodes[0].reasoning) == ("42", "so what")


def test_reasoning_without_a_node_is_the_run_s():
    run = workflow(workflow_started(), started("llm.1"), reasoning_chunk("so what", None))
    assert (run.reasoning, run.nodes[0].reasoning) == ("so what", "")


def test_reasoning_that_comes_before_its_node_waits_for_it():
    """C.2: no order is sure but that within an execution's own frames; keyed by node id, concatenated."""
    run = workflow(workflow_started(), reasoning_chunk("so "), started("llm.1"), reasoning_chunk("what"))
    assert (run.reasoning, run.nodes[0].reasoning) == ("so what", "so what")


@pytest.mark.parametrize("streamed", ["so what", ""])
def test_the_reasoning_at_the_end_of_a_message_is_not_told_twice(streamed):
    """B.3, 1.15: `metadata.reasoning` by node id, whether it was streamed or not."""
    run = chatflow(
        workflow_started(),
        started("llm.1"),
        reasoning_chunk(streamed),
        finished("llm.1"),
        message_end(reasoning={"llm": "so what", "unseen": "", "b": ""}),
        workflow_finished(),
    )
    assert (run.reasoning, run.nodes[0].reasoning) == ("so what", "so what")


@pytest.mark.parametrize(("streamed", "reasoning"), [("", "so what"), ("so what", "so what")])
def test_the_reasoning_of_a_node_that_was_not_seen_is_the_run_s(streamed, reasoning):
    """Its frames were lost, or the client came late."""
    run = chatflow(
        workflow_started(), reasoning_chunk(streamed), message_end(reasoning={"llm": "so what"}), workflow_finished()
    )
    assert run.reasoning == reasoning


def test_speech_is_no_part_of_a_run():
    """B.3: counted as events, and that is all."""
    run = chat(SPEECH, message("Hi"), message_end(), SPEECH)
    assert (run.text, run.status, run.events["tts_message"], run.events["tts_message_end"]) == ("Hi", "succeeded", 2, 2)
