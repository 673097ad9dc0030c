"""A line that runs curl, read: vendors' pages tell every operation by one, and shells keep them.

Options that say nothing of the request are passed over. Pages leave places open: the key and the address are filled in from
the environment, any other is named. A comma too many, which some pages have, is taken out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from streamkit.cli.asking.inputs import BadInput
from streamkit.clients import dify, lighton
from streamkit.clients.client import from_environment
from streamkit.clients.upload import Upload
from streamkit.run.payload import Json

_DATA: Final = ("-d", "--data", "--data-raw", "--data-ascii", "--data-binary", "--json")
_WITH_VALUE: Final = (
    *("-X", "--request", "-H", "--header", "-F", "--form", "--url", *_DATA),
    *("-o", "--output", "-A", "--user-agent", "-m", "--max-time", "--connect-timeout", "-w", "--write-out", "--retry"),
)
"""Options that have a value; those of the second line say nothing of the request."""
_WITHOUT: Final = (
    *("-N", "--no-buffer", "-s", "--silent", "-S", "--show-error", "-i", "--include", "-L", "--location", "-v"),
    *("--verbose", "--compressed", "-f", "--fail", "-#", "--progress-bar", "--http1.1"),
)
_OPEN: Final = re.compile(r"<[^<>]+>|\{[^{}]+\}|%7B[^%]+%7D")
_COMMA_TOO_MANY: Final = re.compile(r",(\s*[}\]])")


class Variables(NamedTuple):
    """Where the environment has the key and the server of a vendor."""

    key: str
    bases: tuple[str, ...]
    cloud: str = ""
    """The vendor's own server, if it has one."""

    @property
    def origin(self) -> str:
        """The server that the key is for; empty if there is none."""
        return origin_of(from_environment(*self.bases) or self.cloud)


_PARADIGM: Final = Variables("PARADIGM_API_KEY", ("PARADIGM_BASE_URL",), lighton.CLOUD)
_VARIABLES: Final[Mapping[str | None, Variables]] = {
    "dify": Variables("DIFY_API_KEY", ("DIFY_BASE_URL", "DIFY_SERVER"), dify.client.CLOUD),
    "ragflow": Variables("RAGFLOW_API_KEY", ("RAGFLOW_BASE_URL",)),
    "paradigm": _PARADIGM,
}


class CurlLine(NamedTuple):
    """The request that a line is about."""

    method: str
    origin: str
    """Scheme, host and port."""
    path: str
    query: str
    headers: dict[str, str]
    key: str | None
    """The token of the header `Authorization: Bearer …`, which is not among the headers."""
    body: Json = None
    fields: tuple[tuple[str, str], ...] = ()
    uploads: tuple[tuple[str, Upload], ...] = ()

    @property
    def vendor(self) -> str | None:
        """Whose API the path is of; None if that does not show."""
        return vendor_of(self.path)


def vendor_of(path: str) -> str | None:
    """Return whose API a path is of: dify, ragflow, paradigm; None if that does not show."""
    if path.startswith(("/api/v2/", "/api/v3/")):
        return "paradigm"
    if "/api/v1/" in path:
        return "ragflow"
    return "dify" if "/v1/" in path and not path.endswith("/chat/completions") else None


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address; of no address, nothing."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def variables_of(path: str) -> Variables:
    """Return where the environment has the key and the server for a path."""
    return _VARIABLES.get(vendor_of(path), _PARADIGM)


