"""Where the files are that a user settles things in: below `$XDG_CONFIG_HOME/streamkit`, or `~/.config/streamkit`."""

import os
from pathlib import Path
from typing import Final

_FOLDER: Final = "streamkit"


def configuration(name: str) -> Path | None:
    """Return where a file of this name is looked for; None where a user has no home."""
    config = os.environ.get("XDG_CONFIG_HOME", "")
    if os.path.isabs(config):  # noqa: PTH117 - the standard says that any other is to be ignored
        return Path(config, _FOLDER, name)
    try:
        return Path.home() / ".config" / _FOLDER / name
    except RuntimeError:
        return None
