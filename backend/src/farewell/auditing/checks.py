"""The checks of `farewell audit`, by name."""

from __future__ import annotations

from farewell.auditing.charges import nothing_charged_after_closing
from farewell.auditing.closures import one_closure, one_final_bill, one_settlement
from farewell.auditing.promises import (
    chain_whole,
    duties_done,
    no_open_port_released,
    nothing_past_retention,
)
from farewell.auditing.proof import Check, Proof
from farewell.work import Work

CHECKS: dict[str, tuple[Check, str]] = {
    "nothing charged after closing": (nothing_charged_after_closing, "closures"),
    "one closure": (one_closure, "accounts"),
    "one final bill": (one_final_bill, "bills"),
    "one settlement, books balanced": (one_settlement, "movements"),
    "audit chain whole": (chain_whole, "entries"),
    "no open port released": (no_open_port_released, "ports"),
    "duties done": (duties_done, "duties"),
    "nothing past its retention": (nothing_past_retention, "exports"),
}
"""Each check with what it counts."""


def prove(work: Work) -> dict[str, Proof]:
    """Run every check on one state of the database."""
    return {name: check(work) for name, (check, _) in CHECKS.items()}


def report(proofs: dict[str, Proof]) -> str:
    """What was counted and found, for people."""
    width = max(map(len, proofs))
    lines = []
    for name, proof in proofs.items():
        found = f"{len(proof.findings)} FOUND" if proof.findings else "holds"
        lines.append(f"{name:<{width}}  {proof.counted:>6} {CHECKS[name][1]:<9}  {found}")
        lines += [f"    {finding}" for finding in proof.findings]
    return "\n".join(lines)
