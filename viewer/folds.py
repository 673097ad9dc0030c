"""What a person opened and folded: it stays so, whatever becomes of the run."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from viewer.rows import Key


class Folds:
    """What is open because somebody wants it so, also of what is not there yet."""

    __slots__ = ("_below", "_folds", "_held")

    def __init__(self) -> None:
        """Begin with nothing said: the rule decides, and goes on to."""
        self._folds: dict[Key, bool] = {}
        self._below: dict[Key, bool] = {}
        """What was said of everything below."""
        self._held: set[Key] | None = None
        """While nothing is to fold by itself: what was open since then."""

    def say(self, key: Key, is_open: bool) -> None:
        """Note that a person opened or folded something."""
        self._folds[key] = is_open

    def say_below(self, key: Key, is_open: bool, is_in: Callable[[Key], bool]) -> None:
        """Note that a person opened or folded something and all below it; `is_in` tells what stands there."""
        for said in (self._folds, self._below):
            for other in [other for other in said if is_in(other)]:
                del said[other]
        self._folds[key] = self._below[key] = is_open

    def below(self, key: Key, inherited: bool | None) -> bool | None:
        """Return what was said of everything below something that inherits this from what holds it."""
        return self._below.get(key, inherited)

    def opens(self, key: Key, inherited: bool | None, rule: bool) -> bool:
        """Return whether something is open, by what was said or else by the rule."""
        said = self._folds.get(key, inherited)
        if said is not None:
            return said
        if self._held is None:
            return rule
        if rule:
            self._held.add(key)
        return key in self._held

    def rounds_said(self, container_id: str) -> Iterator[int]:
        """Yield the indices of rounds of a container that were opened or folded, or that do not fold by themselves."""
        for key in chain(self._folds, self._held or ()):
            if key[0] == "r" and key[1] == container_id:
                yield int(key[2])

    @property
    def follow(self) -> bool:
        """Whether things fold by themselves when the rule says so."""
        return self._held is None

    def hold(self, open_now: Iterable[Key]) -> None:
        """Let nothing fold by itself from now on, neither this nor what the rule opens later."""
        self._held = set(open_now)

    def let_go(self) -> None:
        """Let things fold by themselves again."""
        self._held = None
