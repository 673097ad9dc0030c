"""The state of a run: its figures out of memory, all of it out of what is on the disk."""

from streamkit.gateway.replayed import replayed, shown
from streamkit.recording import Header, Recorder
from streamkit.run import stable
from tests.unit.gateway.sites import recording
from tests.unit.gateway.test_body import begun, passed
from tests.unit.gateway.test_exchange import stated

CHAT, PAUSED, RESUMED = map(
    recording, ("dify/chat_simple", "dify/wf_human_1_paused", "dify/wf_human_2_resumed_approve")
)


class OnDisk:
    def __init__(self, path, content, *, end=True):
        self.path = path
        with_end = Recorder(path, Header())
        with_end.write(content, 1.5)
        with_end.close("eof", at=2.0) if end else with_end.break_off()


def test_the_state_in_memory_says_nothing_that_was_said():
    state, run = shown(passed(CHAT, path="/v1/chat-messages")), stated(CHAT)
    assert (state.status, state.leaf_tokens, len(state.nodes)) == (run.status, run.leaf_tokens, len(run.nodes))
    assert run.text
    assert (state.text, bytes(state.inputs_json), bytes(state.outputs_json)) == ("", b"null", b"null")
    assert all(bytes(node.outputs_json) == b"null" for node in state.nodes)


def test_a_form_is_known_to_wait_and_what_it_asks_is_not_told():
    state = shown(passed(PAUSED))
    (form,) = state.forms
    assert (form.status, form.node_id, form.token) == ("waiting", "ask", "[hidden]")
    assert (form.content, form.inputs, form.actions) == (None, (), ())
    assert stated(PAUSED).forms[0].content


async def test_the_state_on_the_disk_is_the_whole_one(tmp_path):
    body = passed(CHAT, path="/v1/chat-messages")
    body.spool = OnDisk(tmp_path / "a.skrec", CHAT)
    state = await replayed([body])
    assert state.text == stated(CHAT).text
    assert {**stable(state), "user": None} == {**stable(stated(CHAT).snapshot()), "user": None}
    assert (state.user, state.seen_at, state.ended_at) == ("u-1", 1.5, 1.5)


async def test_bodies_of_one_run_are_one_state(tmp_path):
    bodies = [passed(PAUSED), passed(RESUMED)]
    for body, content in zip(bodies, (PAUSED, RESUMED), strict=True):
        body.spool = OnDisk(tmp_path / f"{id(body)}.skrec", content)
    state = await replayed(bodies)
    assert (state.status, len(state.segments)) == ("succeeded", 2)
    assert all(form.token in (None, "[hidden]") for form in state.forms)


async def test_one_that_still_streams_is_as_far_as_it_is(tmp_path):
    body = begun(path="/v1/chat-messages")
    body.spool = OnDisk(tmp_path / "a.skrec", CHAT[: len(CHAT) // 2], end=False)
    assert (await replayed([body])).status == "running"


async def test_what_cannot_be_read_is_what_is_in_memory(tmp_path):
    body = passed(CHAT, path="/v1/chat-messages")
    assert (await replayed([body])) == shown(body)
    body.spool = OnDisk(tmp_path / "a.skrec", CHAT)
    body.spool.path = tmp_path / "gone.skrec"
    assert (await replayed([body])) == shown(body)
