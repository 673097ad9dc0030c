"""A copy of a compressed body is decoded, wherever it is cut, in pieces of bounded size."""

import gzip
import random
import zlib

import pytest

from streamkit.gateway.coding import UnknownCoding, decoder, is_known

try:
    from compression import zstd
except ImportError:
    try:
        from backports import zstd
    except ImportError:
        zstd = None

try:
    import brotli
except ImportError:
    brotli = None

needs_brotli = pytest.mark.skipif(brotli is None, reason="needs brotli: pip install brotli")
needs_zstd = pytest.mark.skipif(zstd is None, reason="needs zstd: pip install 'chatflow-streamkit[zstd]'")
BODY = b"".join(b'data: {"event":"message","answer":"%d"}\n\n' % number for number in range(20_000))


def raw_deflate(body):
    whole = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return whole.compress(body) + whole.flush()


CODED = {
    "identity": ("identity", BODY),
    "none": (None, BODY),
    "gzip": ("gzip", gzip.compress(BODY)),
    "in capitals": (" GZIP ", gzip.compress(BODY)),
    "two members": ("x-gzip", gzip.compress(BODY[:1000]) + gzip.compress(BODY[1000:])),
    "deflate": ("deflate", zlib.compress(BODY)),
    "deflate without its header": ("deflate", raw_deflate(BODY)),
}


def in_pieces(body, seed):
    chance = random.Random(seed)  # noqa: S311
    while body:
        size = chance.choice([1, 2, 30, 1000, 100_000])
        yield body[:size]
        body = body[size:]


@pytest.mark.parametrize("name", CODED)
@pytest.mark.parametrize("seed", range(5))
def test_what_was_coded_is_decoded_wherever_it_is_cut(name, seed):
    coding, coded = CODED[name]
    decode = decoder(coding)
    assert b"".join(piece for chunk in in_pieces(coded, seed) for piece in decode(chunk)) == BODY


@needs_zstd
@pytest.mark.parametrize("seed", range(5))
def test_zstd_is_decoded_wherever_it_is_cut(seed):
    coded = zstd.compress(BODY[:1000]) + zstd.compress(BODY[1000:])
    decode = decoder("zstd")
    assert b"".join(piece for chunk in in_pieces(coded, seed) for piece in decode(chunk)) == BODY


@needs_brotli
@pytest.mark.parametrize("seed", range(5))
def test_brotli_is_decoded_wherever_it_is_cut(seed):
    decode = decoder("br")
    assert b"".join(piece for chunk in in_pieces(brotli.compress(BODY), seed) for piece in decode(chunk)) == BODY


@needs_brotli
def test_a_brotli_that_gives_all_at_once_is_not_used(monkeypatch):
    monkeypatch.setattr(brotli, "Decompressor", object)
    assert not is_known("br")


@pytest.mark.parametrize(
    "coding", ["gzip", "deflate", pytest.param("zstd", marks=needs_zstd), pytest.param("br", marks=needs_brotli)]
)
def test_a_little_that_stands_for_much_comes_in_small_pieces(coding):
    much = bytes(50_000_000)
    others = {"zstd": zstd and zstd.compress, "br": brotli and brotli.compress}
    compress = {"gzip": gzip.compress, "deflate": zlib.compress, **others}[coding]
    sizes = [len(piece) for piece in decoder(coding)(compress(much))]
    assert sum(sizes) == len(much)
    assert max(sizes) <= 128 * 1024


def test_each_chunk_gives_what_is_complete():
    """A server that compresses a stream flushes behind each event."""
    whole = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    decode = decoder("gzip")
    for event in (b"data: a\n\n", b"data: b\n\n"):
        assert b"".join(decode(whole.compress(event) + whole.flush(zlib.Z_SYNC_FLUSH))) == event


@pytest.mark.parametrize("coding", ["rot13", "gzip, br", ""])
def test_what_nobody_decodes_is_told_at_once(coding):
    if coding:
        assert not is_known(coding)
        with pytest.raises(UnknownCoding):
            decoder(coding)
    else:
        assert is_known(coding)


def test_bytes_that_are_not_in_their_coding_raise_while_they_are_decoded():
    with pytest.raises(zlib.error):
        list(decoder("gzip")(b"no gzip at all"))
