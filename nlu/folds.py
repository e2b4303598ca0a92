"""Parts of the training examples for cross-validation, with near duplicates kept together.

Examples of one label whose vectors are nearly the same say the same thing twice. Were they in
different parts, a model would be asked what it has been told, and the figures would be too good.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIKE = 0.95
"""Cosine from which two examples of a label count as near duplicates."""


def groups(vectors: NDArray[Any], labels: Sequence[str], alike: float = ALIKE) -> list[int]:
    """A number for each example; those linked by near duplicates of one label share it."""
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    members = defaultdict(list)
    for i, label in enumerate(labels):
        members[label].append(i)
    first = list(range(len(labels)))

    def root(i: int) -> int:
        while first[i] != i:
            first[i] = first[first[i]]
            i = first[i]
        return i

    for own in members.values():
        likeness = units[own] @ units[own].T
        for a, b in np.argwhere(np.triu(likeness > alike, 1)).tolist():
            first[root(own[b])] = root(own[a])
    return [root(i) for i in range(len(labels))]


def folds(group: Sequence[int], labels: Sequence[str], count: int, seed: int = 0) -> list[int]:
    """The part, from 0 to count - 1, of each example: whole groups, and labels spread evenly."""
    sizes = Counter(group)
    label_of = dict(zip(group, labels, strict=True))
    shuffled = sorted(sizes)
    random.Random(seed).shuffle(shuffled)  # noqa: S311  # no secret
    filled: dict[str, list[int]] = defaultdict(lambda: [0] * count)
    total = [0] * count
    part = {}
    for one in sorted(shuffled, key=lambda g: -sizes[g]):
        own = filled[label_of[one]]
        part[one] = min(range(count), key=lambda k: (own[k], total[k]))
        own[part[one]] += sizes[one]
        total[part[one]] += sizes[one]
    return [part[g] for g in group]