def read(words: Sequence[str]) -> CurlLine:
    """Read a line.

    Args:
        words: what stands behind `curl`, as a shell parts it.

    Raises:
        BadInput: it has no address, or something that is not understood.
    """
    told = list(_options([word for word in words if word.strip()]))
    urls = [value for name, value in told if name in ("", "--url")]
    if len(urls) != 1:
        raise BadInput(f"a line of curl with one address is needed, and this has {len(urls) or 'none'}")
    parts = urlsplit(_addressed(urls[0].strip()))
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadInput("the address of the line is no http or https address")
    headers = dict(_header(value) for name, value in told if name in ("-H", "--header"))
    data = [_data(name, value) for name, value in told if name in _DATA]
    form = [_field(value) for name, value in told if name in ("-F", "--form")]
    method = next((value for name, value in told if name in ("-X", "--request")), "POST" if data or form else "GET")
    line = CurlLine(
        method=method.upper(),
        origin=origin_of(parts.geturl()),
        path=parts.path,
        query=parts.query,
        headers={name: value for name, value in headers.items() if name not in ("authorization", "content-type")},
        key=_key(headers.get("authorization"), parts.path),
        body=_json("&".join(data)) if data else None,
        fields=tuple((name, text) for name, text in form if isinstance(text, str)),
        uploads=tuple((name, file) for name, file in form if isinstance(file, Upload)),
    )
    if left := _OPEN.findall(f"{line.path}?{line.query}"):
        raise BadInput(f"the line leaves {' and '.join(left)} open: fill it in")
    return line


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield options with their values; an address stands under no name."""
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in _WITH_VALUE:
            yield name, value if equals else _next(rest, name)
        elif name in _WITHOUT or name == "curl":
            continue
        elif name == "--raw":  # on RAGFlow's page it stands for --data
            yield "--data", _next(rest, name)
        elif word.startswith("-") and not word.startswith("--") and len(word) > 2:  # -XPOST, -sN
            yield from _together(word, rest)
        elif word.startswith("-"):
            raise BadInput(f"curl's {name} is not known here")
        else:
            yield "", word


def _together(word: str, rest: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Yield options of one letter that stand in one word."""
    for place in range(1, len(word)):
        name = f"-{word[place]}"
        if name in _WITH_VALUE:
            yield name, word[place + 1 :] or _next(rest, name)
            return
        if name not in _WITHOUT:
            raise BadInput(f"curl's {name} is not known here")


def _next(rest: Iterator[str], name: str) -> str:
    value = next(rest, None)
    if value is None:
        raise BadInput(f"{name} has no value")
    return value


def _header(text: str) -> tuple[str, str]:
    name, _, value = text.strip().strip("'\"").partition(":")
    return name.strip().lower(), value.strip()


def _data(name: str, value: str) -> str:
    if not value.startswith("@") or name == "--data-raw":
        return value
    try:
        return Path(value[1:]).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BadInput(f"{value[1:]}: {getattr(error, 'strerror', None) or 'is not text'}".lower()) from None


def _field(text: str) -> tuple[str, str | Upload]:
    name, _, value = text.partition("=")
    if not value.startswith("@"):
        return name, value
    path, _, kind = value[1:].partition(";type=")
    path = path.strip('"')  # as curl has names with a comma or a semicolon
    upload = Upload.of(path)
    if not Path(path).is_file():
        raise BadInput(f"{path}: no such file")
    return name, upload._replace(content_type=kind) if kind else upload


def _json(text: str) -> Json:
    for candidate in (text, _COMMA_TOO_MANY.sub(r"\1", text)):
        try:
            return msgspec.json.decode(candidate)
        except msgspec.MsgspecError:
            continue
    raise BadInput("the data of the line is no JSON")


def _key(authorization: str | None, path: str) -> str | None:
    """Return the token of a line; one that a page leaves open is in the environment."""
    scheme, _, token = (authorization or "").partition(" ")
    if authorization is None:
        return None
    if scheme.lower() != "bearer":
        token = authorization
    if not _OPEN.search(token):
        return token.strip()
    variable = variables_of(path).key
    key = from_environment(variable)
    if key is None:
        raise BadInput(f"the line leaves the key open: set {variable}")
    return key


def _addressed(url: str) -> str:
    """Return an address; one that a page leaves open is in the environment."""
    _, separator, rest = url.partition("://")
    host, _, path = rest.partition("/")
    if not separator or not _OPEN.search(host):
        return url
    variables = variables_of(f"/{path}")
    if not variables.origin:
        raise BadInput(f"the line leaves the address {host} open: set {variables.bases[0]}")
    return f"{variables.origin}/{path}"
