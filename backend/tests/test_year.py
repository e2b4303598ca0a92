"""A simulated year: whatever happens, the audit is clean at its end. A sample is in `make test`;
`make campaign` plays a thousand accounts and writes `docs/simulated-year.md`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from factories import World
from year.simulating import Year
from year.writing import write

from farewell.auditing.checks import prove, report
from farewell.config import REPOSITORY

WHOLE = bool(os.environ.get("FAREWELL_CAMPAIGN"))
ACCOUNTS, DAYS = (1000, 366) if WHOLE else (40, 120)
SEED = 20270301
WAITING = ("purge_data",)
"""Duties that have no handler yet; the audit tells of them, and this test lets it."""

MUST_HAPPEN = (
    "closed",
    "converted",
    "came back",
    "died while closing",
    "died while sweeping",
    "usage refused by the lock",
    "duties for_human",
)
"""A year without these would prove little."""


@pytest.mark.timeout(3600 if WHOLE else 240)
def test_the_audit_is_clean_after_a_year(world: World) -> None:
    year = Year(world, ACCOUNTS, SEED)

    for _ in range(DAYS):
        year.day()

    proofs = world.run(prove)
    findings = {
        name: [f for f in proof.findings if not f.startswith(tuple(f"duty {w}" for w in WAITING))]
        for name, proof in proofs.items()
    }
    assert not any(findings.values()), report(proofs)
    happened = year.happened
    assert not [name for name in MUST_HAPPEN if not happened[name]], happened
    if WHOLE:
        write(Path(REPOSITORY / "docs" / "simulated-year.md"), ACCOUNTS, DAYS, happened, proofs)
