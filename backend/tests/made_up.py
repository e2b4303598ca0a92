"""A made-up vendor, Nimbus, whose rules a test may change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from factories import World

from farewell.policy.load import load_policies


def rule(value: Any) -> dict[str, Any]:
    """A rule of the made-up guide."""
    if value == "not_stated":
        return {"value": value}
    return {"value": value, "source": "Nimbus handbook"}


def words(text: str) -> dict[str, str]:
    """The vendor's words in English."""
    return {"en": text}


def kind(**changes: Any) -> dict[str, Any]:
    """A kind of account: in arrears, refund in 9 days, data kept a week, undo by anybody."""
    given: dict[str, Any] = {
        "name": words("Fleet"),
        "closed_by": rule(["captain"]),
        "takes_effect": rule("at_once"),
        "signs_out": rule(True),
        "alternatives": {
            "offers": [
                {
                    "code": "hibernate",
                    "title": words("Hibernate"),
                    "text": words("Everything sleeps."),
                    "sets": {"mode": "asleep"},
                    "source": "Nimbus handbook",
                }
            ]
        },
        "numbers": {
            "on_close": rule("released"),
            "ask_to_keep": rule(True),
            "restore_days": rule(3),
        },
        "billing": {
            "timing": rule("in_arrears"),
            "proration": rule("actual_days"),
            "outstanding": rule("collect"),
            "settle_after_days": rule(12),
            "settle_by": rule("auto_pay"),
            "fees": rule("none"),
            "rounding": "half_even",
            "quote_minutes": 5,
        },
        "balance": {"treatment": rule("refund_to_card"), "days": rule(9)},
        "data": {
            "treatment": rule("kept"),
            "kept_days": rule(7),
            "readable_after_closing": rule(False),
            "offer_export": False,
        },
        "undo": {"by": rule("customer"), "days": rule(2)},
    }
    return given | changes


NIMBUS: dict[str, Any] = {
    "vendor": "nimbus",
    "name": words("Nimbus Telephony"),
    "guide": "Nimbus handbook",
    "sign_in_at": words("the Nimbus bridge"),
    "role_names": {"captain": words("Captain"), "sailor": words("Sailor")},
    "support": {
        "closes_for_customer": rule(False),
        "hours": rule("not_stated"),
        "contacts": [{"channel": "email", "who": words("The crew"), "address": "crew@nimbus"}],
    },
    "exit_reasons": {"choices": [{"code": "quality_or_reliability", "title": words("A storm")}]},
    "resume_days": 4,
    "account_types": {
        "fleet": kind(
            cascade={
                "closes_children": rule(True),
                "transfer_first": rule(False),
                "children_alone_close_parent": rule(False),
            }
        ),
        "boat": kind(name=words("Boat"), parent_type="fleet"),
        "raft": kind(
            name=words("Raft"),
            numbers={
                "on_close": rule("kept"),
                "ask_to_keep": rule("not_stated"),
                "restore_days": rule("not_stated"),
            },
        ),
    },
}


def world_of(folder: Path, policy: dict[str, Any]) -> World:
    """A world in which only this vendor exists."""
    policies = folder / "policies"
    policies.mkdir()
    (policies / "made_up.yml").write_text(yaml.safe_dump(policy), encoding="utf-8")
    return World(folder, load_policies(policies))
