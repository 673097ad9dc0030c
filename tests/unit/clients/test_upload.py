"""Files that are sent: named, typed, and closed again."""

from contextlib import ExitStack

import pytest
from aiohttp import FormData

from streamkit.clients.upload import Upload, form_of


def test_a_path_says_what_it_is(tmp_path):
    path = tmp_path / "bill.pdf"
    assert Upload.of(path) == Upload("bill.pdf", path, "application/pdf")
    assert Upload.of(str(path)) == Upload("bill.pdf", path, "application/pdf")


def test_a_type_that_is_unknown_is_said_to_be_bytes():
    assert Upload.of("x.unheard-of").content_type == "application/octet-stream"


def test_what_is_in_memory_is_taken_as_it_is():
    upload = Upload("a.txt", b"hello", "text/plain")
    assert Upload.of(upload) is upload
    with ExitStack() as stack:
        assert upload.open(stack) == b"hello"


def test_a_file_is_open_for_as_long_as_it_is_sent(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"hello")
    with ExitStack() as stack:
        file = Upload.of(path).open(stack)
        assert file.read() == b"hello"
    assert file.closed


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path):
    with ExitStack() as stack, pytest.raises(FileNotFoundError):
        Upload.of(tmp_path / "none").open(stack)


def test_a_form_is_multipart_even_without_a_file():
    """Some servers take nothing else."""
    form = form_of({"user": "ada"}, [], ExitStack())
    assert isinstance(form, FormData)
    assert form.is_multipart
