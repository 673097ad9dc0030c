"""What the leaves of a run spent, summed: each execution once, containers never."""

from decimal import Context, Decimal
from typing import Final

from msgspec import Struct

from streamkit.run.state import Cost

_ZERO: Final = Decimal(0)
EXACT: Final = Context(prec=300, traps=[])
"""Sums of money are exact, whatever the caller's context: prices have at most `payload.money`'s digits."""
_exact_sum: Final = EXACT.add  # a context looks up its operations slowly


class NodeUsage(Struct, frozen=True, gc=False):
    """What an execution spent; most executions spend nothing and have none."""

    total_tokens: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: Cost | None = None
    model: str | None = None
    provider: str | None = None


class Leaves:
    """Sums over executions that are no containers. What one of them spent may become known in pieces."""

    __slots__ = ("_prices", "completion_tokens", "prompt_tokens", "tokens")

    def __init__(self) -> None:
        self.tokens = 0
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None
        self._prices: tuple[Cost, dict[str, int]] | None = None
        """Sums of prices by currency, and how many leaves named one; most runs of a gateway have none."""

    @property
    def cost(self) -> Cost:
        """Prices, by currency."""
        return self._prices[0] if self._prices is not None else {}

    def add(self, usage: NodeUsage) -> None:
        """Add what a leaf spent."""
        prompt, completion = usage.prompt_tokens, usage.completion_tokens
        self.tokens += usage.total_tokens or 0
        if prompt is not None:
            self.prompt_tokens = prompt + (self.prompt_tokens or 0)
        if completion is not None:
            self.completion_tokens = completion + (self.completion_tokens or 0)
        if usage.cost:
            if self._prices is None:
                self._prices = {}, {}
            cost, payers = self._prices
            for currency, amount in usage.cost.items():
                cost[currency] = _exact_sum(cost.get(currency, _ZERO), amount)
                payers[currency] = payers.get(currency, 0) + 1

    def take_back(self, usage: NodeUsage) -> None:
        """Take off what a leaf was thought to have spent."""
        self.tokens -= usage.total_tokens or 0
        if usage.prompt_tokens is not None and self.prompt_tokens is not None:
            self.prompt_tokens -= usage.prompt_tokens
        if usage.completion_tokens is not None and self.completion_tokens is not None:
            self.completion_tokens -= usage.completion_tokens
        if usage.cost and self._prices is not None:
            cost, payers = self._prices
            for currency, amount in usage.cost.items():
                cost[currency] = EXACT.subtract(cost[currency], amount)
                payers[currency] -= 1
                if not payers[currency]:
                    del cost[currency]
