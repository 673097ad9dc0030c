"""What is different on the wire from one version of RAGFlow to the next.

Nothing on the wire names the version. A version without its third number is the last one of its kind: 0.20 is 0.20.5.
"""

from collections.abc import Set
from typing import Final, NamedTuple

_OLDEST, _NEWEST = (0, 13, 0), (0, 27, 99)
_LAST: Final = 99

ALL_EVENTS: Final = frozenset(
    ("workflow_started", "node_started", "node_finished", "message", "message_end", "user_inputs", "workflow_finished")
)


class Version(NamedTuple):
    """A version of RAGFlow."""

    major: int
    minor: int
    patch: int

    @property
    def has_events(self) -> bool:
        """Agents tell what happens, event by event; before, only their answer, and which component runs."""
        return self >= (0, 20, 0)

    @property
    def has_prompt_times(self) -> bool:
        """The last frame of a chat says when its prompt was made."""
        return self >= (0, 16, 0)

    @property
    def has_loops(self) -> bool:
        """There are loops."""
        return self >= (0, 23, 0)

    @property
    def has_deltas(self) -> bool:
        """Chats send what is new of an answer; before, the whole answer each time."""
        return self >= (0, 24, 0)

    @property
    def repeats_answer(self) -> bool:
        """The last frame of a chat has the whole answer once more."""
        return (0, 25, 0) <= self <= (0, 26, 0)

    @property
    def has_chat_id(self) -> bool:
        """Frames of a chat name it, and have a `message`."""
        return self >= (0, 25, 1)

    @property
    def is_careful(self) -> bool:
        """Agents say what they spent, task and session are one, and a resumed run does not start again."""
        return self >= (0, 26, 3)

    @property
    def has_downloads(self) -> bool:
        """Messages list files."""
        return self >= (0, 27, 0)

    @property
    def done(self) -> bytes:
        """What an agent sends at its end."""
        return b"" if self < (0, 20, 1) else b"data:[DONE]\n\n"

    def passed_on(self, mode: str) -> Set[str]:
        """Return which events of an agent reach a client.

        Args:
            mode: agent, agent-session, or agentbot.
        """
        if mode == "agentbot":
            return ALL_EVENTS
        if mode == "agent-session":
            late = {"user_inputs", "workflow_finished"} if self.is_careful else set[str]()
            return {"node_finished", "message", "message_end"} | late
        return _passed_on(self)


def _passed_on(version: Version) -> Set[str]:
    if version >= (0, 25, 6) or version < (0, 20, 1):
        return ALL_EVENTS
    if version >= (0, 23, 0):
        return {"node_finished", "message", "message_end"}
    if version >= (0, 20, 5):
        return {"message", "message_end"}
    return {"message"} if version < (0, 20, 4) else set()  # 0.20.4 passed on nothing but what had a reference


def version_of(text: str) -> Version:
    """Read a version: `0.27`, `0.22.1`.

    Raises:
        ValueError: it is none, or none that is known.
    """
    parts = text.removeprefix("v").split(".")
    if len(parts) not in (2, 3) or not all(part.isdecimal() for part in parts):
        raise ValueError(f"{text!r} is no version of RAGFlow; write 0.27, for example")
    numbers = [int(part) for part in parts]
    major, minor, patch = (*numbers, _LAST)[:3]
    version = Version(major, minor, patch)
    if not _OLDEST <= version <= _NEWEST:
        raise ValueError(f"RAGFlow {text}: known are 0.13 to 0.27")
    return version
