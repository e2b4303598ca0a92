"""Labelled sentences: the assistant's own training examples, and tables to measure with."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from rasa.shared.nlu.constants import INTENT, TEXT

from components.exit_reason_classifier import marked_reason
from components.importer import read_examples
from launch.paths import ROOT

TRAINING = ROOT / "data" / "nlu"


@dataclass(frozen=True)
class Example:
    """A sentence, its intent, and the reason for leaving that it is marked with."""

    text: str
    intent: str
    reason: str | None = None


def training_examples() -> list[Example]:
    """All examples of data/nlu. Raises BadExamples."""
    return [
        Example(one.get(TEXT), one.get(INTENT), marked_reason(one))
        for file in sorted(TRAINING.glob("*.yml"))
        for one in read_examples(file)
    ]


def table(file: Path, label: str = "intent") -> list[Example]:
    """Rows of a CSV with the columns text and `label`. Raises ValueError where it has others."""
    with file.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        if not {"text", label} <= set(reader.fieldnames or ()):
            raise ValueError(f"{file.name} needs the columns text and {label}.")
        return [Example(row["text"], row[label]) for row in reader]


def words(text: str) -> list[str]:
    """The words of a sentence, without case and punctuation."""
    return re.findall(r"[\w']+", text.casefold().replace("’", "'"))
