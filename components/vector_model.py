"""Labels for sentence vectors: a linear model and the nearest examples, half and half.

The linear model draws the borders between labels; the nearest examples know small islands that no
straight border can cut out, such as the many kinds of messages that are out of scope. Both work
on the principal components of the examples. Trained weights are plain arrays: nothing is
unpickled when they are loaded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from threadpoolctl import ThreadpoolController

Array = NDArray[Any]

THREADS = ThreadpoolController()

COMPONENTS = 256
NEIGHBOUR_COMPONENTS = 96
"""Neighbours are found by the first components: the rest adds time, and no right answer."""
STRENGTH = 16.0
"""Inverse of the linear model's regularisation."""
NEAREST = 8
SHARPNESS = 20.0
"""How fast an example's word loses weight with its distance."""


class VectorModel:
    """Probabilities of labels for a sentence vector."""

    def __init__(self, arrays: dict[str, Array]) -> None:
        self._arrays = arrays
        self.labels: list[str] = arrays["labels"].tolist()

    @classmethod
    def fit(cls, vectors: Array, labels: Sequence[str], *, balance: float = 0.0) -> VectorModel:
        """Train on examples.

        `balance` from 0 (each example counts the same) to 1 (each label counts the same in the
        linear model, however few examples it has).
        """
        projection = PCA(min(COMPONENTS, *vectors.shape), svd_solver="randomized", random_state=0)
        projected = projection.fit_transform(vectors)
        counts = Counter(labels)
        usual = len(labels) / len(counts)
        linear = LogisticRegression(
            C=STRENGTH,
            class_weight={label: (usual / n) ** balance for label, n in counts.items()},
            max_iter=300,
            # Of the gradient summed over all examples: a finer fit decides no sentence otherwise.
            tol=1.0,
            multi_class="multinomial",
        ).fit(projected, labels)
        arrays = {
            "labels": linear.classes_,
            "mean": projection.mean_,
            "axes": projection.components_.T,
            "weights": linear.coef_.T,
            "bias": linear.intercept_,
            "examples": _unit(projected[:, :NEIGHBOUR_COMPONENTS]),
        }
        numbers = {
            name: value.astype(np.float32) for name, value in arrays.items() if name != "labels"
        }
        indices = np.searchsorted(linear.classes_, np.array(labels))
        return cls(numbers | {"labels": linear.classes_.astype(str), "example_labels": indices})

    def probabilities(self, vector: Array) -> Array:
        """Of each label, for one vector."""
        a = self._arrays
        # One vector is done before a second thread has woken up, and that would go on waiting.
        with THREADS.limit(limits=1, user_api="blas"):
            projected = (vector - a["mean"]) @ a["axes"]
            shares: Array = (self._linear(projected) + self._nearest(projected)) / 2
        return shares

    def _linear(self, projected: Array) -> Array:
        scores = projected @ self._arrays["weights"] + self._arrays["bias"]
        shares: Array = np.exp(scores - scores.max())
        shares /= shares.sum()
        return shares

    def _nearest(self, projected: Array) -> Array:
        likeness = self._arrays["examples"] @ _unit(projected[:NEIGHBOUR_COMPONENTS])
        nearest = np.argpartition(-likeness, min(NEAREST, likeness.size - 1))[:NEAREST]
        weights = np.exp(SHARPNESS * (likeness[nearest] - likeness[nearest].max()))
        shares: Array = np.bincount(
            self._arrays["example_labels"][nearest], weights, minlength=len(self.labels)
        )
        shares /= shares.sum()
        return shares

    def ranked(self, vector: Array) -> list[tuple[str, float]]:
        """Labels with their probabilities, likeliest first."""
        shares = self.probabilities(vector)
        return [(self.labels[i], float(shares[i])) for i in np.argsort(-shares)]

    def save(self, file: Path) -> None:
        """Write as .npz."""
        np.savez(file, **self._arrays)

    @classmethod
    def load(cls, file: Path) -> VectorModel:
        """Read what `save` wrote."""
        with np.load(file, allow_pickle=False) as stored:
            return cls(dict(stored))


def _unit(vectors: Array) -> Array:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    units: Array = vectors / np.maximum(lengths, 1e-9)
    return units
