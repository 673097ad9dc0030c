"""The screen of a form: filled in, sent once, closed by the run; read-only where nothing can be sent."""

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from textual.widgets import Button

from streamkit.cli.render.look import ASCII, UNICODE, Look
from streamkit.run import HumanInput, Run
from tests.cli.asking.test_forms import FORMS, HOSTILE
from tests.viewer.over import obeyed, rows, run_of, shown, text
from viewer.paint import Palette
from viewer.screens.form import FormScreen
from viewer.widgets.asked import Asked
from viewer.widgets.choices import Choices

DIFY = "dify/june26_wf_human_1_paused.sse"
RAGFLOW = "ragflow/fillup_1_pause.sse"
EXPIRES = 1795432499


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    """Nobody's editor."""
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)


class Answering:
    """A source of one form, and the run as it goes on."""

    def __init__(self, run: Run, number: int = 0) -> None:
        self.run = run
        self.told: HumanInput | None = run.forms[number]
        self.now = EXPIRES - 1325.5
        self.sent = []
        self.arrives = anyio.Event()
        self.fails: Exception | None = None

    async def submit(self, told, action, body):
        self.sent.append((told, action, body))
        await self.arrives.wait()
        if self.fails:
            raise self.fails

    def becomes(self, **changes):
        self.told = msgspec.structs.replace(self.told, **changes)

    def screen(self, *, submit=True, glyphs=UNICODE, colour=True):
        return FormScreen(
            self.told,
            self.run,
            current=lambda: self.told,
            submit=self.submit if submit else None,
            palette=Palette(colour=colour),
            look=Look(glyphs=glyphs),
            clock=lambda: self.now,
        )


def of(name: str, **changes) -> Answering:
    answering = Answering(run_of(name))
    answering.becomes(**changes)
    return answering


def asking(*inputs, actions=({"id": "ok", "title": "OK"},), **changes) -> Answering:
    """A form of Dify with other fields."""
    return of(DIFY, inputs=list(inputs), actions=list(actions), **changes)


def entry(pilot, number=0):
    return list(pilot.app.screen.query(Asked))[number].entry


async def test_a_form_of_dify_at_80x24():
    async with shown(of(DIFY).screen()) as pilot:
        assert list(filter(None, rows(pilot))) == [
            "╭──────────────────────────────────────────────────────────────────────────────╮",
            "│ Approval · run 1f71b5e0 · expires in 22m05s                                  │",
            "│                                                                              │",
            "│                                                                              │",
            "│ Please review                                                                │",
            "│                                                                              │",
            "│ Transfer of €250                                                             │",
            "│                                                                              │",
            "│ Comment: comment                                                             │",
            "│                                                                              │",
            "│ → comment                                                                    │",
            "│ │ none                                                                       │",
            "│ │                                                                            │",
            "│ │                                                                            │",
            "│                                                                              │",
            "│  [A] Approve                           [R] Reject                            │",
            "│                                                                              │",
            "│ esc keep waiting · tab next · ^enter Approve                                 │",
            "╰──────────────────────────────────────────────────────────────────────────────╯",
        ]


async def test_a_form_of_ragflow_in_ascii():
    async with shown(of(RAGFLOW).screen(glyphs=ASCII, colour=False)) as pilot:
        await pilot.press("ctrl+j")
        assert text(pilot).replace("ç", "c").isascii()
        assert list(filter(None, rows(pilot))) == [
            "+------------------------------------------------------------------------------+",
            "| form - run bfa14778                                                          |",
            "| Please confirm **trip to Oslo**                                              |",
            "|                                                                              |",
            "| -> ok  ER needed                                                             |",
            "| | ( ) yes                                                                    |",
            "| | ( ) no                                                                     |",
            "|                                                                              |",
            "|    Note                                                                      |",
            "| |                                                                            |",
            "| |                                                                            |",
            "| |                                                                            |",
            "|                                                                              |",
            "|    pick  ER needed                                                           |",
            "| | ( ) a                                                                      |",
            "| | ( ) b                                                                      |",
            "| | ( ) ç                                                                      |",
            "|                                                                              |",
            "|  [S] Send                                                                    |",
            "| ER ok: needed                                                                |",
            "| esc keep waiting - tab next - ^enter Send                                    |",
            "+------------------------------------------------------------------------------+",
        ]


