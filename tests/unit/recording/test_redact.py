"""Secrets that were planted everywhere, and are found nowhere, however the body is cut."""

import json
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamkit.recording import Chunk, Exchange, Header, Recorder, Recording, Redactor, Request, Response, Source
from streamkit.recording import redact as module
from streamkit.recording.secret import LONGEST
from streamkit.recording.spelling import placeholder
from tests.unit.recording.planted import CREDENTIALS, KEY, SPELLINGS, in_json, leaks

TOKEN = "urs23CZGRvbLOu5kHsetNq"  # noqa: S105 - as a server makes them
PIECES = [
    f"data: {in_json(KEY)}\n\n",
    "data: " + json.dumps({"form_token": TOKEN}) + "\n\n",
    "data: " + json.dumps({"text": json.dumps({"api_key": "one two\n3"})}) + "\r\n",
    "data: https://h/files/f?timestamp=1&nonce=0a1b2c3d4e&sign=Ab%2Fcd_12345=\n\n",
    f"{TOKEN}\r",
    "REDACTED",
    "\\",
    '"',
    "%2",
    "\n",
    "app-",
    '"password":"',
    *(spelt(KEY) for spelt in SPELLINGS.values()),
]


def cut(data, places):
    """Cut bytes at some places."""
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends)]


def masked(chunks, *secrets):
    redactor = Redactor(secrets)
    return b"".join([*map(redactor.feed, chunks), redactor.close()])


# ---- the law


@given(
    st.lists(st.sampled_from(PIECES), max_size=12), st.lists(st.integers(0, 10**6), max_size=20), st.integers(20, 300)
)
@example(PIECES, list(range(10_000)), 10**6)
def test_any_split_gives_the_same_bytes(pieces, places, longest):
    data = "".join(pieces).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LONGEST", longest)  # so that lines are longer than that, too
        whole = masked([data], KEY)
        assert masked(cut(data, places), KEY) == whole
    assert len(whole) == len(data)


@given(st.lists(st.binary(max_size=50) | st.sampled_from(PIECES).map(str.encode), max_size=10))
def test_bytes_stay_as_many_as_they_are_whatever_they_are(chunks):
    redactor = Redactor([KEY])
    fed = done = 0
    for chunk in chunks:
        fed += len(chunk)
        done += len(redactor.feed(chunk))
        assert done <= fed
    assert done + len(redactor.close()) == fed


def test_only_a_line_that_has_not_ended_is_held_back():
    redactor = Redactor()
    assert redactor.feed(b"data: one\n\ndata: tw") == b"data: one\n\n"
    assert redactor.feed(b"o") == b""
    assert redactor.feed(b"\r") == b"data: two\r"
    assert redactor.close() == b""


def test_of_a_line_without_an_end_little_is_held():
    redactor, done = Redactor(), 0
    for number in range(40):
        done += len(redactor.feed(b"a" * 10_000))
        assert (number + 1) * 10_000 - done <= 2 * LONGEST


@pytest.mark.parametrize("before", [LONGEST - 200, LONGEST - 10, LONGEST, 2 * LONGEST - 5])
def test_a_secret_on_the_border_of_two_pieces_of_a_long_line_is_masked(before):
    data = b"a" * before + SPELLINGS["all escaped"](KEY).encode() + b"b" * 200_000
    assert not leaks(masked([data], KEY)[before - 10 : before + 200], KEY)


# ---- what is masked


