"""Where a server is: the base of its addresses, paths on it, and the proxy before it."""

from collections.abc import Mapping
from ipaddress import ip_address
from string import Formatter
from urllib.parse import quote, urlsplit
from urllib.request import getproxies, proxy_bypass

from yarl import URL

_UNSAFE = ("", ".", "..")
"""What a part of a path must not be: it would lead to another path."""


def base_of(text: str, default_path: str = "", removed: str = "") -> str:
    """Return the base of a server's addresses, as it is put before paths.

    Args:
        text: what a user gave: with or without a slash at the end.
        default_path: is added where the user gave a host alone.
        removed: is taken off the end, since the paths have it.

    Raises:
        ValueError: it is no address; the message does not repeat what may stand before the host.
    """
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the base URL is no http or https address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the base URL has more than a host and a path: a name, a password, a query or a fragment")
    path = parts.path.rstrip("/").removesuffix(removed)
    return f"{parts.scheme}://{parts.netloc}{path or default_path}"


def url_of(base: str, path: str, query: Mapping[str, str] | None = None) -> URL:
    """Return the address of a path, whose parts are encoded already."""
    url = URL(base + path, encoded=True)
    return url.with_query(query) if query else url


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return a path with values in the place of its names.

    Args:
        template: like `/messages/{message_id}/suggested`.
        values: for each name.

    Raises:
        ValueError: a value cannot be a part of a path, or one is missing.
    """
    missing = [name for _, name, _, _ in Formatter().parse(template) if name and name not in values]
    if missing:
        raise ValueError(f"{' and '.join(missing)} must be given: the path of this API has it")
    for name, value in values.items():
        if value in _UNSAFE:
            raise ValueError(f"{name} cannot be {value!r}")
    return template.format_map({name: quote(value, safe="") for name, value in values.items()})


def proxy_of(base: str) -> str | None:
    """Return the proxy that the environment names for a server (`HTTPS_PROXY`, `NO_PROXY`); never one for this machine.

    aiohttp can do that itself, but then takes keys from `.netrc`, too, and in some versions in the place of ours.
    """
    parts = urlsplit(base)
    host = parts.hostname or ""
    if host == "localhost" or _is_loopback(host) or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