async def test_an_answer_is_sent_once_and_the_run_closes_the_form():
    answering = of(DIFY)
    async with shown(answering.screen()) as pilot:
        entry(pilot).text = "looks fine"
        await pilot.press("tab")
        await pilot.press("a")
        assert "submitting…" in text(pilot)
        await pilot.press("a", "ctrl+j", "enter")
        assert [(action, body) for _, action, body in answering.sent] == [
            ("approve", {"inputs": {"comment": "looks fine"}, "action": "approve"})
        ]
        assert all(widget.disabled for widget in pilot.app.screen.query("Asked, #actions"))
        answering.arrives.set()
        await pilot.pause()
        assert "submitted: waiting for the run…" in text(pilot)
        await pilot.press("r", "ctrl+j")
        assert len(answering.sent) == 1
        answering.becomes(status="submitted", action_id="approve")
        pilot.app.screen.tick()
        await pilot.pause()
        assert pilot.app.returned == [True]


async def test_the_run_may_go_on_before_the_answer_has_arrived():
    answering = of(DIFY)
    async with shown(answering.screen()) as pilot:
        await pilot.press("alt+a")
        answering.becomes(status="submitted", action_id="approve")
        pilot.app.screen.tick()
        assert "submitting…" in text(pilot)
        answering.arrives.set()
        await pilot.pause()
        assert pilot.app.returned == [True]


async def test_a_form_that_asks_for_more_is_laid_out_anew():
    answering = of(DIFY)
    async with shown(answering.screen()) as pilot:
        answering.becomes(inputs=[*answering.told.inputs, {"output_variable_name": "why", "type": "text_input"}])
        pilot.app.screen.tick()
        await pilot.pause()
        assert [asked.field.key for asked in pilot.app.screen.query(Asked)] == ["comment", "why"]


async def test_an_answer_that_is_not_taken_says_why_and_the_form_stays():
    answering = of(DIFY)
    answering.arrives.set()
    answering.fails = RuntimeError(f"412 human_input_form_submitted\n{HOSTILE}")
    async with shown(answering.screen()) as pilot:
        entry(pilot).text = "typed"
        await pilot.press("alt+r")
        await pilot.pause()
        assert "✗ 412 human_input_form_submitted" in text(pilot)
        assert not obeyed(text(pilot))
        assert entry(pilot).text == "typed"
        answering.fails = TimeoutError()
        await pilot.press("alt+r")
        await pilot.pause()
        assert "✗ TimeoutError" in text(pilot)
        answering.fails = None
        await pilot.press("alt+r")
        await pilot.pause()
        assert "submitted" in text(pilot)
        assert [action for _, action, _ in answering.sent] == ["reject"] * 3


async def test_one_may_leave_while_an_answer_is_under_way():
    answering = of(DIFY)
    async with shown(answering.screen()) as pilot:
        await pilot.press("alt+a", "escape")
        assert pilot.app.returned == [False]
        answering.fails = RuntimeError("502 [bold]Bad Gateway")
        answering.arrives.set()
        await pilot.pause()
        (notice,) = pilot.app._notifications
        assert notice.message == "the answer was not taken: 502 [bold]Bad Gateway"


async def test_a_button_is_pressed_only_once_it_was_chosen():
    answering = of(DIFY, inputs=[])
    async with shown(answering.screen()) as pilot:
        await pilot.press("enter")
        assert not answering.sent
        await pilot.press("tab", "tab", "enter")
        assert answering.sent[0][1] == "reject"


async def test_escape_keeps_waiting():
    answering = of(DIFY)
    async with shown(answering.screen()) as pilot:
        await pilot.press("escape")
        assert (pilot.app.returned, answering.sent) == ([False], [])


async def test_letters_are_typed_where_one_types():
    answering = asking({"output_variable_name": "why", "type": "text_input"})
    async with shown(answering.screen()) as pilot:
        await pilot.press("o", "k")
        assert entry(pilot).value == "ok"
        assert not answering.sent
        await pilot.press("alt+o")
        assert answering.sent[0][2]["inputs"] == {"why": "ok"}


async def test_a_button_is_pressed_by_mouse():
    answering = of(DIFY)
    async with shown(answering.screen()) as pilot:
        await pilot.click(list(pilot.app.screen.query(Button))[1])
        assert answering.sent[0][1] == "reject"


