"""What a user settles for good: the file `viewer.toml`, read and checked.

A mistake in it is told in one line that names the file and the key; the viewer does not begin, lest a key does
something else than the user thinks.
"""

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from textual.keys import REPLACED_KEYS, Keys, key_to_character
from textual.theme import BUILTIN_THEMES

from streamkit.cli.configuration import configuration
from viewer.keymap import COMMANDS, long_names

_FILE: Final = "viewer.toml"
_IDS: Final = frozenset(command.id for command in COMMANDS)
_NAMED: Final = frozenset(key.value for key in Keys)
_MODIFIERS: Final = frozenset({"ctrl", "alt", "shift", "super", "hyper", "meta"})


class BadSettings(Exception):
    """A file of settings that cannot be used. The message names the file, the key and what is wrong."""


class Settings(Struct, frozen=True):
    """What the file says; the defaults are those of the viewer."""

    keys: Mapping[str, str] = {}
    """Keys by the id of their command; several are parted by commas."""
    theme: str | None = None
    """One of Textual's themes."""
    ascii: bool = False
    """Whether to draw with ASCII alone."""
    speed: Annotated[float, Meta(ge=0.125, le=8192)] = 1.0
    """How fast the past is played."""
    export_dir: str = "."
    """Where exports and pictures are written to."""

    @property
    def folder(self) -> Path:
        """Where exports and pictures are written to, as a path."""
        return Path(self.export_dir).expanduser()


def load(path: Path | None = None) -> Settings:
    """Return what a file says.

    Args:
        path: the file; by default the user's own, which need not be there.

    Raises:
        BadSettings: it cannot be read, or something in it is not understood.
    """
    file = path or configuration(_FILE)
    if file is None:
        return Settings()
    try:
        return _checked(tomllib.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        if path is None:
            return Settings()
        raise BadSettings(f"{file}: no such file") from None
    except OSError as error:
        raise BadSettings(f"{file}: {(error.strerror or str(error)).lower()}") from None
    except ValueError as error:  # tomllib, UTF-8, and what is said here
        raise BadSettings(f"{file}: {error}") from None


def _checked(told: dict[str, Any]) -> Settings:
    """Return settings, or raise a ValueError that says which of them is wrong."""
    for name in told:
        if name not in Settings.__struct_fields__:
            raise ValueError(f"{name}: there is no such setting{_meant(name, Settings.__struct_fields__)}")
    try:
        settings = msgspec.convert(told, Settings)
    except msgspec.ValidationError as error:
        what, _, where = str(error).replace("`", "").partition(" - at $.")
        raise ValueError(f"{where.replace('[...]', '')}: {what[0].lower()}{what[1:]}") from None
    if settings.theme is not None and settings.theme not in BUILTIN_THEMES:
        raise ValueError(f"theme: there is no theme {settings.theme!r}{_meant(settings.theme, BUILTIN_THEMES)}")
    if not settings.folder.is_dir():
        raise ValueError(f"export_dir: {settings.export_dir} is no folder")
    return msgspec.structs.replace(settings, keys=_keys(settings.keys))


def _keys(told: Mapping[str, str]) -> dict[str, str]:
    """Return keys by Textual's names, each of one command alone."""
    found: dict[str, str] = {}
    owners: dict[str, str] = {}
    for name, text in told.items():
        if name not in _IDS:
            raise ValueError(f"keys.{name}: there is no such command{_meant(name, _IDS)}")
        found[name] = long_names(text)
        for key in found[name].split(","):
            if not _is_key(key):
                raise ValueError(f"keys.{name}: there is no key {key!r}")
            if owners.setdefault(key, name) != name:
                raise ValueError(f"keys.{name}: {key} is the key of {owners[key]} already")
    return found


def _is_key(key: str) -> bool:
    *modifiers, last = key.split("+")
    is_known = last in _NAMED or key_to_character(REPLACED_KEYS.get(last, last)) is not None
    return is_known and _MODIFIERS.issuperset(modifiers)


def _meant(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name, list(names), n=1)
    return f"; is {near[0]} meant?" if near else ""
