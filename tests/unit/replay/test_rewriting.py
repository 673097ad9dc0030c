"""Ids and times change, and nothing else: not even a length."""

import re

import pytest

from streamkit.replay.rewriting import Ids, first_stamp, fresh_ids, shifted
from tests.unit.replay.serving import DIFY, FIXTURES, RAGFLOW

UUID = "67cae9e2-24d6-4a64-88b7-30c768c2c83c"
HEX = "bf53a91ee5fb11f1817a02fc00000001"
TOKEN = "RXuAr7fBN8SmbhOkgkqOb1"  # noqa: S105 - of a server that is gone


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'{"created_at":1700000000}', b'{"created_at":1700000100}'),
        (b'{"created_at": 1700000000.25, "a": 1}', b'{"created_at": 1700000100.25, "a": 1}'),
        (b'{"create_time":1700000000123}', b'{"create_time":1700000100123}'),
        (
            b'{"expiration_time":1700000000,"sys.timestamp":1700000001}',
            b'{"expiration_time":1700000100,"sys.timestamp":1700000101}',
        ),
        (b'{"created_at":"2025-09-03T08:14:22.512000Z"}', b'{"created_at":"2025-09-03T08:16:02.512000Z"}'),
        (b'{"created_at":"9999-99-03T08:14:22Z"}', b'{"created_at":"9999-99-03T08:14:22Z"}'),
        (b'{"created_at":12345.5}', b'{"created_at":12345.5}'),  # a counter of RAGFlow's process
        (b'{"created_at":null,"total_tokens":1700000000}', b'{"created_at":null,"total_tokens":1700000000}'),
    ],
)
def test_times_move_and_what_is_no_time_stays(before, after):
    assert shifted(before, 100) == after


def test_the_first_time_of_a_body():
    assert first_stamp(b'{"finished_at":1700000005,"created_at":1700000001}') == 1700000001
    assert first_stamp(b'{"created_at":"2001-09-09T01:46:40Z"}') == 1_000_000_000
    assert first_stamp(b"{}") is None


@pytest.mark.parametrize("path", [*DIFY.glob("*.sse"), *RAGFLOW.glob("*.sse")], ids=lambda path: path.stem)
def test_a_moved_body_is_as_long_and_moves_back(path):
    body = path.read_bytes()
    moved = shifted(body, 12_345)
    assert len(moved) == len(body)
    assert shifted(moved, -12_345) == body
    stamp = first_stamp(body)
    assert first_stamp(moved) == (None if stamp is None else stamp + 12_345)


def test_ids_keep_their_form():
    ids = fresh_ids([UUID, HEX], [TOKEN], "seed")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}", ids.of(UUID) or "")
    assert re.fullmatch(r"[0-9a-f]{32}", ids.of(HEX) or "")
    assert re.fullmatch(r"[0-9A-Za-z]{22}", ids.of(TOKEN) or "")
    assert ids.of("unknown") == "unknown"
    assert ids.of(None) is None


def test_a_seed_decides():
    assert fresh_ids([UUID], [], "a").of(UUID) == fresh_ids([UUID], [], "a").of(UUID)
    assert fresh_ids([UUID], [], "a").of(UUID) != fresh_ids([UUID], [], "b").of(UUID)


def test_every_id_is_replaced_wherever_it_stands():
    body = (DIFY / "wf_human_1_paused.sse").read_bytes()
    ids = fresh_ids([UUID], [TOKEN], "seed")
    replaced = ids.rewrite(body)
    assert (body.count(UUID.encode()), replaced.count(UUID.encode())) == (8, 0)
    assert replaced.count((ids.of(TOKEN) or "").encode()) == body.count(TOKEN.encode()) == 2
    assert len(replaced) == len(body)


def test_without_ids_nothing_is_replaced():
    body = (FIXTURES / "openai" / "openai_compatible.sse").read_bytes()
    assert Ids().rewrite(body) is body
    assert fresh_ids(["start", "llm"], ["short"], "seed").rewrite(body) is body
