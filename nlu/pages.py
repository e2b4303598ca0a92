"""The page of figures, docs/understanding-figures.md, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlu.learning import FOLDS, Vectors
from nlu.scoring import Scores, by_label, confusions

Answers = tuple[Sequence[str], Sequence[str]]
"""What was meant, and what was understood."""
Measured = tuple[Vectors, Sequence[str]]
"""Sentences as vectors, and what was meant."""
SHOWN = 15


@dataclass(frozen=True)
class Row:
    """Scores on some rows."""

    name: str
    rows: int
    scores: Scores


@dataclass(frozen=True)
class CurvePoint:
    """Scores on each table after learning a share of the examples."""

    share: float
    examples: int
    scores: Mapping[str, Scores]


@dataclass(frozen=True)
class Speed:
    """How fast it was in this run, on so many processors with so many others waiting for them."""

    p50: float
    p95: float
    training: float
    processors: int
    load: float

    def __str__(self) -> str:
        return (
            f"one message p50 {self.p50:.1f} ms, p95 {self.p95:.1f} ms; "
            f"training {self.training:.0f} s; "
            f"{self.processors} processors, load before {self.load:.1f}"
        )


def grid(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; shares with three decimals."""

    def line(cells: Sequence[object]) -> str:
        texts = (f"{c:.3f}" if isinstance(c, float) else str(c) for c in cells)
        return f"| {' | '.join(texts)} |"

    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, rows)])


def score_grid(rows: Sequence[Row]) -> str:
    """A line of scores for each set of rows."""
    head = ["", "rows", "accuracy", "macro-F1", "in scope", "OOS recall", "OOS precision"]
    cells = [
        (
            *(row.name, row.rows, row.scores.accuracy, row.scores.macro_f1, row.scores.in_scope),
            *(row.scores.oos_recall, row.scores.oos_precision),
        )
        for row in rows
    ]
    return grid(head, cells)


def label_grid(name: str, answers: Answers) -> str:
    """A line for each label."""
    rows = [(f"`{s.label}`", s.rows, s.precision, s.recall, s.f1) for s in by_label(*answers)]
    return grid([name, "rows", "precision", "recall", "F1"], rows)


def curve_grid(points: Sequence[CurvePoint]) -> str:
    """A line for each share."""
    names = list(points[0].scores)
    head = ["share", "examples", *(f"{m}, {n}" for n in names for m in ("accuracy", "macro-F1"))]
    rows = []
    for point in points:
        own = [v for n in names for v in (point.scores[n].accuracy, point.scores[n].macro_f1)]
        rows.append([f"{point.share:.0%}", point.examples, *own])
    return grid(head, rows)


def page(
    crossed: Sequence[Row],
    tables: Sequence[Row],
    intents: Answers,
    reasons: Answers,
    points: Sequence[CurvePoint],
    speed: Speed,
) -> str:
    """The whole page."""
    common = [(f"`{a}`", f"`{b}`", n) for a, b, n in confusions(*intents)[:SHOWN]]
    return "\n\n".join(
        [
            "# Figures of understanding",
            "<!-- Written by `make nlu-report`; a change by hand is lost. -->",
            "What they mean: [understanding.md](understanding.md). OOS is out of scope; for "
            "reasons it is a message that gives none. Macro-F1 is over labels with ten rows or "
            "more. Not understood counts as out of scope.",
            "## The trained model",
            score_grid(tables),
            "A sentence counts as repeated where a training example shares four fifths of its own "
            "words, or of the sentence's, with it (`nlu/overlap.py`).",
            f"Measured in this run: {speed}. The load is the machine's while nothing of this was "
            "running; other programs slow both down as soon as it nears the number of processors.",
            f"## Cross-validation, {FOLDS} parts",
            "Examples of one label that are nearly the same (cosine above .95) are always in the "
            "same part. The examples come from the same hands, so these figures say whether the "
            "labels can be told apart; the tables above say how other people are understood.",
            score_grid(crossed),
            "![What is taken for what](images/understanding-confusions.svg)",
            "Rows are what was meant, columns what was understood; the full red is reached at "
            "15 % of a row.",
            grid(["meant", "understood", "times"], common),
            "## What more examples bring",
            "![Accuracy and macro-F1 by share of the examples](images/understanding-learning.svg)",
            curve_grid(points),
            "## Each intent, cross-validated",
            label_grid("intent", intents),
            "## Each reason, cross-validated",
            label_grid("reason", reasons) + "\n",
        ]
    )


def summary(rows: Sequence[Row], speed: Speed) -> str:
    """A few lines for the terminal."""
    lines = [
        f"{row.name:42} accuracy {row.scores.accuracy:.3f}, macro-F1 {row.scores.macro_f1:.3f}, "
        f"OOS recall {row.scores.oos_recall:.3f}, precision {row.scores.oos_precision:.3f}"
        for row in rows
    ]
    return "\n".join([*lines, str(speed)])
