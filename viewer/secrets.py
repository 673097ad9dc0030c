"""Form tokens in JSON, masked: who has one can submit the form."""

import re
from typing import Final

from streamkit.run import HIDDEN
from streamkit.run.payload import dumps, loads

_SECRET: Final = b"form_token"
_ESCAPED: Final = re.compile(rb"\\u00[567]")
"""A letter or the low line of that key, in an escape."""


def without_secrets(data: bytes) -> bytes:
    """Return JSON with its form tokens masked; it stays byte for byte as it is if there are none."""
    if _SECRET not in data and not (b"\\u00" in data and _ESCAPED.search(data)):
        return data
    from streamkit.cli.events import masked  # with all that commands read: 15 ms of the first frame

    value = masked(loads(data))
    if isinstance(value, str):  # no JSON: nobody knows where the secret ends
        return dumps(HIDDEN) if _SECRET in data else data
    told = dumps(value)
    return told if HIDDEN.encode() in told else data
