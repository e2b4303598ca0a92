"""Final bills worked by hand, from the guides, public documentation and docs/billing.md."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from bills import policy_with
from factories import POLICIES, World, account, the_account

from farewell.billing.quote import final_bill

EXAMPLES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "bill_examples.yml").read_text(encoding="utf-8")
)
CLOSERS = {"tresta": "billing_admin", "ctm": "administrator", "ontraport": "owner"}


def as_loaded(given: Any) -> Any:
    """Moments as the file of accounts writes them."""
    match given:
        case datetime():
            return given.isoformat()
        case dict():
            return {key: as_loaded(value) for key, value in given.items()}
        case list():
            return [as_loaded(item) for item in given]
        case _:
            return given


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_a_bill_is_as_it_was_worked_out(world: World, example: dict[str, Any]) -> None:
    vendor = example.get("vendor", "tresta")
    policy = POLICIES[vendor]
    if "vendor" not in example:
        policy = policy_with(example.get("balance"), **example.get("billing", {}))
    world.policies = {vendor: policy}
    world.clock.now = example["now"]
    given = {"vendor": vendor, "type": example.get("type", "standalone"), "plan": None}
    given["roles"] = {"ann@example": CLOSERS[vendor]}
    world.load(account("X-1", **given | as_loaded(example["account"])))

    view = world.run(lambda work: work.view(the_account(work, "X-1")))
    bill = final_bill(view, policy, example["now"])

    assert [[line.code, line.amount_minor] for line in bill.lines] == example["lines"]
    assert (bill.total_minor, bill.refund_minor, bill.credit_minor) == (
        example.get("total", 0),
        example.get("refund", 0),
        example.get("credit", 0),
    )
    written_off = [[line.code, line.amount_minor] for line in bill.written_off]
    assert written_off == example.get("written_off", [])
    if "settles_on" in example:
        assert bill.settles_on == example["settles_on"]


def test_every_example_names_its_source() -> None:
    assert all(example["source"] for example in EXAMPLES)
    assert len({example["name"] for example in EXAMPLES}) == len(EXAMPLES)
