"""Content codings: a compressed body is passed on as it is, and a copy of it is decoded to be looked at.

What is decoded comes in pieces of bounded size, whatever a few compressed bytes may stand for.
"""

import importlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import ModuleType
from typing import Any, Final, Protocol

Decode = Callable[[bytes], Iterable[bytes]]
"""Takes the next bytes of a body, and gives what they stand for, in pieces."""

_PIECE: Final = 64 * 1024
"""Bytes that are decoded at a time."""
_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32
_RAW: Final = -zlib.MAX_WBITS
_IS_BOUNDED: Final = "can_accept_more_data"
"""What brotli can do from 1.2 on; before, a few bytes come out as all that they stand for, at once."""
_ZLIB_METHOD: Final = 8
"""The low half of a zlib stream's first byte: some servers leave its header out and call that deflate, too."""


class UnknownCoding(Exception):
    """Nothing that is installed decodes this."""


def decoder(coding: str | None) -> Decode:
    """Return what decodes a body.

    Args:
        coding: the value of its `Content-Encoding`, if it has one.

    Raises:
        UnknownCoding: nothing that is installed decodes it.
    """
    name = (coding or "identity").strip().lower()
    if name == "identity":
        return lambda chunk: (chunk,)
    if name in ("gzip", "x-gzip"):
        return _Members(lambda _: zlib.decompressobj(_GZIP_OR_ZLIB))
    if name == "deflate":
        return _Members(_deflate)
    if name == "zstd" and (zstd := _module("compression.zstd", "backports.zstd")) is not None:
        return _Members(lambda _: zstd.ZstdDecompressor())
    if name == "br" and (brotli := _module("brotli", "brotlicffi")) is not None:
        whole = brotli.Decompressor()
        if hasattr(whole, _IS_BOUNDED):
            return partial(_brotli, whole)
    raise UnknownCoding(name)


def is_known(coding: str) -> bool:
    """Whether a body in this coding can be decoded."""
    try:
        decoder(coding)
    except UnknownCoding:
        return False
    return True


class _Member(Protocol):
    """One of the compressed streams that a body is made of, as `zlib` and `zstd` have it."""

    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Members:
    """Decodes a body of one or more members that stand behind each other."""

    def __init__(self, begin: Callable[[bytes], Any]) -> None:  # Any: a `_Member`, of a library without types
        self._begin = begin
        self._member: _Member | None = None

    def __call__(self, chunk: bytes) -> Iterator[bytes]:
        while chunk or not self._is_drained():
            if self._member is None:
                self._member = self._begin(chunk)
            piece = self._member.decompress(chunk, _PIECE)
            chunk = getattr(self._member, "unconsumed_tail", b"")  # zlib leaves it to us, zstd keeps it
            if self._member.eof:
                chunk, self._member = self._member.unused_data, None
            if piece:
                yield piece
            elif not chunk:
                return

    def _is_drained(self) -> bool:
        """Whether nothing more comes of what was given; only zstd says that it kept something."""
        return self._member is None or getattr(self._member, "needs_input", True)


def _brotli(whole: Any, chunk: bytes) -> Iterator[bytes]:  # noqa: ANN401 - of a library without types
    piece = whole.process(chunk, output_buffer_limit=_PIECE)
    while piece or not whole.can_accept_more_data():
        yield piece
        piece = whole.process(b"", output_buffer_limit=_PIECE)


def _deflate(chunk: bytes) -> Any:  # noqa: ANN401 - zlib's own, which has no name
    return zlib.decompressobj(_GZIP_OR_ZLIB if chunk[0] & 0x0F == _ZLIB_METHOD else _RAW)


def _module(*names: str) -> ModuleType | None:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            pass
    return None
