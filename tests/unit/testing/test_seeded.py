import uuid
from decimal import Decimal

import pytest

from streamkit.testing.seeded import Seeded, pieces, price


def made_up(seed):
    seeded = Seeded(seed)
    return seeded.uuid(), seeded.hex(), seeded.token(), seeded.factor()


def test_the_same_seed_makes_up_the_same():
    assert made_up(7) == made_up(7)
    assert set(made_up(7)).isdisjoint(made_up(8))


def test_ids_look_like_ids():
    name, bare, token, factor = made_up(0)
    assert uuid.UUID(name).version == uuid.UUID(bare).version == 4
    assert "-" not in bare
    assert (len(token), token.isalnum()) == (22, True)
    assert 1 <= factor < 2


def test_a_price_has_seven_digits_as_on_the_wire():
    assert str(price(15, "2.50")) == "0.0000375"
    assert price(0, "2.50") == Decimal(0)


@pytest.mark.parametrize(
    ("text", "count", "expected"),
    [
        ("two words", None, ["two ", "words"]),
        ("a  b", None, ["a ", " ", "b"]),
        (" lead", None, [" ", "lead"]),
        ("", None, []),
        ("", 3, []),
        ("abcdef", 3, ["ab", "cd", "ef"]),
        ("abcde", 2, ["abc", "de"]),
        ("ab", 5, ["a", "b"]),
    ],
)
def test_a_text_comes_in_pieces(text, count, expected):
    assert pieces(text, count) == expected
    assert "".join(pieces(text, count)) == text
