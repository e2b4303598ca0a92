"""What a check of the audit gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from farewell.work import Work


@dataclass(frozen=True)
class Proof:
    """How much a check looked at, and what does not hold, one line each."""

    counted: int
    findings: list[str]


Check = Callable[[Work], Proof]
