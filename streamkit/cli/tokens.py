"""The token of an admin listener: given by a file or the environment, and never printed."""

import os
from pathlib import Path
from typing import Final

import click

ENVIRONMENT: Final = "STREAMKIT_ADMIN_TOKEN"
_SHORTEST: Final = 16


def admin_token(file: Path | None) -> str:
    """Return the token, and nothing that is too short to be one.

    Args:
        file: that holds it; without one it is in the environment.

    Raises:
        click.UsageError: there is none, or it cannot be read.
    """
    if file is None:
        token = os.environ.get(ENVIRONMENT, "").strip()
    else:
        try:
            token = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "holds no text"
            raise click.UsageError(f"{file}: {reason.lower()}") from None
    if len(token) < _SHORTEST:
        where = f"{ENVIRONMENT} or a file that is named" if file is None else str(file)
        raise click.UsageError(f"an admin listener needs a token of {_SHORTEST} characters or more, in {where}")
    return token
