"""What a proxy is told: where its upstream is, and how it treats what passes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Literal
from urllib.parse import unquote

from yarl import URL

OnClientGone = Literal["drain", "stop", "close"]
"""What becomes of a run whose client left: it is read to its end, it is stopped by the vendor's own request and then
read to its end, or its connection is closed."""

MIB: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Drain:
    """How much is read that no client wants any more."""

    seconds: float = 600.0
    """For one body: as long as the longest of the vendors' own limits that are common."""
    bytes: int = 64 * MIB
    """For one body."""
    count: int = 1_000
    """Bodies at a time."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a proxy works."""

    upstream: URL
    """The origin of the site."""
    dialect: str = "auto"
    on_client_gone: OnClientGone = "drain"
    drain: Drain = field(default_factory=Drain)
    allow_paths: tuple[str, ...] = ()
    """Patterns of the paths that clients may ask for; none allows all."""
    keep_host: bool = False
    """Whether the upstream is told the host that the client asked for, in place of its own."""
    apps: Mapping[str, str] = field(default_factory=dict)
    """Names of apps: by the fingerprint of a key, or by the id in a path."""
    asks_for_names: bool = False
    """Whether the upstream is asked once for the name of each app that has none, with the client's key."""
    connect_seconds: float = 30.0

    def allows(self, path: str) -> bool:
        """Whether clients may ask for a path, decoded once; what a server might decode again must not lead elsewhere."""
        if not self.allow_paths:
            return True
        plain = unquote(path)
        return "/../" not in f"{plain}/" and any(fnmatchcase(plain, pattern) for pattern in self.allow_paths)
