"""Recordings are found, named, told apart, and joined to conversations and runs."""

import pytest

from streamkit.errors import ReplayError
from streamkit.recording import Recording
from streamkit.replay.library import Library, Take, in_name_order, load, stem_of
from streamkit.replay.server import ROUTES
from tests.unit.replay.serving import DIFY, FIXTURES, RAGFLOW, chat, recorded


def take(path):
    return Take(Recording.load(path), path.stem, (), ROUTES)


@pytest.mark.parametrize(
    ("path", "door", "kind"),
    [
        ("dify/chat_simple.sse", "dify-chat", "dify chatflow"),
        ("dify/agent_chat_react_tool.sse", "dify-chat", "dify agent-chat"),
        ("dify/completion_plain.sse", "dify-completion", "dify completion"),
        ("dify/wf_failed.sse", "dify-workflow", "dify workflow"),
        ("dify/protocol/21_pipeline_datasource_node_run.sse", "dify-datasource", "dify datasource"),
        ("ragflow/simple_message.sse", "ragflow-agent", "ragflow agent"),
        ("ragflow/chat_empty_response.sse", "ragflow-chat", "ragflow rag-chat"),
        ("openai/openai_compatible.sse", "openai", "openai openai-agent"),
        ("lighton/protocol/38_lighton_chatflow_response.json", "lighton", "lighton chatflow"),
    ],
)
def test_a_body_tells_where_it_answers(path, door, kind):
    found = take(FIXTURES / path)
    assert (found.doors[0], found.kind) == (door, kind)


def test_an_error_without_a_mode_answers_anywhere_at_its_vendor():
    assert len(take(DIFY / "protocol" / "17_worker_setup_error_then_pings_until_idle.sse").doors) == 4
    assert take(RAGFLOW / "chat_missing_parameter.sse").doors == ("ragflow-chat", "ragflow-agent")


def test_a_body_of_nobody_answers_everywhere():
    assert {"dify-chat", "openai", "lighton"} <= set(take(FIXTURES / "hostile" / "html_page.html").doors)


def test_what_was_asked_says_more_than_the_body():
    error = Take(recorded(b'{"code":"x","message":"y","status":400}', url="/v1/completion-messages"), "e", (), ROUTES)
    assert error.doors == ("dify-completion",)


def test_documents_and_streams_are_told_apart():
    assert take(FIXTURES / "hostile" / "blocking_chat.json").is_document
    assert not take(DIFY / "chat_simple.sse").is_document
    assert not take(FIXTURES / "hostile" / "events.ndjson").is_document


@pytest.mark.parametrize(
    ("name", "goes_on"),
    [
        ("wf_human_1_paused", False),
        ("wf_human_2_resumed_approve", True),
        ("wf_human_3_events_after_finish", True),
        ("june26_chat_human_timeout_2_resumed", True),
        ("chat_simple", False),
    ],
)
def test_a_resumption_shows_in_its_body(name, goes_on):
    assert take(DIFY / f"{name}.sse").is_continuation is goes_on


def test_parts_of_a_run_stand_together_also_those_that_begin_as_it_did():
    library = load([DIFY / "synthetic"], ROUTES)
    (first,) = library.named("reconnect_1_cut")
    assert [part.name for part in library.group(first)] == [
        "reconnect_1_cut",
        "reconnect_2_snapshot",
        "reconnect_3_replay",
    ]
    assert [part.is_continuation for part in library.group(first)] == [False, True, True]


def test_turns_of_a_conversation_stand_together_whatever_lies_between():
    takes = [
        Take(recorded(chat("one", "c", 1)), "a"),
        Take(recorded(chat("other", "d", 2)), "b"),
        Take(recorded(chat("two", "c", 3)), "c"),
    ]
    library = Library(takes)
    assert library.group(takes[2]) == [takes[0], takes[2]]
    assert library.with_id("d") is takes[1]
    assert library.with_id("e") is None


def test_the_same_conversation_in_two_folders_is_two():
    one, other = (Take(recorded(chat("a", "c")), "chat", (folder,)) for folder in ("v1", "v2"))
    assert Library([one, other]).group(other) == [other]


def test_a_session_opens_with_a_prologue():
    assert take(RAGFLOW / "chatbot_iframe_1_prologue.sse").is_prologue
    assert not take(RAGFLOW / "chat_kb_delta_final_reference.sse").is_prologue


# ---- files


def test_a_folder_is_read_in_the_order_of_names(tmp_path):
    for name in ("turn10.sse", "turn2.sse", ".hidden.sse", "notes.txt", "package.json"):
        (tmp_path / name).write_bytes(chat(name, name) if name.endswith(".sse") else b'{"name":"x"}')
    inner = tmp_path / "v1"
    inner.mkdir()
    (inner / "answer.json").write_bytes((FIXTURES / "hostile" / "blocking_chat.json").read_bytes())
    library = load([tmp_path], ROUTES)
    assert [one.name for one in library.takes] == ["turn2", "turn10", "answer"]
    assert library.named("v1") == library.named(f"{tmp_path.name}/v1/answer") == library.takes[2:]
    assert library.named(tmp_path.name) == library.takes


def test_names_lead_from_any_folder_down():
    assert Take(recorded(b""), "chat", ("a", "b")).names == {"a", "a/b", "a/b/chat", "b", "b/chat", "chat"}


def test_the_end_of_a_name_that_says_what_it_is_does_not_count():
    assert [stem_of(name) for name in ("a.sse", "a.b.skrec", "a.skrec.zst", "a")] == ["a", "a.b", "a", "a"]


def test_numbers_in_names_are_numbers():
    assert sorted(["b10", "b9", "a", "b"], key=in_name_order) == ["a", "b", "b9", "b10"]


def test_two_of_one_name_in_one_folder_are_refused(tmp_path):
    for name in ("chat.sse", "chat.ndjson"):
        (tmp_path / name).write_bytes(chat("a"))
    with pytest.raises(ReplayError, match=f"two recordings are called 'chat' in {tmp_path.name}"):
        load([tmp_path], ROUTES)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ReplayError, match=r"none\.sse: no such file or directory"):
        load([tmp_path / "none.sse"], ROUTES)


def test_a_damaged_recording_is_named(tmp_path):
    path = tmp_path / "x.skrec"
    path.write_text('{"format":"skrec","version":1}\nnonsense\n[0,"b","x"]\n')
    with pytest.raises(ReplayError, match=r"x\.skrec: line 2"):
        load([path], ROUTES)


def test_a_folder_without_recordings_is_refused(tmp_path):
    with pytest.raises(ReplayError, match="holds no recording"):
        load([tmp_path], ROUTES)


def test_a_recording_in_memory_has_a_number_for_a_name():
    library = load([recorded(chat("a", "c")), recorded(chat("b", "d"))], ROUTES)
    assert [one.name for one in library.takes] == ["recording-1", "recording-2"]
