"""Secrets, spelt in every way that a stream may spell them; and a search for them that knows nothing of redaction."""

import base64
import json
import re
from urllib.parse import quote, unquote_to_bytes

KEY = "app-Zm9vYmFyYmF6cXV4cXV1eA"
CREDENTIALS = [
    KEY,
    "ragflow-I0YjY5NmY4Yz/A4+MTFlZ_k5=",
    "n0t/a+w0rd",
    'Tr0ub4dor &3 "quoted" back\\slash',
    "pässwörd-日本🔑-1",
]


def escaped(text):
    """Every character as a JSON escape."""
    units = text.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02X}" for at in range(0, len(units), 2))


def in_json(text, times=1):
    """What stands between the quotes of a JSON string that stands in other JSON strings."""
    for _ in range(times):
        text = json.dumps(text)[1:-1]
    return text


def everything(text):
    """Every byte as percent-encoding."""
    return "".join(f"%{byte:02x}" for byte in text.encode())


def in_base64(text, before, alphabet=None):
    return base64.b64encode(before + text.encode() + b" and what follows", alphabet).decode()


SPELLINGS = {
    "raw": in_json,
    "utf-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "slashes": lambda text: in_json(text).replace("/", "\\/"),
    "all escaped": escaped,
    "json in json": lambda text: in_json(text, 2),
    "json in json in json": lambda text: in_json(text, 3),
    "escaped in json": lambda text: in_json(escaped(text)),
    "percent": lambda text: quote(text),
    "percent, slashes too": lambda text: quote(text, safe=""),
    "percent, small": lambda text: quote(text, safe="").replace("%2F", "%2f"),
    "percent, all of it": everything,
    "percent, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "form": lambda text: quote(text, safe="").replace("%20", "+"),
    "base64": lambda text: in_base64(text, b""),
    "base64, shifted by one": lambda text: in_base64(text, b"u"),
    "base64, shifted by two": lambda text: in_base64(text, b"u:"),
    "base64 for urls": lambda text: in_base64(text, b"", b"-_"),
    "base64 for urls, shifted by one": lambda text: in_base64(text, b"x\xff", b"-_"),
    "base64 for urls, shifted by two": lambda text: in_base64(text, b"\xff", b"-_"),
    "base64 in json": lambda text: in_base64(text, b"").replace("/", "\\/"),
    "base64 in a url": lambda text: quote(in_base64(text, b"u"), safe=""),
}
"""How a secret may be written between the quotes of a JSON string."""


def leaks(data, secret):
    """Whether somebody who decodes some bytes in every way finds a secret in them."""
    readings = {data}
    for _ in range(4):
        readings |= {decode(reading) for reading in readings for decode in (unescaped, unquote_to_bytes, without_plus)}
    wanted = secret.encode()
    return any(wanted in reading or any(wanted in text for text in decoded(reading)) for reading in readings)


def unescaped(data):
    """One level of JSON's escapes less."""
    return re.sub(rb"(?:\\u[0-9a-fA-F]{4})+|\\(.)", lambda found: found[1] or characters(found[0]), data)


def characters(escapes):
    units = re.findall(rb"u([0-9a-fA-F]{4})", escapes)
    return bytes.fromhex(b"".join(units).decode()).decode("utf-16-be", "replace").encode()


def without_plus(data):
    return data.replace(b"+", b" ")


def decoded(data):
    """Every reading of what may be base64."""
    for run in re.findall(rb"[A-Za-z0-9+/_-]{8,}", data):
        for start in range(4):
            whole = run[start : start + (len(run) - start) // 4 * 4]
            yield base64.b64decode(whole.translate(bytes.maketrans(b"-_", b"+/")))
