"""Figures of an assistant's answers against what was meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, quantiles

OUT_OF_SCOPE, FALLBACK = "out_of_scope", "nlu_fallback"
ENOUGH = 10
"""Labels with fewer rows do not count in macro-F1."""


@dataclass(frozen=True)
class Scores:
    """Shares from 0 to 1."""

    accuracy: float
    macro_f1: float
    in_scope: float
    oos_recall: float
    oos_precision: float


def decided(intent: str) -> str:
    """What the assistant does not understand counts as out of scope: so the customer is told."""
    return OUT_OF_SCOPE if intent == FALLBACK else intent


def score(meant: Sequence[str], understood: Sequence[str]) -> Scores:
    """Compare row by row."""
    pairs = list(zip(meant, map(decided, understood), strict=True))
    rows = Counter(meant)

    def share(of: list[tuple[str, str]]) -> float:
        return mean(a == b for a, b in of) if of else 0.0

    def f1(label: str) -> float:
        hits = sum(a == b == label for a, b in pairs)
        wrong = sum((a == label) != (b == label) for a, b in pairs)
        return 2 * hits / (2 * hits + wrong)

    return Scores(
        accuracy=share(pairs),
        macro_f1=mean(f1(label) for label, n in rows.items() if n >= ENOUGH),
        in_scope=share([p for p in pairs if p[0] != OUT_OF_SCOPE]),
        oos_recall=share([p for p in pairs if p[0] == OUT_OF_SCOPE]),
        oos_precision=share([p for p in pairs if p[1] == OUT_OF_SCOPE]),
    )


def confusions(meant: Sequence[str], understood: Sequence[str]) -> list[tuple[str, str, int]]:
    """What was meant, what was understood, and how often; the most frequent first."""
    pairs = zip(meant, map(decided, understood), strict=True)
    return [(a, b, n) for (a, b), n in Counter(p for p in pairs if p[0] != p[1]).most_common()]


def percentiles(milliseconds: Sequence[float]) -> tuple[float, float]:
    """The 50th and the 95th percentile."""
    cuts = quantiles(milliseconds, n=20)
    return cuts[9], cuts[18]
