"""What the assistant's models learn from given examples, without the rest of Rasa around them.

The same encoder, the same vector model, the same settings and the same rules for what is not sure:
all of them are read from config.yml.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from components.encoder.runtime import Encoder
from components.exit_reason_classifier import NO_REASON, SOME, teaches_none
from components.vector_model import VectorModel
from launch.paths import ROOT
from nlu.examples import Example
from nlu.folds import folds, groups
from nlu.scoring import FALLBACK

Vectors = NDArray[Any]
Ranked = list[tuple[str, float]]
FOLDS = 5
SHARES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


def settings(component: str) -> dict[str, Any]:
    """What config.yml says of a component of the pipeline."""
    pipeline = yaml.safe_load((ROOT / "config.yml").read_text())["pipeline"]
    found = [one for one in pipeline if one["name"].rsplit(".", 1)[-1] == component]
    return dict(found[0])


@dataclass(frozen=True)
class Task:
    """Labels to learn, and how the assistant decides between them."""

    balance: float
    decide: Callable[[Ranked], str]


def intents() -> Task:
    """The intent, or the fallback where nothing fits well or two fit about as well."""
    fallback = settings("FallbackClassifier")
    least, apart = fallback["threshold"], fallback["ambiguity_threshold"]

    def decide(ranked: Ranked) -> str:
        best, share = ranked[0]
        close = len(ranked) > 1 and share - ranked[1][1] < apart
        return FALLBACK if share < least or close else best

    return Task(settings("VectorIntentClassifier")["balance"], decide)


def reasons() -> Task:
    """The reason for leaving, or none where it is not sure."""
    own = settings("ExitReasonClassifier")

    def decide(ranked: Ranked) -> str:
        best, share = ranked[0]
        return best if share >= own["sure"] else NO_REASON

    return Task(own["balance"], decide)


def with_reasons(examples: Sequence[Example]) -> list[tuple[int, str]]:
    """The examples from which reasons are learnt: their places, and the reason or none."""
    own = settings("ExitReasonClassifier")
    seldom, never = set(own["seldom_with"]), own["never_with"]
    unmarked = [i for i, one in enumerate(examples) if not one.reason and one.intent not in seldom]
    none = set([i for i in unmarked if teaches_none(examples[i].intent, never)][::SOME])
    return [
        (i, one.reason or NO_REASON)
        for i, one in enumerate(examples)
        if one.reason or one.intent in seldom or i in none
    ]


def encoded(*sentences: Sequence[str]) -> list[Vectors]:
    """The vectors of several lists of sentences."""
    with TemporaryDirectory() as folder:
        Encoder.make(Path(folder))
        encoder = Encoder(Path(folder))
        return [encoder.encode_all(some) for some in sentences]


def decisions(task: Task, model: VectorModel, vectors: Vectors) -> list[str]:
    """What the assistant would decide for each vector."""
    with ThreadPoolExecutor(cpu_count()) as pool:
        return list(pool.map(lambda vector: task.decide(model.ranked(vector)), vectors))


def cross_validated(task: Task, vectors: Vectors, labels: Sequence[str]) -> list[str]:
    """A decision for each example by a model that has seen neither it nor a near duplicate."""
    parts = np.array(folds(groups(vectors, labels), labels, FOLDS))
    known = np.array(labels)
    found = np.empty(len(labels), object)
    for part in range(FOLDS):
        kept, tested = parts != part, parts == part
        model = VectorModel.fit(vectors[kept], known[kept].tolist(), balance=task.balance)
        found[tested] = decisions(task, model, vectors[tested])
    return [str(one) for one in found]


def models_by_share(
    task: Task, vectors: Vectors, labels: Sequence[str], seed: int = 0
) -> Iterator[tuple[float, int, VectorModel]]:
    """A share of the examples of each label, how many that are, and the model that learnt them."""
    order = list(range(len(labels)))
    random.Random(seed).shuffle(order)  # noqa: S311  # no secret
    by_label: dict[str, list[int]] = {}
    for i in order:
        by_label.setdefault(labels[i], []).append(i)
    for share in SHARES:
        chosen = sorted(i for own in by_label.values() for i in own[: _part(len(own), share)])
        some = [labels[i] for i in chosen]
        yield share, len(chosen), VectorModel.fit(vectors[chosen], some, balance=task.balance)


def _part(size: int, share: float) -> int:
    return max(1, round(size * share))