async def test_control_and_enter_need_an_action_that_is_no_choice():
    actions = [{"id": "yes", "title": "Yes"}, {"id": "no", "title": "No"}]
    answering = asking(actions=actions)
    async with shown(answering.screen()) as pilot:
        await pilot.press("ctrl+enter")
        assert "several actions: press one of them" in text(pilot)
        assert not answering.sent
        await pilot.press("n")
        assert answering.sent[0][1] == "no"


async def test_a_bad_entry_is_named_and_found():
    select = {"output_variable_name": "amount", "type": "select", "option_source": {"value": ["full", "partial"]}}
    answering = asking({"output_variable_name": "why", "type": "paragraph"}, select)
    async with shown(answering.screen(), (100, 30)) as pilot:
        await pilot.press("ctrl+j")
        assert "✗ amount: needed" in text(pilot)
        assert pilot.app.focused is entry(pilot, 1)
        await pilot.press("down", "down", "up", "down", "o")
        assert answering.sent[0][2]["inputs"] == {"why": "", "amount": "partial"}


async def test_choices_are_made_by_keys_and_mouse_and_taken_back():
    async with shown(of(RAGFLOW).screen()) as pilot:
        choices = entry(pilot)
        assert isinstance(choices, Choices)
        assert choices.chosen is None
        await pilot.press("down")
        assert choices.chosen is True
        assert "(•) yes" in text(pilot)
        await pilot.press("space", "space")
        assert choices.chosen is False
        await pilot.press("backspace")
        assert choices.chosen is None
        await pilot.click(choices, offset=(3, 1))
        assert choices.chosen is False


async def test_the_path_of_a_file_is_checked_as_one_types(tmp_path):
    (tmp_path / "r.pdf").touch()
    answering = asking({"output_variable_name": "receipt", "type": "file"})
    async with shown(answering.screen()) as pilot:
        assert "receipt  needed, a file" in text(pilot)
        entry(pilot).value = str(tmp_path / "r")
        await pilot.pause()
        assert "receipt  ✗ no such file" in text(pilot)
        entry(pilot).value = str(tmp_path / "r.pdf")
        await pilot.pause()
        assert "✗" not in text(pilot)
        await pilot.press("alt+o")
        assert answering.sent[0][2]["inputs"] == {"receipt": tmp_path / "r.pdf"}


async def test_a_recording_cannot_be_answered():
    async with shown(of(DIFY).screen(submit=False)) as pilot:
        await pilot.press("ctrl+j", "alt+a")
        assert "a recording: it cannot be answered" in text(pilot)
        assert "esc back" in text(pilot)
        assert all(widget.disabled for widget in pilot.app.screen.query(Asked))


async def test_what_was_answered_is_shown():
    async with shown(of("dify/june26_wf_human_2_resumed_approve.sse").screen(submit=False)) as pilot:
        assert "chosen  approve" in text(pilot)
        assert "comment  looks fine ✓" in text(pilot)
        assert "it is answered" in text(pilot)
        assert not pilot.app.screen.query(Asked)


async def test_a_form_that_somebody_else_answers_shows_that_answer():
    answering = of(DIFY)
    async with shown(answering.screen()) as pilot:
        answering.becomes(status="submitted", action_id="reject", submitted={"comment": "[bold]no"})
        pilot.app.screen.tick()
        await pilot.pause()
        assert "chosen  Reject" in text(pilot)
        assert "comment  [bold]no" in text(pilot)
        await pilot.press("escape")
        assert pilot.app.returned == [False]


async def test_a_form_of_which_one_learns_more_keeps_what_was_entered():
    answering = of(DIFY)
    async with shown(answering.screen()) as pilot:
        entry(pilot).text = "typed"
        answering.becomes(expires_at=EXPIRES + 60)
        pilot.app.screen.tick()
        await pilot.pause()
        assert "expires in 23m05s" in text(pilot)
        assert entry(pilot).text == "typed"
        answering.told = None  # the run is gone
        pilot.app.screen.tick()
        assert entry(pilot).text == "typed"


async def test_time_runs_down_and_out():
    answering = of(DIFY)
    async with shown(answering.screen()) as pilot:
        answering.now = EXPIRES - 5
        pilot.app.screen.tick()
        await pilot.pause()
        assert "expires in 5s" in text(pilot)
        answering.now = EXPIRES
        pilot.app.screen.tick()
        await pilot.pause()
        assert "· expired" in text(pilot)
        assert "its time ran out: it cannot be answered" in text(pilot)
        await pilot.press("alt+a")
        assert not answering.sent


