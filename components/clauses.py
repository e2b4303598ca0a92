"""Cuts a message into its clauses, since one message may hold several wishes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST = 8
"""Clauses that are looked at, half of them at the message's end, where wishes usually stand; each
costs a millisecond."""
LEAST_WORDS = 2
"""A shorter piece belongs to its neighbour: "please", "ok so"."""


@dataclass(frozen=True)
class Clause:
    """A part of a message, from `start` to before `end`."""

    start: int
    end: int
    text: str


class Cutter:
    """Knows where a clause may end: at punctuation, and before the words that join clauses, unless
    one that denies comes before them."""

    def __init__(self, joining: Sequence[str], denying: Sequence[str] = ()) -> None:
        words = "|".join(re.escape(word) for word in sorted(joining, key=len, reverse=True))
        # A full stop within an amount, a number or an address ends nothing. Each run of signs is
        # tried from its beginning alone: from each of its signs would take a second for thousands.
        ends = [
            r"(?<![.!?…;:])[.!?…;:]+(?=\s|$)",
            r",\s+",
            r"(?<!\s)\s+[-–—]+\s+",
            r"\n+",
        ]
        if words:
            # "Not because of the price" is one thing.
            apart = "".join(rf"(?<!\b{re.escape(word)})" for word in denying)
            ends.append(rf"(?<![\s,]){apart}[\s,]+(?=(?:{words})\s)")
        self._end = re.compile("|".join(ends), re.IGNORECASE)

    def cut(self, text: str) -> list[Clause]:
        """The clauses in their order; none where the message is a single one."""
        found = list(self._joined(text))
        if len(found) > MOST:
            found = [*found[: MOST // 2], *found[-MOST // 2 :]]
        return found if len(found) > 1 else []

    def _joined(self, text: str) -> Iterator[Clause]:
        start = 0
        for end in [*(match.end() for match in self._end.finditer(text)), len(text)]:
            piece = text[start:end]
            rest = text[end:].strip()
            if len(piece.split()) < LEAST_WORDS and rest:
                continue
            if piece.strip():
                yield Clause(start, end, piece.strip())
            start = end
