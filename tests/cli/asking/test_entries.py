"""What is entered in a field: sent, or refused with a reason."""

from pathlib import Path

import pytest

from streamkit.cli.asking.entries import Field
from streamkit.cli.asking.forms import read
from streamkit.run import HumanInput


@pytest.mark.parametrize(
    ("kind", "typed", "expected"),
    [
        ("integer", " 12 ", 12),
        ("integer", "1.5", "not a whole number"),
        ("integer", "9" * 5000, "not a whole number"),
        ("integer", "", "needed"),
        ("number", "1.5", 1.5),
        ("number", "nan", "not a number"),
        ("number", "many", "not a number"),
        ("object", ' {"a": 1}', '{"a": 1}'),
        ("object", "{", "not JSON"),
        ("object", "[" * 100_000, "not JSON"),
        ("line", "", "needed"),
        ("line", "a word", "a word"),
        ("something new", "a word", "a word"),
    ],
)
def test_entries_of_ragflow(kind, typed, expected):
    told = HumanInput(None, "", inputs=[{"key": "k", "type": kind, "optional": False}])
    (field,) = read(told, "ragflow").fields
    assert (field.problem(typed) or field.value(typed)) == expected


def file_field(kind="file", **told) -> Field:
    asked = {"output_variable_name": "doc", "type": kind, **told}
    return read(HumanInput("f", "n", inputs=[asked]), "dify").fields[0]


def test_a_file_must_be_there(tmp_path):
    there = tmp_path / "r.pdf"
    there.touch()
    assert file_field().value(str(there)) == there
    for name in (str(tmp_path), str(tmp_path / "none.pdf"), "\0", "~nobody-has-this-name/x", "a" * 5000):
        assert file_field().problem(name) == "no such file"
    assert file_field().problem("") == "needed"


def test_a_file_may_need_an_ending(tmp_path):
    (tmp_path / "r.PDF").touch()
    (tmp_path / "r.txt").touch()
    field = file_field(allowed_file_types=["custom"], allowed_file_extensions=["PDF", ".docx"])
    assert field.hint == "a file: .pdf .docx"
    assert field.value(str(tmp_path / "r.PDF")) == tmp_path / "r.PDF"
    assert field.problem(str(tmp_path / "r.txt")) == "not one of .pdf .docx"


def test_a_file_may_be_a_url_where_the_server_says_so():
    url = "https://example.org/r.pdf"
    assert file_field().value(url) == url
    assert file_field(allowed_file_upload_methods=["local_file"]).problem(url) == "a file here is needed, not a URL"
    remote = file_field(allowed_file_upload_methods=["remote_url"])
    assert (remote.problem("r.pdf"), remote.hint) == ("a URL is needed", "a URL")


def test_several_files_stand_one_a_line(tmp_path):
    names = [tmp_path / "a", tmp_path / "b c"]
    for name in names:
        name.touch()
    field = file_field("file-list", number_limits=2)
    typed = f"{names[0]}\n\n  {names[1]} \n"
    assert field.hint == "at most 2 files, one a line"
    assert field.value(typed) == names
    assert field.value("") == []
    assert field.problem(f"{typed}{Path(__file__)}") == "at most 2"
