"""Secrets, kept out of a recording: each is replaced, at its own length, by a placeholder that is the same wherever it stood.

A body is masked line by line, since an event is a line: what is found in a line is masked in all of it and in all that
follows, whatever the chunks were. A line of more than 128 KiB is masked in pieces of that size.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec

from streamkit.recording.format import (
    Chunk,
    End,
    Entry,
    Exchange,
    Header,
    Marker,
    Request,
    Response,
    encode_json,
)
from streamkit.recording.secret import LONGEST, find, in_header, is_secret, is_specific, scheme_of
from streamkit.recording.spelling import Place, Spellings, is_placeholder, placeholder
from streamkit.run.payload import Json

LONGEST_SECRET: Final = 3072
"""Characters: so many that all of its spellings are shorter than `LONGEST` bytes."""
_MOST_FOUND: Final = 64
"""So many secrets are remembered that nobody announced, and of"""
_MOST_CHARACTERS: Final = 16 * 1024
"""so many characters in all: what a server sends must not make each line cost more and more."""
_LINE_END: Final = re.compile(rb"[\r\n]")
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"')
"""A string in JSON, with its quotes."""


class _Piece(NamedTuple):
    """Bytes of the body that are masked at once."""

    end: int
    seen: int
    """So far one must look for the ends of secrets that begin in it."""


class Redactor:
    """Masks the secrets of one recording. It knows those that it was told of, and learns others from what it sees."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Prepare to mask.

        Args:
            secrets: values that must not pass, however short or plain they are.

        Raises:
            ValueError: one is longer than 3,072 characters.
        """
        self._known = Spellings()
        self._found = 0
        self._found_characters = 0
        self._held = bytearray()
        """Bytes of the body that are not masked yet."""
        self._searched = 0
        """So many of them hold no line end."""
        for secret in filter(None, secrets):
            if len(secret) > LONGEST_SECRET:
                raise ValueError(f"a secret of more than {LONGEST_SECRET:,} characters")
            self._known.add(secret)

    def learn(self, header: Header, entries: Iterable[Entry]) -> None:
        """Look for the secrets of a whole recording, so that they can be masked also where they stand before."""
        self.header(header)
        for entry in entries:
            match entry:
                case Chunk(_, data):
                    self.feed(data)
                case Marker(_, text):
                    self.text(text)
                case Exchange():
                    self.exchange(entry)
                case End():
                    pass
        self.close()

    # ---- the body

    def feed(self, data: bytes) -> bytes:
        """Mask the next bytes of the body; return those that are done, in all as many as were fed."""
        self._held += data
        return self._release(is_end=False)

    def close(self) -> bytes:
        """End the body; return the rest of it."""
        return self._release(is_end=True)

    def _release(self, *, is_end: bool) -> bytes:
        done = 0
        pieces: list[bytes] = []
        while (piece := self._next_piece(done, is_end=is_end)) is not None:
            pieces.append(self._masked(bytes(self._held[done : piece.seen]), piece.end - done))
            done += len(pieces[-1])
            self._searched = 0
        del self._held[:done]
        self._searched = min(len(self._held), LONGEST)
        return b"".join(pieces)

    def _next_piece(self, start: int, *, is_end: bool) -> "_Piece | None":
        """Return where the piece ends that is masked next; None as long as that is not known."""
        held = self._held
        line_end = _LINE_END.search(held, start + self._searched, start + LONGEST)
        if line_end is not None:
            return _Piece(line_end.end(), line_end.end())
        size = len(held) - start
        if size >= 2 * LONGEST or (is_end and size > LONGEST):
            return _Piece(start + LONGEST, start + 2 * LONGEST)
        return _Piece(len(held), len(held)) if is_end and size else None

    # ---- what is told beside the body

    def header(self, header: Header) -> Header:
        """Return a header without its secrets; they are known from now on."""
        self._header(header)  # what one part of it gives away may stand in another
        return self._header(header)

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return an exchange without its secrets; they are known from now on."""
        self._exchange(exchange)
        return self._exchange(exchange)

    def text(self, text: str) -> str:
        """Return a text without its secrets; they are known from now on."""
        lines = text.encode("utf-8", "replace").splitlines(keepends=True)  # of bytes: other separators are no line ends
        return b"".join(map(self._masked, lines)).decode()

    def _header(self, header: Header) -> Header:
        return msgspec.structs.replace(
            header,
            source=msgspec.structs.replace(header.source, url=self._url(header.source.url)),
            request=self._request(header.request),
            response=self._response(header.response),
            extra=self._json(header.extra, {}),
        )

    def _exchange(self, exchange: Exchange) -> Exchange:
        return Exchange(self._request(exchange.request), self._response(exchange.response), exchange.at)

    def _request(self, request: Request) -> Request:
        return msgspec.structs.replace(
            request, headers=self._headers(request.headers), body=self._json(request.body), url=self._url(request.url)
        )

    def _response(self, response: Response) -> Response:
        return msgspec.structs.replace(
            response, headers=self._headers(response.headers), body=self._json(response.body)
        )

    def _url(self, url: str | None) -> str | None:
        return None if url is None else self.text(url)

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        return {
            name: self._secret(name, value) if is_secret(name) else self.text(value) for name, value in headers.items()
        }

    def _secret(self, name: str, value: str) -> str:
        """Mask the value of a header that is secret as a whole, but for its scheme."""
        for secret in in_header(name, value):
            self._remember(secret)
        scheme = scheme_of(value)
        rest = value.removeprefix(scheme)
        return value if is_placeholder(rest) else scheme + placeholder(rest, len(rest))

    def _json(self, value: Json, otherwise: Json = None) -> Json:
        """Mask what stands in the strings of a JSON value: a number that looks like a secret is none."""
        if value is None:
            return None
        data = encode_json(value)
        strings = [found.span() for found in _STRING.finditer(data)]
        places = [place for place in self._places(data, len(data)) if _is_inside(place, strings)]
        try:
            return msgspec.json.decode(_with_placeholders(data, places))
        except msgspec.DecodeError:  # a secret that begins within an escape: rather nothing than half of it
            return otherwise

    # ---- masking

    def _masked(self, data: bytes, limit: int | None = None) -> bytes:
        """Mask a line, or the part of one.

        Args:
            data: with all of each secret that begins before the limit.
            limit: so many bytes are to be masked; by default all.

        Returns:
            So many bytes, or as many more as the secrets have that begin in them.
        """
        end = len(data) if limit is None else limit
        if data.isspace():
            return data[:end]
        places = self._places(data, end)
        return _with_placeholders(data, places)[: max([end, *(place.end for place in places)])]

    def _places(self, data: bytes, end: int) -> list[Place]:
        """Return where secrets begin before the end, known ones and new ones, in order; they may overlap."""
        found = [place for place in find(data) if place.start < end and not is_placeholder(place.secret)]
        for place in found:
            self._remember(place.secret)
        found += (place for place in self._known.places(data) if place.start < end)
        return sorted(found, key=lambda place: (place.start, -place.end))

    def _remember(self, secret: str) -> None:
        """Know a secret that was found, unless it is a common word, or there are too many."""
        if secret in self._known or is_placeholder(secret) or not is_specific(secret) or len(secret) > LONGEST_SECRET:
            return
        if self._found < _MOST_FOUND and self._found_characters + len(secret) <= _MOST_CHARACTERS:
            self._found += 1
            self._found_characters += len(secret)
            self._known.add(secret)


def _with_placeholders(data: bytes, places: Iterable[Place]) -> bytes:
    """Return bytes with placeholders at some places, which are in order and may overlap."""
    masked, done = bytearray(data), 0
    for place in places:
        if place.end > done:
            start = max(place.start, done)
            masked[start : place.end] = placeholder(place.secret, place.end - start).encode()
            done = place.end
    return bytes(masked)


def _is_inside(place: Place, strings: Sequence[tuple[int, int]]) -> bool:
    """Whether a place is within one of some JSON strings, which are in order and begin and end with their quotes."""
    index = bisect_right(strings, place.start, key=itemgetter(0)) - 1
    return index >= 0 and strings[index][0] < place.start and place.end < strings[index][1]


def redactor_for(redact: "bool | Redactor | None", secrets: Iterable[str]) -> Redactor | None:
    """Return what masks a recording, as those who write one are asked: a new redactor, one of theirs, or none.

    Raises:
        ValueError: there are secrets that nobody would mask.
    """
    if redact is True:
        return Redactor(secrets)
    if tuple(secrets):
        raise ValueError("secrets go with redact=True; a redactor of yours is told them when it is made")
    return redact or None
