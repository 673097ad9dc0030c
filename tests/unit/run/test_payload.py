"""JSON that nobody has looked at: kept whole, decoded late, never raising on what a peer sent."""

import json
from decimal import Decimal

import pytest

from streamkit.run.payload import bounded, cleaned, dumps, is_null, loads, loads_leniently, money

DEEP = 100_000
"""Deeper than any decoder goes."""


def nested(depth, core=b"1"):
    return b"[" * depth + core + b"]" * depth


# ---- cleaned


@pytest.mark.parametrize("nothing", [b"", b"null"])
def test_nothing_and_null_are_null(nothing):
    assert is_null(nothing)


@pytest.mark.parametrize("data", [b"{}", b"[]", b'""', b"0", b"false", b'"null"', '{"名":"é\\n"}'.encode()])
def test_every_other_value_is_a_value_even_an_empty_one_and_stays_byte_for_byte(data):
    assert not is_null(data)
    assert cleaned(data) is data


def test_bytes_that_are_no_utf8_become_replacement_characters():
    kept = cleaned(b'{"a":"\xff\xfe","b":"\xc3\xa9"}')
    assert loads(kept) == {"a": "��", "b": "é"}


@pytest.mark.parametrize("half", [r"\ud83d", r"\uD83D", r"\udE00", r"\uDE00"])
def test_half_of_a_surrogate_pair_becomes_a_replacement_character(half):
    kept = cleaned(f'{{"a":"x{half}y","{half}":1}}'.encode())
    assert loads(kept) == {"a": "x�y", "�": 1}
    kept.decode()  # valid UTF-8, too


@pytest.mark.parametrize("text", [r'"\ud83d\ude00"', r'"\uD83D\uDE00"', r'"a literal \\ud83d"', r'"\ud7ff"'])
def test_whole_pairs_and_text_that_only_looks_like_a_half_stay_as_they_are(text):
    data = text.encode()
    assert cleaned(data) is data


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(nested(2_000, rb'"\ud800"'), id="deep"),
        pytest.param(nested(DEEP, rb'"\ud800"'), id="deeper than a decoder goes"),
        pytest.param(b'{"a":"\\ud8', id="no JSON at all"),
    ],
)
def test_a_lone_surrogate_where_nothing_can_be_decoded_leaves_text_and_never_raises(data):
    kept = cleaned(data)
    assert isinstance(json.loads(kept), str)
    assert isinstance(loads(kept), str)


# ---- loads


def test_null_decodes_to_none():
    assert loads(None) is None


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a":[1,2.5,true,null,"x"]}', {"a": [1, 2.5, True, None, "x"]}),
        (b'{"a":NaN,"b":[Infinity,-Infinity]}', {"a": None, "b": [None, None]}),
        (b'{"a":1e999999,"b":-1e999999,"c":1e-9}', {"a": None, "b": None, "c": 1e-9}),
        (rb'["\ud800", "\ud83d\ude00"]', ["�", "😀"]),
        (b'"\xff"', "�"),
        (b"not json", "not json"),
        (b"\xff", "�"),
    ],
)
def test_a_value_is_decoded_and_what_the_standard_forbids_is_read_with_patience(data, value):
    assert loads(data) == value


def test_a_value_too_deep_to_decode_comes_back_as_text():
    assert loads(nested(DEEP)) == nested(DEEP).decode()


def test_a_number_too_long_for_python_costs_only_itself():
    assert loads(b"[" + b"1" * 5000 + b",2]") == [None, 2]


def test_the_lenient_decoder_says_when_there_is_nothing_to_decode():
    with pytest.raises(ValueError, match="Expecting"):
        loads_leniently(b"{")
    with pytest.raises(RecursionError):
        loads_leniently(nested(DEEP))


def test_what_is_encoded_again_is_compact_utf8_with_whole_numbers_of_any_size():
    assert dumps({"名": [2**70, -1, 1.5, None]}) == '{"名":[1180591620717411303424,-1,1.5,null]}'.encode()


# ---- bounded


@pytest.mark.parametrize("value", [None, 0, "text", [], {}, [1, [2, {"a": [3]}]], {"a": list(range(1000))}])
def test_a_value_of_sensible_depth_stays_as_it_is(value):
    assert bounded(value) is value


@pytest.mark.parametrize("shape", ["lists", "objects"])
def test_a_value_is_bounded_at_200_levels(shape):
    def build(levels):
        value = "leaf"
        for _ in range(levels):
            value = [value] if shape == "lists" else {"a": value}
        return value

    assert bounded(build(199)) == build(199)
    assert bounded(build(200)) == "[nested too deeply]"
    assert bounded(build(5000)) == "[nested too deeply]"


def test_one_deep_branch_among_many_is_enough_to_be_too_deep():
    assert bounded([[], {"a": 1}, json.loads(nested(300))]) == "[nested too deeply]"


# ---- money


@pytest.mark.parametrize(
    ("price", "amount"),
    [
        ("0.0000081", "0.0000081"),
        ("0E-7", "0E-7"),
        ("12", "12"),
        (12, "12"),
        (0.1, "0.1"),
        (Decimal("1.50"), "1.50"),
        ("-1", "-1"),
        ("1e30", "1E+30"),
        ("1e-30", "1E-30"),
        ("0e-999999", "0"),
        ("0e999999", "0"),
    ],
)
def test_a_price_is_read_from_its_text_exactly(price, amount):
    assert str(money(price)) == amount


@pytest.mark.parametrize(
    "price",
    [
        *(None, True, False, "", "free", [], {}, float("nan"), float("inf")),
        *("NaN", "sNaN", "Infinity", "-Infinity", "1e31", "1e-31", "1e999999999", "1e9999999999999999999999999"),
    ],
)
def test_what_cannot_be_summed_is_no_price(price):
    assert money(price) is None
