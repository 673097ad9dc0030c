"""How long a client waits, and how often it comes back.

There is no limit on how long a run takes, as runs take minutes. There are two clocks instead: one that any byte sets
back, a ping too, and one that only what means something sets back. A server that pings for ever beside a run that died
(Dify #36996) looks alive to the first, not to the second.
"""

from typing import Final

import msgspec


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """Limits, in seconds."""

    connect: float = 10.0
    """Until there is a connection."""
    answer: float = 60.0
    """Until a small request is answered, and until the body of a large one begins."""
    silence: float = 60.0
    """Without a single byte of a body."""
    progress: float = 600.0
    """Without anything but pings."""
    linger: float = 2.0
    """After an end behind which more may come (speech, the other end of a chatflow), and mostly does not."""
    attempts: int = 8
    """So often a body that broke off is asked for again, where the server can go on with it."""
    first_delay: float = 0.5
    """Before the second of these attempts; doubled for each that follows, and varied."""
    longest_delay: float = 8.0


DIFY: Final = Patience()
"""Dify pings every ten seconds, so a minute without a byte is no pause."""

RAGFLOW: Final = Patience(answer=660.0, silence=660.0, progress=660.0)
"""RAGFlow never pings, and gives each component of an agent 600 seconds."""

PARADIGM: Final = Patience(answer=660.0, silence=660.0, progress=660.0)
"""Paradigm's chatflows answer in one piece, when they are done."""
