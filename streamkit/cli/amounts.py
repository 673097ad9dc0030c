"""Durations, sizes, addresses and origins on a command line: callbacks for click's options."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

Callback = Callable[[click.Context, click.Parameter, Any], Any]
"""What click calls with the text of an option. Any: the text, or None; and whatever it means."""

_Value = TypeVar("_Value")
_PORTS: Final = 65535


def duration(_: click.Context, __: click.Parameter, text: str) -> float:
    """Read seconds, written like 500ms, 30s, 5m, 7d."""
    from streamkit.gateway.amounts import seconds

    return _read(seconds, text)


def size(_: click.Context, __: click.Parameter, text: str) -> int:
    """Read bytes, written like 64MB."""
    from streamkit.gateway.amounts import size

    return _read(size, text)


def address(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, int] | None:
    """Read a host and a port; without a host it is on this machine."""
    return None if text is None else _read(_host_and_port, text)


def origin(_: click.Context, __: click.Parameter, text: str) -> Any:  # noqa: ANN401 - a yarl.URL, loaded when needed
    """Read where a site is; it has no path."""
    return _read(_origin, text)


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > _PORTS:
        raise ValueError(f"{text[:80]!r} is no HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def _origin(text: str) -> Any:  # noqa: ANN401 - see `origin`
    from yarl import URL

    try:
        url = URL(text)
        found = url.origin()
    except ValueError:
        raise ValueError("is no URL like https://dify.example") from None
    if url.scheme not in ("http", "https") or url.user is not None:
        raise ValueError("begins with http:// or https://, and holds neither name nor password")
    if url.raw_path not in ("", "/") or url.query_string or url.fragment:
        raise ValueError(f"name the origin alone, {found}: the whole site stands behind the proxy")
    return found


def _read(read: Callable[[str], _Value], text: str) -> _Value:
    try:
        return read(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
