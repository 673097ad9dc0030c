"""What Dify's answers offer beside their fields."""

import pytest

from streamkit.clients.answer import Reading, Received
from streamkit.clients.dify.answers import Input, Parameters, UploadedFile, kind_of

FORM = b"""{"user_input_form": [
  {"text-input": {"label": "City", "variable": "city", "required": true, "default": "Rome", "max_length": 48}},
  {"select": {"label": "", "variable": "size", "required": false, "options": ["S", "M", 3]}},
  {"file-list": {"label": "Bills", "variable": "bills", "required": false}},
  {"paragraph": {"label": "nothing to put it in"}},
  {"text-input": null}
]}"""


def test_the_variables_of_an_app_are_typed_and_nonsense_is_left_out():
    parameters = Reading(Parameters).read(Received(200, "application/json", FORM))
    assert parameters.inputs == [
        Input(kind="text-input", variable="city", label="City", required=True, default="Rome", max_length=48),
        Input(kind="select", variable="size", label="size", required=False, options=("S", "M")),
        Input(kind="file-list", variable="bills", label="Bills", required=False),
    ]


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("image/png", "image"),
        ("audio/mpeg", "audio"),
        ("video/mp4", "video"),
        ("application/pdf", "document"),
        (None, "document"),
    ],
)
def test_files_are_given_to_runs_by_their_kind(mime_type, kind):
    assert kind_of(mime_type) == kind
    told = UploadedFile(id="f", mime_type=mime_type).as_input()
    assert told == {"type": kind, "transfer_method": "local_file", "upload_file_id": "f"}
