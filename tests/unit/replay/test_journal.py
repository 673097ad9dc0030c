"""The journal has every request, and no secret."""

import json

import pytest

from streamkit.errors import ReplayError
from streamkit.replay.journal import Journal

SECRET = "app-3FcS1mYyWzq0"  # noqa: S105 - made up


def entry(journal, path="/v1/x", **headers):
    return journal.begin(0.5, "POST", path, headers, {"query": "hi"})


def test_requests_are_numbered_and_kept():
    journal = Journal()
    entries = [entry(journal), entry(journal)]
    assert [one.number for one in journal.entries] == [1, 2]
    assert list(journal.entries) == entries
    assert entries[0].body == {"query": "hi"}


def test_secrets_of_headers_are_masked_and_the_same_ones_stay_the_same():
    journal = Journal()
    one = entry(journal, Authorization=f"Bearer {SECRET}", Cookie="session=abc", Accept="*/*")
    assert SECRET not in str(one)
    assert "abc" not in one.headers["Cookie"]
    assert one.headers["Authorization"].startswith("Bearer REDACTED")
    assert one.headers["Accept"] == "*/*"
    again = entry(journal, Authorization=f"Bearer {SECRET}")
    assert again.headers["Authorization"] == one.headers["Authorization"]


def test_secrets_of_paths_and_bodies_are_masked():
    journal = Journal()
    form = entry(journal, "/v1/form/human_input/RXuAr7fBN8SmbhOkgkqOb1?user=me")
    assert form.path == "/v1/form/human_input/REDACTEDa7c0xxxxxxxxxx?user=me"
    body = journal.begin(0.0, "POST", "/v1/x", {}, {"inputs": {"api_key": SECRET}}).body
    assert SECRET not in str(body)
    assert entry(journal, "/v1/workflows/run/0c3b37ed").path == "/v1/workflows/run/0c3b37ed"


def test_a_file_has_one_line_for_each_request_once_it_is_answered(tmp_path):
    told = []
    path = tmp_path / "journal.jsonl"
    path.write_text("{}\n")
    journal = Journal(path, told.append)
    one = entry(journal)
    one.status, one.recording = 200, "chat"
    assert told == []
    journal.finish(one)
    journal.close()
    assert told == [one]
    _, line = path.read_text().splitlines()
    assert {"number": 1, "status": 200, "recording": "chat"}.items() <= json.loads(line).items()


def test_requests_without_an_answer_are_known():
    journal = Journal()
    one, _ = entry(journal), entry(journal)
    one.unmatched = "no recording"
    assert journal.unmatched() == [one]
    journal.clear()
    assert (journal.unmatched(), list(journal.entries)) == ([], [])
    assert entry(journal).number == 3


def test_a_file_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(ReplayError, match=r"none/j: no such file or directory"):
        Journal(tmp_path / "none" / "j")