async def test_a_form_without_a_token_says_that_it_went_out_by_mail():
    async with shown(of("dify/synthetic/new_agent_asks.sse").screen()) as pilot:
        assert "it went out by e-mail, and cannot be answered here" in text(pilot)


async def test_a_form_that_expired_says_so():
    async with shown(of("dify/wf_human_timeout_2_resumed.sse").screen()) as pilot:
        assert "it expired: nobody answered in time" in text(pilot)


async def test_a_link_is_shown_and_not_opened(monkeypatch):
    opened = []
    answering = of(DIFY, content="[invoice](https://example.org/invoice?a=1)")
    async with shown(answering.screen()) as pilot:
        monkeypatch.setattr(pilot.app, "open_url", opened.append)
        await pilot.click("#content", offset=(2, 0))
        await pilot.pause()
        assert "https://example.org/invoice?a=1" in text(pilot)
        assert not opened


async def test_what_does_not_fit_scrolls():
    answering = of(DIFY, inputs=[], content="\n\n".join(f"line {number}" for number in range(40)))
    async with shown(answering.screen(), (40, 12)) as pilot:
        assert "Approval · expires in 22m05s" in text(pilot)
        assert "line 0" in text(pilot)
        await pilot.press("pagedown", "down", "up")
        assert "line 0" not in text(pilot)
        await pilot.press("pageup", "pageup")
        assert "line 0" in text(pilot)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
async def test_it_fits_any_terminal(glyphs):
    async with shown(of(RAGFLOW).screen(glyphs=glyphs), (220, 60)) as pilot:
        for size in ((140, 40), (60, 15), (40, 10)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert ("run bfa14778" in text(pilot)) == (size[0] > 40)
            assert "esc keep waiting" in text(pilot)
            assert glyphs is UNICODE or text(pilot).replace("ç", "c").isascii()
        await pilot.press("tab", "tab", "tab")
        assert "Send" in text(pilot)


async def test_the_token_is_nowhere():
    answering = of(DIFY)
    answering.arrives.set()
    answering.fails = OSError(f"no answer from http://dify/v1/form/human_input/{answering.told.token}?user=u")
    async with shown(answering.screen(), (140, 40)) as pilot:
        assert answering.told.token not in text(pilot)
        await pilot.press("alt+a")
        await pilot.pause()
        assert "no answer from http://dify/v1/form/human_input/…?user=u" in text(pilot)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
async def test_hostile_text_leaves_no_byte_that_a_terminal_obeys(glyphs):
    async with shown(of("hostile/escapes_bidi_markup.sse").screen(glyphs=glyphs)) as pilot:
        assert "[bold red]markup[/]" in text(pilot)
        assert not obeyed(text(pilot))


@settings(max_examples=6)
@given(told=FORMS)
async def test_whatever_a_server_says_is_shown(told):
    answering = of(DIFY)
    answering.told = told
    async with shown(answering.screen(), (60, 20)) as pilot:
        await pilot.press("tab", "ctrl+j")
        assert not obeyed(text(pilot))
        assert "a-secret-token" not in text(pilot)


# ---- the user's editor


@pytest.mark.parametrize(("kind", "is_offered"), [("paragraph", True), ("text_input", False)])
async def test_an_editor_is_offered_for_a_text_of_several_lines(monkeypatch, kind, is_offered):
    monkeypatch.setenv("VISUAL", "vi")
    answering = asking({"type": kind, "output_variable_name": "comment"})
    async with shown(answering.screen()) as pilot:
        assert ("^e $EDITOR" in text(pilot)) is is_offered
        await pilot.press("a", "home", "ctrl+e", "z")  # in a line, the key goes to its end
        assert ("no terminal here" in text(pilot)) is is_offered
        assert is_offered or entry(pilot).value == "az"


@pytest.mark.parametrize("submit", [True, False])
async def test_without_an_editor_or_an_answer_none_is_offered(monkeypatch, submit):
    monkeypatch.setenv("EDITOR", "" if submit else "vi")
    answering = asking({"type": "paragraph", "output_variable_name": "comment"})
    async with shown(answering.screen(submit=submit)) as pilot:
        assert "$EDITOR" not in text(pilot)
