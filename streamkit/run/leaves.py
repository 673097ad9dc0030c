"""What the leaves of a run spent, summed: each execution once, containers never."""

from decimal import Context, Decimal
from typing import Final

from streamkit.run.execution import NodeUsage
from streamkit.run.state import Cost

_EXACT: Final = Context(prec=300, traps=[])
"""Sums of money are exact, whatever the caller's context: prices have at most `payload.money`'s digits."""


class Leaves:
    """Sums over executions that are no containers. What one of them spent may become known in pieces."""

    __slots__ = ("_payers", "completion_tokens", "cost", "prompt_tokens", "tokens")

    def __init__(self) -> None:
        self.tokens = 0
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None
        self.cost: Cost = {}
        self._payers: dict[str, int] = {}  # so many leaves named a price in a currency

    def add(self, usage: NodeUsage) -> None:
        """Add what a leaf spent."""
        self.tokens += usage.total_tokens or 0
        if usage.prompt_tokens is not None:
            self.prompt_tokens = (self.prompt_tokens or 0) + usage.prompt_tokens
        if usage.completion_tokens is not None:
            self.completion_tokens = (self.completion_tokens or 0) + usage.completion_tokens
        for currency, amount in (usage.cost or {}).items():
            self.cost[currency] = _EXACT.add(self.cost.get(currency, Decimal(0)), amount)
            self._payers[currency] = self._payers.get(currency, 0) + 1

    def take_back(self, usage: NodeUsage) -> None:
        """Take off what a leaf was thought to have spent."""
        self.tokens -= usage.total_tokens or 0
        if usage.prompt_tokens is not None and self.prompt_tokens is not None:
            self.prompt_tokens -= usage.prompt_tokens
        if usage.completion_tokens is not None and self.completion_tokens is not None:
            self.completion_tokens -= usage.completion_tokens
        for currency, amount in (usage.cost or {}).items():
            self.cost[currency] = _EXACT.subtract(self.cost[currency], amount)
            self._payers[currency] -= 1
            if not self._payers[currency]:
                del self.cost[currency]