@pytest.mark.parametrize("spelt", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("secret", CREDENTIALS)
def test_a_planted_secret_is_in_no_recording(tmp_path, secret, spelt):
    text = f'{{"answer":"before {spelt(secret)} behind"}}'
    path = tmp_path / "x.skrec"
    header = Header(
        Source("dify", "POST", f"https://host/v1/chat-messages?key={quote(secret, safe='')}"),
        Request({"Referer": f"https://host/?q={quote(secret)}"}, {"query": secret, "inputs": {"text": [text]}}),
        Response(200, {"X-Echo": spelt(secret)}),
        extra={"note": secret},
    )
    with Recorder(path, header, secrets=[secret]) as recorder:
        for byte in f"data: {text}\n\n".encode():
            recorder.write(bytes([byte]), at=1.5)
        recorder.exchange(Request({}, text, "GET", f"/v1/{quote(secret)}"), Response(200, {}, json.loads(text)), at=2.0)
        recorder.mark(f"here is {secret}", at=3.0)
        recorder.close("error", f"cannot connect with {secret}", at=4.0)
    assert not leaks(path.read_bytes(), secret)
    loaded = Recording.load(path)
    assert not leaks(loaded.body, secret)
    assert [chunk[0] for chunk in loaded.chunks] == [1.5] * len(f"data: {text}\n\n".encode())
    assert loaded.body.startswith(b'data: {"answer":"before ')
    assert loaded.body.endswith(b' behind"}\n\n')
    assert json.loads(loaded.body.removeprefix(b"data: "))


@pytest.mark.parametrize("name", ["Authorization", "x-api-key", "Cookie"])
def test_what_a_header_says_is_masked_in_all_that_follows(name):
    redactor = Redactor()
    value = {"Authorization": f"Bearer {TOKEN}", "x-api-key": TOKEN, "Cookie": f"a=b; sid={TOKEN}"}[name]
    header = redactor.header(
        Header(request=Request({name: value}, {"say": TOKEN}), response=Response(200, {"X": TOKEN}))
    )
    instead = placeholder(TOKEN, len(TOKEN))
    assert TOKEN not in repr(header)
    assert header.request.body == {"say": instead}
    assert header.response.headers == {"X": instead}
    assert redactor.feed(f"data: {TOKEN}\n".encode()) == f"data: {instead}\n".encode()
    assert redactor.text(f"{TOKEN}\nand {TOKEN}") == f"{instead}\nand {instead}"


def test_headers_keep_their_scheme_and_their_length():
    header = Header(
        request=Request({"authorization": f"Bearer {KEY}", "accept": "*/*"}),
        response=Response(200, {"Set-Cookie": "a=b"}),
    )
    masked_header = Redactor().header(header)
    assert masked_header.request.headers == {"authorization": f"Bearer {placeholder(KEY, len(KEY))}", "accept": "*/*"}
    assert masked_header.response.headers == {"Set-Cookie": "RED"}


def test_what_is_found_in_a_line_is_masked_in_all_of_it_and_in_all_that_follow():
    lines = [
        f'data: {{"answer":"{TOKEN} comes first"}}\n',
        f'data: {{"url":"https://host/{TOKEN}","form_token":"{TOKEN}"}}\n',
        f'data: {{"answer":"{SPELLINGS["base64"](TOKEN)}"}}\n',
    ]
    first, second, third = map(masked_line := Redactor().feed, map(str.encode, lines))
    assert first.decode() == lines[0]  # nobody could know
    assert masked_line(b"") == b""
    assert second.count(placeholder(TOKEN, len(TOKEN)).encode()) == 2
    assert not leaks(third, TOKEN)


def test_what_is_saved_is_masked_also_before_it_was_found(tmp_path):
    recording = Recording(
        [Chunk(0.5, f"data: {TOKEN}\n\n".encode()), Chunk(1.0, f'data: {{"form_token":"{TOKEN}"}}\n\n'.encode())],
        Header(Source(url=f"https://host/form/{TOKEN}"), extra={"note": TOKEN}),
        [Exchange(Request({}, None, "GET", f"/v1/{TOKEN}"), Response(200, {}, {"access_token": "zyx-987654"}), 0.75)],
    )
    recording.chunks.append(Chunk(1.5, b"data: zyx-987654\n\n"))
    recording.save(tmp_path / "x.skrec")
    data = (tmp_path / "x.skrec").read_bytes()
    assert not leaks(data, TOKEN)
    assert not leaks(data, "zyx-987654")
    assert [len(chunk.data) for chunk in Recording.load(tmp_path / "x.skrec").chunks] == [30, 47, 18]


def test_what_one_part_of_a_header_gives_away_is_masked_in_all_of_it():
    header = Header(
        Source(url=f"https://host/{TOKEN}"), Request({"x": TOKEN}, {"api_key": TOKEN}), extra={"tool": [TOKEN]}
    )
    assert TOKEN not in repr(Redactor().header(header))
    exchange = Exchange(Request({}, None, "GET", f"/v1/{TOKEN}"), Response(200, {"x": TOKEN}, {"access_token": TOKEN}))
    assert TOKEN not in repr(Redactor().exchange(exchange))


@pytest.mark.parametrize("secret", ["1", "skrec", "headers", '","', "null", "0041bcde", "u0041bc"])
def test_whatever_is_told_a_header_stays_one(secret):
    header = Header(
        Source("dify", "POST", "/v1"),
        Request({"a": "1"}, {"n": 1, "s": ["x", None, '","']}),
        Response(200),
        "2026",
        extra={"e": "x"},
    )
    masked_header = Redactor([secret]).header(header)
    assert (masked_header.source.kind, masked_header.response.status, masked_header.created) == ("dify", 200, "2026")
    assert masked_header.request.body["n"] == 1
    assert secret not in str(list(masked_header.request.headers.values()))


def test_half_an_escape_is_no_reason_to_keep_a_secret():
    header = Header(request=Request(body="\x01bcd"), extra={"a": "\x01bcd"})  # in JSON \u0001bcd
    masked_header = Redactor(["0001bcd"]).header(header)
    assert (masked_header.request.body, masked_header.extra) == (None, {})


def test_what_was_masked_before_stays_as_it_is():
    header = Header(request=Request({"authorization": f"Bearer {KEY}", "cookie": "a=12345678"}, {"password": "s3cr3t"}))
    data = "".join(PIECES[:5]).encode()
    redactor, again = Redactor(), Redactor()
    once = redactor.header(header)
    assert again.header(once) == once
    masked_once = redactor.feed(data) + redactor.close()
    assert again.feed(masked_once) + again.close() == masked_once


def test_a_common_word_under_a_telling_name_is_masked_there_alone():
    line = b'data: {"event":"workflow_started","secret":"workflow_started"}\n'
    assert (
        Redactor().feed(line)
        == b'data: {"event":"workflow_started","secret":"%s"}\n' % placeholder("workflow_started", 16).encode()
    )


def test_a_secret_that_was_told_is_masked_however_short():
    assert masked([b"an abc\n"], "abc") == b"an RED\n"


def test_a_secret_that_is_a_book_is_refused():
    with pytest.raises(ValueError, match="3,072"):
        Redactor(["x" * 3073])


def test_a_server_cannot_make_every_line_cost_more():
    redactor = Redactor()
    for number in range(500):
        line = redactor.feed(b'data: {"form_token":"token-number-%04d"}\n' % number)
        assert b"token-number" not in line  # masked in its place, however many there were
    known = [number for number in range(500) if b"REDACTED" in redactor.feed(b"data: token-number-%04d.\n" % number)]
    assert known == list(range(64))


def test_a_text_may_hold_separators_that_are_no_line_ends():
    secret = "a\u2028b\x85c"  # noqa: S105
    assert Redactor([secret]).text(f"x {secret}\ry") == f"x {placeholder(secret, 8)}\ry"
