"""Gates in an answer that is being played: it holds there until somebody lets it go on. No test needs to sleep."""

from asyncio import Event


class Gate:
    """One place where an answer is held, once."""

    def __init__(self, place: str, offset: int) -> None:
        """Put a gate.

        Args:
            place: what a person calls it.
            offset: the first byte of the body that is held back.
        """
        self.place = place
        self.offset = offset
        self.is_reached = False
        """Whether all bytes before it were sent."""
        self._settled = Event()
        """Set once it was reached, or never will be."""
        self._opened = Event()

    @property
    def is_open(self) -> bool:
        """Whether it holds nothing back, any more."""
        return self._opened.is_set()

    def release(self) -> None:
        """Let the answer go on; before it was reached, the answer will not be held at all."""
        self._opened.set()

    async def hold(self) -> None:
        """Say that the answer came here, and wait until it may go on."""
        self.is_reached = True
        self._settled.set()
        await self._opened.wait()

    def give_up(self) -> None:
        """Note that the answer is over: it will not come here any more."""
        self._settled.set()

    async def reached(self) -> bool:
        """Wait until the answer came here, or ended without; return whether it came."""
        await self._settled.wait()
        return self.is_reached
