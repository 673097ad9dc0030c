"""What an app is asked: nobody meets an error of the server's for the wrong kind of app, or a missing input."""

from pathlib import Path

import pytest

from streamkit.cli.asking import questions
from streamkit.cli.asking.apps import App
from streamkit.cli.asking.entries import Field
from streamkit.cli.asking.inputs import BadInput
from streamkit.cli.asking.questions import ask_for
from streamkit.cli.asking.targets import Question


def field(key, *, kind="text", required=False, default=None):
    return Field(key=key, label=key, kind=kind, required=required, default=default)


class Target:
    """An app that takes what a test says."""

    def __init__(self, *fields, takes=True, needs=True, tells=True):
        self._fields = list(fields) if tells else None
        self._takes, self._needs = takes, needs
        self.uploaded = []

    async def fields(self):
        return self._fields

    async def takes_query(self):
        return self._takes

    async def needs_query(self):
        return self._needs

    async def upload(self, path):
        self.uploaded.append(path.name)
        return {"upload_file_id": path.name}


async def ask(target, query=None, *words, files=(), app=None, conversation=None):
    return await ask_for(target, app or App(kind="dify"), query, words, files, conversation)


async def test_a_chat_is_asked_its_question():
    target = Target(field("lang"))
    told = await ask(target, "hello", "lang=de", conversation="c")
    assert told == Question(query="hello", inputs={"lang": "de"}, conversation_id="c")


async def test_inputs_of_the_configuration_are_always_given_and_words_go_before_them():
    app = App(kind="dify", inputs={"lang": "de", "size": "S"})
    told = await ask(Target(field("lang"), field("size")), "hello", "size=M", app=app)
    assert told.inputs == {"lang": "de", "size": "M"}


async def test_where_the_server_does_not_tell_anything_is_taken():
    assert (await ask(Target(tells=False), "hello", "any=thing")).inputs == {"any": "thing"}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ([field("text", required=True), field("tone")], "text"),
        ([field("size", kind="number", required=True), field("text")], "text"),
        ([field("text", kind="paragraph")], "text"),
    ],
)
async def test_the_question_of_a_workflow_goes_where_only_it_can_be_meant(fields, place):
    words = ["size=3"] if fields[0].key == "size" else []
    told = await ask(Target(*fields, takes=False, needs=False), "hello", *words)
    assert told.query is None
    assert told.inputs[place] == "hello"


@pytest.mark.parametrize("fields", [[], [field("a"), field("b")], [field("n", kind="number")]])
async def test_a_question_of_which_nobody_knows_where_it_goes_is_refused(fields):
    with pytest.raises(BadInput, match="the app is a workflow: it takes inputs"):
        await ask(Target(*fields, takes=False, needs=False), "hello")


async def test_what_is_missing_is_named_where_nobody_can_be_asked():
    with pytest.raises(BadInput, match=r"the app needs city: give -i city=…"):
        await ask(Target(field("city", required=True)), "hello")
    with pytest.raises(BadInput, match="the app needs a question"):
        await ask(Target())


async def test_what_is_missing_is_asked_for(monkeypatch):
    answers = {"city": "Rome", "question": "hello"}

    async def asked(one):
        return answers[one.key]

    async def typed(prompt):
        return answers[prompt.rstrip(": ")]

    monkeypatch.setattr(questions, "can_ask", lambda: True)
    monkeypatch.setattr(questions, "asked", asked)
    monkeypatch.setattr(questions, "typed", typed)
    told = await ask(Target(field("city", required=True), field("tone"), field("size", required=True, default="M")))
    assert told == Question(query="hello", inputs={"city": "Rome"})


async def test_files_are_uploaded_those_in_inputs_too(tmp_path):
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        (tmp_path / name).write_bytes(b"%PDF")
    target = Target(field("one", kind="file"), field("many", kind="files"))
    told = await ask(
        target, "hello", f"one={tmp_path / 'a.pdf'}", f"many={tmp_path / 'b.pdf'}", files=[tmp_path / "c.pdf"]
    )
    assert told.inputs == {"one": {"upload_file_id": "a.pdf"}, "many": [{"upload_file_id": "b.pdf"}]}
    assert told.files == ({"upload_file_id": "c.pdf"},)


async def test_a_file_that_is_not_there_is_told_before_anything_is_sent():
    target = Target()
    with pytest.raises(BadInput, match=r"none\.pdf: no such file"):
        await ask(target, "hello", files=[Path("none.pdf")])
    assert target.uploaded == []
