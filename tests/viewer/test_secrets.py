"""Form tokens are masked."""

import pytest

from streamkit.run import HIDDEN
from viewer.secrets import without_secrets


@pytest.mark.parametrize("key", ["form_token", r"\u0066orm_token", r"form\u005ftoken"])
def test_tokens_are_masked_wherever_they_stand(key):
    data = f'{{"a": [{{"{key}": "s3cret", "b": 1.50}}]}}'.encode()
    assert b"s3cret" not in without_secrets(data)
    assert HIDDEN.encode() in without_secrets(data)


def test_what_is_no_json_and_names_a_token_is_hidden_as_a_whole():
    assert b"s3cret" not in without_secrets(b'{"form_token": "s3cret')


@pytest.mark.parametrize("data", [b'{"a": 1.50}', rb'{"a": "\u0061"}', b"no json"])
def test_what_has_no_token_stays_byte_for_byte(data):
    assert without_secrets(data) is data
