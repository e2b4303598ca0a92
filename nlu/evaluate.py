"""Scores the trained model on a table of sentences: python -m nlu.evaluate TABLE.csv

Refuses a table of which training examples repeat sentences: such a figure would be a lie.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

# isort: off
import nlu.quiet  # noqa: F401  # before Rasa
from rasa.core.agent import Agent
# isort: on

from components.exit_reason_classifier import ENTITY
from launch.paths import MODEL
from nlu.examples import table, training_examples
from nlu.overlap import repeated
from nlu.scoring import confusions, percentiles, score

SHOWN = 15
WARMING = ("hello there", "please cancel it", "is there anything else")


@dataclass(frozen=True)
class Understood:
    """What the assistant made of a sentence, and how many milliseconds it took."""

    intent: str
    reason: str | None
    milliseconds: float


async def _understood_by(agent: Agent, sentences: Sequence[str]) -> list[Understood]:
    for sentence in WARMING * 5:
        await agent.parse_message(sentence)
    found = []
    for sentence in sentences:
        start = time.perf_counter()
        parsed = await agent.parse_message(sentence)
        took = (time.perf_counter() - start) * 1000
        reasons = [e["value"] for e in parsed["entities"] if e["entity"] == ENTITY]
        found.append(
            Understood(str(parsed["intent"]["name"]), reasons[0] if reasons else None, took)
        )
    return found


def understood_by(agent: Agent, sentences: Sequence[str]) -> list[Understood]:
    """Every sentence parsed by the trained model, one after the other."""
    return asyncio.run(_understood_by(agent, sentences))


def main() -> int:
    """Print overlap, scores, latency and the commonest confusions; 1 where sentences overlap."""
    parser = argparse.ArgumentParser(prog="make nlu-eval")
    parser.add_argument("table", type=Path, help="CSV with the columns text and intent")
    try:
        rows = table(parser.parse_args().table)
    except (OSError, ValueError) as error:
        print(f"This table cannot be read: {error}", file=sys.stderr)
        return 2
    taken = repeated(training_examples(), rows)
    for example, sentence in taken[:SHOWN]:
        print(f"in training: {example!r} repeats {sentence!r}")
    print(f"{len(taken)} training examples repeat sentences of the table")
    agent = Agent.load(str(MODEL))
    meant = [row.intent for row in rows]
    found = understood_by(agent, [row.text for row in rows])
    intents = [one.intent for one in found]
    for name, share in asdict(score(meant, intents)).items():
        print(f"{name:14} {share:.3f}")
    p50, p95 = percentiles([one.milliseconds for one in found])
    print(f"one message    p50 {p50:.1f} ms, p95 {p95:.1f} ms")
    for a, b, n in confusions(meant, intents)[:SHOWN]:
        print(f"{n:4} x {a}, taken for {b}")
    return 1 if taken else 0


if __name__ == "__main__":
    sys.exit(main())
