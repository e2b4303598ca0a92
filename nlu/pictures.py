"""Pictures of the figures, readable on white and on black, the same bytes for the same figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

mpl.use("svg")
from matplotlib import pyplot as plt
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from nlu.scoring import decided

GREY = "#808080"
STYLE = {
    "svg.hashsalt": "farewell",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 8,
    "text.color": GREY,
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "legend.frameon": False,
    "savefig.transparent": True,
}
RED = LinearSegmentedColormap.from_list("red", [(0.88, 0.35, 0.1, 0.0), (0.88, 0.35, 0.1, 1.0)])
BLUE = LinearSegmentedColormap.from_list("blue", [(0.2, 0.5, 0.85, 0.1), (0.2, 0.5, 0.85, 1.0)])
FULL = 0.15
"""Share of a label's rows that is painted in the full colour of a confusion."""
SEEN = 0.005
"""A smaller share is not painted."""


def _save(figure: plt.Figure, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, bbox_inches="tight", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    lines = [line.rstrip() for line in file.read_text().splitlines()]
    file.write_text("\n".join(lines) + "\n")


def confusion_shares(
    meant: Sequence[str], understood: Sequence[str]
) -> tuple[list[str], NDArray[np.float64]]:
    """The labels, and for each that was meant the share of its rows that each label got."""
    answers = [decided(one) for one in understood]
    labels = sorted({*meant, *answers})
    place = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)))
    for a, b in zip(meant, answers, strict=True):
        counts[place[a], place[b]] += 1
    return labels, counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def confusion_picture(file: Path, meant: Sequence[str], understood: Sequence[str]) -> None:
    """Rows are what was meant, columns what was understood: right in blue, wrong in red."""
    labels, shares = confusion_shares(meant, understood)
    side = 1.6 + 0.14 * len(labels)
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(side, side))
        for row, column in np.argwhere(shares >= SEEN).tolist():
            share = shares[row, column]
            colour = BLUE(share) if row == column else RED(share / FULL)
            axes.add_patch(Rectangle((column, row), 1, 1, color=colour, linewidth=0))
        axes.set_xlim(0, len(labels))
        axes.set_ylim(len(labels), 0)
        ticks = np.arange(len(labels)) + 0.5
        axes.set_xticks(ticks, labels, rotation=90)
        axes.set_yticks(ticks, labels)
        axes.set_aspect("equal")
        axes.set_xlabel("understood")
        axes.set_ylabel("meant")
        _save(figure, file)


def curve_picture(
    file: Path, shares: Sequence[float], curves: Mapping[str, Sequence[float]]
) -> None:
    """One line a measure, against the share of the training examples."""
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(5, 3))
        for number, (name, values) in enumerate(curves.items()):
            colour, dashes = ("#3380d8", "#e05a1a")[number // 2 % 2], ("-", "--")[number % 2]
            axes.plot(
                [100 * share for share in shares],
                values,
                dashes,
                color=colour,
                marker=".",
                label=name,
            )
        axes.grid(color=GREY, alpha=0.3, linewidth=0.5)
        axes.set_xlabel("% of the training examples")
        axes.legend()
        _save(figure, file)
