"""Filler: as many characters and bytes, of the same kind, and nothing of what was said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.recording.filler import fill, fill_url

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\\"))


@given(TEXTS)
def test_filler_has_the_length_of_its_text_in_characters_and_in_bytes(text):
    filler = fill(text)
    assert [len(character.encode()) for character in filler] == [len(character.encode()) for character in text]


@given(TEXTS)
def test_once_is_enough(text):
    assert fill(fill(text)) == fill(text)


@given(st.text("abcXYZ 09.,äЖ日本语", max_size=20), st.text("abcXYZ 09.,äЖ日本语", max_size=20))
def test_pieces_of_a_text_give_the_pieces_of_its_filler(start, end):
    assert fill(start) + fill(end) == fill(start + end)


@pytest.mark.parametrize(
    ("text", "filler"),
    [
        ("Hello, World 42!", "Xxxxx, Xxxxx 11!"),
        ("Größe Привет Ελλάδα", "Xxääx Жжжжжж Ωωωωωω"),
        ("日本語 ひらがな カタカナ 한국어", "字字字 ああああ アアアア 가가가"),
        ("नमस्ते", "กกกกกก"),  # also the vowels, which are marks
        ("✍️ 🕞 → €5", "✍️ 🕞 → €1"),
        ("𠮷野家", "𠀀字字"),
        (
            r"a\nb \u0041\u00e9 \u65e5 \ud842\udfb7 \ud83d\udd5e \"c\\d",
            r"x\nx \u0058\u00e4 \u5b57 \ud840\udc00 \ud83d\udd5e \"x\\x",
        ),
    ],
)
def test_a_kind_of_characters_has_one_letter(text, filler):
    assert fill(text) == filler


@pytest.mark.parametrize(
    "text",
    [
        "<think>",
        "</think>",
        r"\u003cthink\u003e",
        "<thi",  # the tag is cut between two frames
        "nk>",
        "think",
        "**ERROR**: ",
        "[ID:12] ##3$$",
        r"{\"key\": 1, \"ok\": [true, false, null]}",
        "Unknown error",
        "CANCELED",
    ],
)
def test_what_servers_mean_by_a_text_stays(text):
    assert fill(text) == text


def test_json_in_a_text_stays_json():
    assert fill(r"{\"price\": -12.5e+30, \"name\": \"Ana\"}") == r"{\"price\": -11.1e+11, \"name\": \"Xxx\"}"


@pytest.mark.parametrize(
    ("url", "filled"),
    [
        ("https://host/v1/chat?user=Ana%20B&n=5#top", "https://host/v1/chat?user=Xxx%78X&n=1#top"),
        ("/v1/files/12", "/v1/files/12"),
        ("/v1?Ana", "/v1?Xxx"),
        ("", ""),
    ],
)
def test_of_a_url_the_query_is_filled(url, filled):
    assert fill_url(url) == filled
