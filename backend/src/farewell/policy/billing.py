"""The shape of a policy's rules on the final bill. `docs/policy.md` is the reference."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from babel import Locale
from pydantic import AfterValidator, Field, field_validator, model_validator

from farewell.billing.money import Rounding
from farewell.billing.proration import Proration
from farewell.policy.rule import NOT_STATED, Days, PolicyPart, Rule


def _currency(code: str) -> str:
    if code not in Locale("en").currencies:
        raise ValueError(f"unknown currency {code!r}; use an ISO 4217 code such as USD")
    return code


Currency = Annotated[str, AfterValidator(_currency)]
Amounts = Annotated[dict[Currency, Annotated[int, Field(strict=True, gt=0)]], Field(min_length=1)]
"""An amount in minor units for each currency that accounts may have."""
Taxable = Literal["plan", "renewal", "usage", "one_off", "fee", "prepaid"]
"""What a policy may tax: lines by what they are for. Earlier bills bear their tax already."""


class EarlyTermination(PolicyPart):
    """What leaving before the end of a commitment costs."""

    fee: Literal["fixed", "remaining_months", "share_of_remaining_months"]
    amounts: Amounts | None = None
    """For `fixed`: minor units by currency."""
    percent: Annotated[int, Field(strict=True, ge=1, le=99)] | None = None
    """For `share_of_remaining_months`: how much of each month's price."""

    @model_validator(mode="after")
    def says_how_much(self) -> Self:
        if (self.fee == "fixed") != (self.amounts is not None):
            raise ValueError("amounts belong to the fee 'fixed', and it needs them")
        if (self.fee == "share_of_remaining_months") != (self.percent is not None):
            raise ValueError("percent belongs to 'share_of_remaining_months', and it needs it")
        return self


def _silent() -> Rule[Any]:
    return Rule[Any](value=NOT_STATED)


class Billing(PolicyPart):
    """How the final bill is made up. Amounts are whole minor units of the account's currency.

    Number renewals are billed as the plan is. A rule that may be left out is not stated then, and
    nothing follows from it.
    """

    timing: Rule[Literal["in_arrears", "in_advance"]]
    proration: Rule[Literal[Proration, "none"]]
    outstanding: Rule[Literal["collect", "write_off"]]
    settle_after_days: Rule[Days]
    """Calendar days from closing to the charge, in the account's zone."""
    settle_by: Rule[Literal["auto_pay", "none"]]
    fees: Rule[Literal["none"]]
    unpaid: Rule[Literal["added", "blocks"]] = Field(default_factory=_silent)
    """Earlier bills that are not paid: added to the final bill (as where nothing is stated), or
    nothing closes before they are paid."""
    prepaid: Rule[Literal["refunded_by_day", "not_refunded", "credited_by_day"]] = Field(
        default_factory=_silent
    )
    """What of a term that is paid in advance and not used."""
    early_termination: Rule[EarlyTermination] = Field(default_factory=_silent)
    taxed: Rule[Annotated[list[Taxable], Field(min_length=1)]] = Field(default_factory=_silent)
    """The lines that the account's taxes are a rate on."""
    waived_under: Rule[Amounts] = Field(default_factory=_silent)
    """A final bill under this amount is not charged."""
    retry_days: Rule[Annotated[list[Days], Field(min_length=1)]] = Field(default_factory=_silent)
    """Days after the first declined charge on which it is tried again; then a human has it."""
    in_flight: Rule[Literal["cancel"]] = Field(default_factory=_silent)
    """An open charge's payment that is under way when the account closes; else a human decides."""
    captured: Rule[Literal["refund"]] = Field(default_factory=_silent)
    """The same where it has gone through; else a human decides."""
    rounding: Rounding = "half_up"
    quote_minutes: Annotated[int, Field(ge=1, le=1440)] = 30

    @field_validator("retry_days")
    @classmethod
    def retry_days_rise(cls, rule: Rule[list[int]]) -> Rule[list[int]]:
        """Refuse days that do not come one after the other."""
        days = [0, *(rule.stated or [])]
        if any(day >= after for day, after in pairwise(days)):
            raise ValueError("days must rise and begin after day 0, such as [3, 5, 7]")
        return rule

    @model_validator(mode="after")
    def makes_sense(self) -> Self:
        found = [reason for wrong, reason in self._contradictions() if wrong]
        if found:
            raise ValueError("; ".join(found))
        return self

    def _contradictions(self) -> list[tuple[bool, str]]:
        written_off = self.outstanding.stated == "write_off"
        gives_back = self.prepaid.stated in ("refunded_by_day", "credited_by_day")
        leaves_early = self.early_termination.stated is not None
        taxed = self.taxed.stated or []
        return [
            (
                written_off and self.unpaid.stated is not None,
                "unpaid: what is written off is neither added nor does it block",
            ),
            (
                written_off and leaves_early,
                "early_termination: where outstanding is write_off there is no fee to charge",
            ),
            (
                written_off and bool(taxed),
                "taxed: where outstanding is write_off there are no lines to tax",
            ),
            (
                written_off and self.waived_under.stated is not None,
                "waived_under: where outstanding is write_off there is no bill to waive",
            ),
            (
                self.fees.stated == "none" and leaves_early,
                "early_termination: fees says that there are none",
            ),
            (
                self.prepaid.stated is not None and self.timing.stated != "in_advance",
                "prepaid: only with timing in_advance is a term paid before it is used",
            ),
            (
                gives_back and self.proration.stated in (None, "none"),
                "prepaid: to give back by day, proration must say how days count",
            ),
            (
                "fee" in taxed and not leaves_early,
                "taxed: names fee, but early_termination is not stated",
            ),
            (
                "prepaid" in taxed and not gives_back,
                "taxed: names prepaid, but nothing of a prepaid term is given back",
            ),
            (
                len(set(taxed)) < len(taxed),
                "taxed: names a line twice",
            ),
        ]
