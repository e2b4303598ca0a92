"""Scores the trained model on a table of sentences: python -m nlu.evaluate TABLE.csv

Refuses a table of which training examples repeat sentences: such a figure would be a lie.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import asdict
from pathlib import Path

from rasa.core.agent import Agent

from launch.paths import MODEL
from nlu.examples import table, training_examples
from nlu.overlap import repeated
from nlu.scoring import confusions, percentiles, score

SHOWN = 15


async def understood_by(agent: Agent, sentences: list[str]) -> tuple[list[str], list[float]]:
    """The intent of each sentence, and how many milliseconds it took."""
    intents, took = [], []
    for sentence in sentences:
        start = time.perf_counter()
        parsed = await agent.parse_message(sentence)
        took.append((time.perf_counter() - start) * 1000)
        intents.append(str(parsed["intent"]["name"]))
    return intents, took


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
    intents, took = asyncio.run(understood_by(agent, [row.text for row in rows]))
    for name, share in asdict(score(meant, intents)).items():
        print(f"{name:14} {share:.3f}")
    p50, p95 = percentiles(took)
    print(f"one message    p50 {p50:.1f} ms, p95 {p95:.1f} ms")
    for a, b, n in confusions(meant, intents)[:SHOWN]:
        print(f"{n:4} x {a}, taken for {b}")
    return 1 if taken else 0


if __name__ == "__main__":
    sys.exit(main())
