"""Writes `docs/dialogue-grid.md`: every question, every interruption, and what came of them."""

from __future__ import annotations

from pathlib import Path

from grid.reading import Cell, interruptions, places

HEAD = """# The dialogue grid

What a customer may say in the middle of anything, at every question of the closing. `make campaign`
plays every cell over the wire against really started processes and writes this file. The words and
what must come of them are in `tests/grid/`.

A ✓ says: what was said is answered; then the open question follows again, in other words, and the
third time with a way to a human (or what `tests/grid/interruptions.yml` says for this place, such
as the question before after "go back"); nothing happened to the account but what was meant; and
the conversation goes on from there.

"""


def write(file: Path, played: list[Cell], failures: dict[str, str]) -> None:
    """The table as Markdown. A failed cell has the number of its line in the list below."""
    wrong = sorted(failures)
    lines = [HEAD + f"{len(played)} cells, {len(played) - len(wrong)} as they must be.\n"]
    rows, columns = places(), interruptions()
    lines.append("| | " + " | ".join(str(n) for n in range(1, len(columns) + 1)) + " |")
    lines.append("|---|" + "---|" * len(columns))
    for place in rows:
        marks = []
        for between in columns:
            id_ = f"{place.id} × {between.id}"
            marks.append(f"[{wrong.index(id_) + 1}]" if id_ in failures else "✓")
        lines.append(f"| {place.title} | " + " | ".join(marks) + " |")
    lines.append("\nThe columns:\n")
    lines += [f"{n}. {between.title}" for n, between in enumerate(columns, 1)]
    if wrong:
        lines.append("\nWhat went wrong:\n")
        lines += [f"{n}. {id_}: {failures[id_]}" for n, id_ in enumerate(wrong, 1)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
