"""Works out how well the assistant understands: python -m nlu.report [--data TABLE.csv]

Writes docs/understanding-figures.md and the pictures that it shows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

# isort: off
import nlu.quiet  # noqa: F401  # before Rasa
from rasa.core.agent import Agent
# isort: on

from components.exit_reason_classifier import NO_REASON
from launch.paths import MODEL, ROOT
from launch.progress import step
from launch.setup import training_command, training_environment
from nlu import learning, pages, pictures
from nlu.evaluate import Understood, understood_by
from nlu.examples import Example, table, training_examples
from nlu.overlap import repeated
from nlu.scoring import OUT_OF_SCOPE, percentiles, score

HELD_OUT = ROOT / "tests" / "nlu" / "held_out.csv"
REASONS_HELD_OUT = ROOT / "tests" / "nlu" / "exit_reasons_held_out.csv"
PAGE = ROOT / "docs" / "understanding-figures.md"
IMAGES = ROOT / "docs" / "images"


@dataclass(frozen=True)
class Tables:
    """What the model is measured with; `data` is the table from outside, if one was given."""

    held_out: list[Example]
    reasons: list[Example]
    data: list[Example]


def training_seconds() -> float:
    """Wall time of training everything anew, nothing taken from a cache."""
    with TemporaryDirectory() as folder:
        model = Path(folder) / "farewell.tar.gz"
        environment = {**training_environment(), "RASA_CACHE_DIRECTORY": f"{folder}/cache"}
        start = time.monotonic()
        subprocess.run(
            training_command(model), cwd=ROOT, env=environment, capture_output=True, check=True
        )
        return time.monotonic() - start


def scored(name: str, meant: Sequence[Example], found: Sequence[str]) -> list[pages.Row]:
    """A line for a table, and one for its sentences that no training example comes close to."""
    again = {sentence for _, sentence in repeated(training_examples(), meant, every=True)}
    rows = []
    for title, left in ((name, set[str]()), (f"{name}, nothing repeated", again)):
        pairs = [(a.intent, b) for a, b in zip(meant, found, strict=True) if a.text not in left]
        wanted, got = [a for a, _ in pairs], [b for _, b in pairs]
        outside = OUT_OF_SCOPE if OUT_OF_SCOPE in wanted else NO_REASON
        rows.append(pages.Row(title, len(pairs), score(wanted, got, outside=outside)))
    return rows if again else rows[:1]


def trained_model(tables: Tables) -> tuple[list[pages.Row], list[Understood]]:
    """Scores of the trained model on the tables, and what it made of all their sentences."""
    agent = Agent.load(str(MODEL))
    rows, heard = [], []
    for name, examples in (("held-out table", tables.held_out), ("table DATA", tables.data)):
        if examples:
            found = understood_by(agent, [one.text for one in examples])
            heard += found
            rows += scored(name, examples, [one.intent for one in found])
    found = understood_by(agent, [one.text for one in tables.reasons])
    reasons = [one.reason or NO_REASON for one in found]
    rows += scored("reasons, held-out table", tables.reasons, reasons)
    return rows, heard + found


def cross_validation(
    examples: Sequence[Example], vectors: learning.Vectors
) -> tuple[list[pages.Row], pages.Answers, pages.Answers]:
    """Scores by examples that the model has not seen, of intents and of reasons."""
    meant = [one.intent for one in examples]
    found = learning.cross_validated(learning.intents(), vectors, meant)
    some = learning.with_reasons(examples)
    places, reasons = [i for i, _ in some], [reason for _, reason in some]
    why = learning.cross_validated(learning.reasons(), vectors[places], reasons)
    rows = [
        pages.Row("intents", len(meant), score(meant, found)),
        pages.Row("reasons", len(reasons), score(reasons, why, outside=NO_REASON)),
    ]
    return rows, (meant, found), (reasons, why)


def learning_curve(
    examples: Sequence[Example], vectors: learning.Vectors, measured: dict[str, pages.Measured]
) -> list[pages.CurvePoint]:
    """Scores on each table by models that learnt a share of the examples."""
    task, points = learning.intents(), []
    labels = [one.intent for one in examples]
    for share, count, model in learning.models_by_share(task, vectors, labels):
        scores = {
            name: score(meant, learning.decisions(task, model, some))
            for name, (some, meant) in measured.items()
        }
        points.append(pages.CurvePoint(share, count, scores))
    return points


def _draw(points: Sequence[pages.CurvePoint], answers: pages.Answers) -> None:
    pictures.confusion_picture(IMAGES / "understanding-confusions.svg", *answers)
    curves = {}
    for name in points[0].scores:
        curves[f"accuracy, {name}"] = [point.scores[name].accuracy for point in points]
        curves[f"macro-F1, {name}"] = [point.scores[name].macro_f1 for point in points]
    shares = [point.share for point in points]
    pictures.curve_picture(IMAGES / "understanding-learning.svg", shares, curves)


def _encoded(
    examples: Sequence[Example], tables: Tables
) -> tuple[learning.Vectors, dict[str, pages.Measured]]:
    texts = [[one.text for one in some] for some in (examples, tables.held_out, tables.data)]
    vectors, *others = learning.encoded(*[some for some in texts if some])
    named = [("held-out table", tables.held_out), ("table DATA", tables.data)]
    measured: dict[str, pages.Measured] = {
        name: (own, [one.intent for one in some])
        for (name, some), own in zip(named, others, strict=False)
    }
    return vectors, measured


def make_report(examples: list[Example], tables: Tables) -> str:
    """Work everything out, write page and pictures; returns the summary."""
    load, _, _ = os.getloadavg()
    with step(f"Encoding {len(examples)} examples"):
        vectors, measured = _encoded(examples, tables)
    with step(f"Cross-validation, {learning.FOLDS} parts"):
        crossed, intents, reasons = cross_validation(examples, vectors)
    with step("Learning curve"):
        points = learning_curve(examples, vectors, measured)
    with step("The trained model"):
        rows, heard = trained_model(tables)
    with step("Training anew"):
        seconds = training_seconds()
    speed = pages.Speed(
        *percentiles([one.milliseconds for one in heard]), seconds, os.cpu_count() or 1, load
    )
    _draw(points, intents)
    page = pages.page(crossed, rows, intents, reasons, points, speed)
    PAGE.write_text(page)
    return pages.summary([*crossed, *rows], speed)


def main() -> int:
    """Print progress and the summary; 2 where a table cannot be read."""
    parser = argparse.ArgumentParser(prog="make nlu-report")
    parser.add_argument("--data", type=Path, help="CSV with the columns text and intent")
    given: Path | None = parser.parse_args().data
    try:
        data = table(given) if given else []
    except (OSError, ValueError) as error:
        print(f"This table cannot be read: {error}", file=sys.stderr)
        return 2
    tables = Tables(table(HELD_OUT), table(REASONS_HELD_OUT, "exit_reason"), data)
    print(make_report(training_examples(), tables))
    return 0


if __name__ == "__main__":
    sys.exit(main())
