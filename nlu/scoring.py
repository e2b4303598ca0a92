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
    """Shares from 0 to 1; `oos` is what has the label for everything outside."""

    accuracy: float
    macro_f1: float
    in_scope: float
    oos_recall: float
    oos_precision: float


@dataclass(frozen=True)
class LabelScores:
    """How one label fares: its rows, and shares from 0 to 1."""

    label: str
    rows: int
    precision: float
    recall: float
    f1: float


def decided(intent: str) -> str:
    """What the assistant does not understand counts as out of scope: so the customer is told."""
    return OUT_OF_SCOPE if intent == FALLBACK else intent


def by_label(meant: Sequence[str], understood: Sequence[str]) -> list[LabelScores]:
    """Each label that was meant, in alphabetical order."""
    pairs = list(zip(meant, map(decided, understood), strict=True))
    rows, said = Counter(meant), Counter(b for _, b in pairs)
    hits = Counter(a for a, b in pairs if a == b)
    return [
        LabelScores(
            label,
            n,
            precision=hits[label] / said[label] if said[label] else 0.0,
            recall=hits[label] / n,
            f1=2 * hits[label] / (n + said[label]),
        )
        for label, n in sorted(rows.items())
    ]


def score(
    meant: Sequence[str], understood: Sequence[str], *, outside: str = OUT_OF_SCOPE
) -> Scores:
    """Compare row by row."""
    pairs = list(zip(meant, map(decided, understood), strict=True))
    enough = [one.f1 for one in by_label(meant, understood) if one.rows >= ENOUGH]

    def share(of: list[tuple[str, str]]) -> float:
        return mean(a == b for a, b in of) if of else 0.0

    return Scores(
        accuracy=share(pairs),
        macro_f1=mean(enough) if enough else 0.0,
        in_scope=share([p for p in pairs if p[0] != outside]),
        oos_recall=share([p for p in pairs if p[0] == outside]),
        oos_precision=share([p for p in pairs if p[1] == outside]),
    )


def confusions(meant: Sequence[str], understood: Sequence[str]) -> list[tuple[str, str, int]]:
    """What was meant, what was understood, and how often; the most frequent first."""
    pairs = zip(meant, map(decided, understood), strict=True)
    return [(a, b, n) for (a, b), n in Counter(p for p in pairs if p[0] != p[1]).most_common()]


def percentiles(milliseconds: Sequence[float]) -> tuple[float, float]:
    """The 50th and the 95th percentile."""
    cuts = quantiles(milliseconds, n=20)
    return cuts[9], cuts[18]
