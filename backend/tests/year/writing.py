"""Writes `docs/simulated-year.md`: what happened in the simulated year, and what the audit says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from farewell.auditing.checks import report
from farewell.auditing.proof import Proof

HEAD = """# A simulated year

<!-- Written by `make campaign`; a change by hand is lost. -->

{accounts} accounts of the three vendors, {days} days. Customers close, change their minds and come
back; numbers are ported; cards decline, answer late or never; the process dies between any two
statements or right after a payment; the sweep runs daily. `backend/tests/year/` draws all of it
from one seed.

| what happened | times |
|---|---|
"""


PURGE = """
What is found are purges of data that were due: `purge_data` is the one kind of duty that has no
handler yet.
"""


def _shortened(audit: str) -> str:
    """Without a line for each of many findings."""
    return "\n".join(line for line in audit.splitlines() if not line.startswith("    "))


def write(
    file: Path, accounts: int, days: int, happened: Counter[str], proofs: dict[str, Proof]
) -> None:
    """The year's counts, and the audit of the database at its end."""
    rows = "".join(f"| {name} | {n:,} |\n" for name, n in sorted(happened.items()) if n)
    audit = f"\nThe audit at its end:\n\n```\n{_shortened(report(proofs))}\n```\n{PURGE}"
    file.write_text(HEAD.format(accounts=accounts, days=days) + rows + audit, encoding="utf-8")
