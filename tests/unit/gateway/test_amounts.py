"""Durations and sizes as people write them."""

import pytest

from streamkit.gateway.amounts import seconds, size


@pytest.mark.parametrize(
    ("text", "meant"),
    [("30s", 30), ("500ms", 0.5), ("1.5m", 90), ("2h", 7200), ("7d", 604800), ("5", 5), (" 30 S ", 30)],
)
def test_a_duration_is_read(text, meant):
    assert seconds(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [("64MB", 64 << 20), ("10gb", 10 << 30), ("1.5k", 1536), ("7", 7), ("2 MiB", 2 << 20), ("1t", 1 << 40)],
)
def test_a_size_is_read(text, meant):
    assert size(text) == meant


@pytest.mark.parametrize("text", ["", "s", "-1s", "1 fortnight", "1e3s", "\u0661s", "nan", "1" * 20])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(ValueError, match="is no duration"):
        seconds(text)
    with pytest.raises(ValueError, match="is no size"):
        size(text)
