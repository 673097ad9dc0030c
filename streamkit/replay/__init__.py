"""A replay server: recordings, played on the vendors' own paths as if the vendor's server were there."""

from streamkit.replay.faults import Fault
from streamkit.replay.frames import Place
from streamkit.replay.journal import JournalEntry
from streamkit.replay.library import Take
from streamkit.replay.playing import Play
from streamkit.replay.server import ReplayServer

__all__ = ["Fault", "JournalEntry", "Place", "Play", "ReplayServer", "Take"]
