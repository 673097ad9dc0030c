"""A clock that goes on when a test says so."""


class FakeClock:
    """Stands in for `time.monotonic`, wherever a clock is given.

    clock = FakeClock()
    stream = watch(chunks, "dify", clock=clock)
    clock.advance(2.5)
    """

    def __init__(self, start: float = 0.0, *, step: float = 0.0) -> None:
        """Set the clock.

        Args:
            start: seconds that it shows.
            step: seconds that it goes on by itself with each look at it.
        """
        self.now = start
        """Seconds that it shows."""
        self._step = step

    def __call__(self) -> float:
        """Return the seconds that it shows."""
        now = self.now
        self.now += self._step
        return now

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            ValueError: it would go back.
        """
        if seconds < 0:
            raise ValueError("a monotonic clock does not go back")
        self.now += seconds
