"""Two names of one site: what a browser calls it, and what its server is called.

Whatever a browser or a server says of the site by its own name is told to the other side by the other name, so that
redirects stay behind the proxy and a login works. All else goes on as it is.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from multidict import CIMultiDict
from yarl import URL

_NEEDS_SECURE: Final = ("__Host-", "__Secure-")
"""Names of cookies that a browser takes with `Secure` alone; on loopback it takes them from plain HTTP, too."""


class Origins(NamedTuple):
    """The origin of a site on both sides of the proxy."""

    here: URL
    """Where the client thinks it is."""
    there: URL
    """The upstream."""

    def translate_request(self, headers: CIMultiDict[str]) -> None:
        """Tell the server of its own origin where the client tells of the proxy's."""
        for name in ("Origin", "Referer"):
            _replace(headers, name, self.here, self.there)

    def translate_response(self, headers: CIMultiDict[str]) -> None:
        """Tell the client of the proxy's origin where the server tells of its own."""
        for name in ("Location", "Content-Location", "Access-Control-Allow-Origin"):
            _replace(headers, name, self.there, self.here)
        cookies = headers.popall("Set-Cookie", [])
        for cookie in cookies:
            headers.add("Set-Cookie", self.cookie(cookie))

    def cookie(self, cookie: str) -> str:
        """Return a `Set-Cookie` that a client takes from the proxy: of this host, and not only over TLS if there is none."""
        pair, *attributes = cookie.split(";")
        may_lose_secure = self.here.scheme == "http" and not pair.strip().startswith(_NEEDS_SECURE)
        kept = [pair]
        for attribute in attributes:
            name, _, value = (part.strip().lower() for part in attribute.partition("="))
            if name == "domain" and not _covers(value, self.here.host or ""):
                continue
            if may_lose_secure and name == "secure":
                continue
            if may_lose_secure and (name, value) == ("samesite", "none"):  # means nothing without Secure
                continue
            kept.append(attribute)
        return ";".join(kept)


def origins_of(headers: Mapping[str, str], scheme: str, upstream: URL) -> Origins:
    """Return what the site is called on both sides, as a client that asks so calls it.

    Args:
        headers: the client's; of several proxies that it passed, the first tells the scheme.
        scheme: the one that came here, if none tells.
        upstream: the origin of the server; the client's as well if it names none.
    """
    told = headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower()
    # Not aiohttp's `request.host`: where the client names none, that asks the system what this machine is called.
    return _origins(told if told in ("http", "https") else scheme, headers.get("Host", ""), upstream)


@lru_cache(maxsize=64)
def _origins(scheme: str, host: str, upstream: URL) -> Origins:
    try:
        return Origins(URL(f"{scheme}://{host}").origin(), upstream)
    except ValueError:
        return Origins(upstream, upstream)


def _covers(domain: str, host: str) -> bool:
    domain = domain.removeprefix(".")
    return host == domain or host.endswith(f".{domain}")


def _replace(headers: CIMultiDict[str], name: str, old: URL, new: URL) -> None:
    """Replace the origin of a URL, where it is the one."""
    value = headers.get(name)
    if value is None or "://" not in value:
        return
    start, slash, rest = _parted(value)
    if _origin(start) == _origin(str(old.origin())):
        headers[name] = str(new.origin()) + slash + rest


def _parted(url: str) -> tuple[str, str, str]:
    """Part a URL behind its origin, and touch nothing else of it."""
    scheme, _, rest = url.partition("://")
    end = next((place for place, character in enumerate(rest) if character in "/?#"), len(rest))
    return f"{scheme}://{rest[:end]}", rest[end : end + 1], rest[end + 1 :]


def _origin(text: str) -> str | None:
    """Return an origin as it compares; None for what is none."""
    try:
        return str(URL(text).origin())
    except ValueError:
        return None
