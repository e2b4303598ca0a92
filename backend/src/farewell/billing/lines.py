"""What one account puts on a final bill, line by line. Amounts are whole minor units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from farewell.accounts.snapshot import AccountView, MeterView, SubscriptionView
from farewell.billing.money import Rounding, rated
from farewell.billing.proration import (
    DAY,
    MONTHS,
    Counting,
    Interval,
    Period,
    period_of,
    unused_after,
    used_to_date,
    whole_months,
)
from farewell.policy.billing import Billing

MILLION = 1_000_000


@dataclass(frozen=True)
class Line:
    """One line of the final bill; amounts in minor units, credits negative."""

    code: str
    """plan, renewal, charge, usage, fee, tax, prepaid, credit_note, credit, waived"""
    account: str
    description: str
    amount_minor: int
    charge_id: int | None = None
    e164: str | None = None
    """The number that a line is for, where it is for one."""
    days: int | None = None
    of_days: int | None = None
    first: str | None = None
    last: str | None = None
    unit: Literal["days", "seconds"] = "days"
    """What `days` and `of_days` count."""
    about: str | None = None
    """What the line is for, as the policy's `taxed` names it."""
    usage_ids: tuple[int, ...] = ()
    """The records that the line bills."""
    quantity: int | None = None
    price_minor: int | None = None
    per: int | None = None

    def stored(self) -> dict[str, Any]:
        """The line for a JSON column."""
        return asdict(self) | {"usage_ids": list(self.usage_ids)}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Line:
        """A line that `stored` wrote."""
        return cls(**{**stored, "usage_ids": tuple(stored.get("usage_ids", ()))})


@dataclass(frozen=True)
class AsOf:
    """The moment that is billed up to. Days are those of the account that is being closed."""

    now: datetime
    zone: ZoneInfo
    to_period_end: bool = False
    """Charge what recurs as if it were used to the end of its period."""

    @property
    def today(self) -> date:
        """The day of the moment."""
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True)
class _Recurring:
    """What is charged each period: the plan, or a number's renewal."""

    code: Literal["plan", "renewal"]
    price_minor: int
    billed_until: date | None
    anchor_day: int
    description: str = ""
    e164: str | None = None
    interval: Interval = "month"
    anchor_month: int = 1

    def period(self, day: date) -> Period:
        return period_of(day, self.anchor_day, self.interval, self.anchor_month)


def _recurring(part: AccountView) -> Iterator[_Recurring]:
    plan = part.subscription
    if plan is not None:
        yield _Recurring(
            code="plan",
            description=plan.plan,
            price_minor=plan.price_minor,
            billed_until=plan.billed_until,
            anchor_day=plan.anchor_day,
            interval=plan.interval,
            anchor_month=plan.anchor_month,
        )
    for number in part.numbers:
        renewal = number.renewal
        if renewal is not None:
            yield _Recurring(
                code="renewal",
                e164=number.e164,
                price_minor=renewal.price_minor,
                billed_until=renewal.billed_until,
                anchor_day=renewal.anchor_day,
            )


def _counting(billing: Billing, as_of: AsOf) -> Counting | None:
    proration = billing.proration.stated
    if proration is None or proration == "none":
        return None
    return Counting(proration, billing.rounding, as_of.zone)


def _used(part: AccountView, billing: Billing, as_of: AsOf) -> Iterator[Line]:
    """In arrears: what recurs, for the part of its current period that no bill covers."""
    counting = _counting(billing, as_of)
    if counting is None or billing.timing.stated != "in_arrears":
        return
    for item in _recurring(part):
        period = item.period(as_of.today)
        used = used_to_date(
            item.price_minor,
            period,
            period.last if as_of.to_period_end else as_of.today,
            item.billed_until,
            counting,
            None if as_of.to_period_end else as_of.now,
        )
        if used is not None:
            yield Line(
                code=item.code,
                account=part.number,
                description=item.description,
                amount_minor=used.amount_minor,
                e164=item.e164,
                days=used.days,
                of_days=used.of_days,
                first=used.first.isoformat(),
                last=used.last.isoformat(),
                unit=counting.unit,
                about=item.code,
            )


def _prepaid(part: AccountView, billing: Billing, as_of: AsOf) -> Iterator[Line]:
    """In advance: what is left of the paid term, where the policy gives it back."""
    counting = _counting(billing, as_of)
    if counting is None or billing.prepaid.stated in (None, "not_refunded"):
        return
    for item in _recurring(part):
        period = item.period(as_of.today)
        paid_until = _paid_until(item, as_of)
        today = period.last if as_of.to_period_end else as_of.today
        moment = None if as_of.to_period_end else as_of.now
        left = 0
        while period.start <= paid_until:
            left += unused_after(item.price_minor, period, today, paid_until, counting, moment)
            period = item.period(period.end)
        if left:
            yield Line(
                code="prepaid",
                account=part.number,
                description=item.description,
                amount_minor=-left,
                e164=item.e164,
                first=(today if counting.unit == "seconds" else today + DAY).isoformat(),
                last=paid_until.isoformat(),
                unit=counting.unit,
                about="prepaid",
            )


def _paid_until(item: _Recurring, as_of: AsOf) -> date:
    """Up to when a plan in advance is paid: as recorded, else to the end of its current period."""
    return item.billed_until or item.period(as_of.today).last


def _charges(part: AccountView, as_of: AsOf) -> Iterator[Line]:
    for charge in part.charges:
        if charge.kind != "credit" and (
            charge.occurred_at is None or charge.occurred_at <= as_of.now
        ):
            yield Line(
                code="charge",
                account=part.number,
                description=charge.description,
                amount_minor=charge.amount_minor,
                charge_id=charge.id,
                about=charge.kind,
            )


def _credit_notes(part: AccountView) -> Iterator[Line]:
    for charge in part.charges:
        if charge.kind == "credit":
            yield Line(
                code="credit_note",
                account=part.number,
                description=charge.description,
                amount_minor=-charge.amount_minor,
                charge_id=charge.id,
            )


def _usage(part: AccountView, billing: Billing, as_of: AsOf) -> Iterator[Line]:
    """What was measured up to the moment, all records of a meter rounded once together."""
    for meter in part.meters:
        records = [r for r in meter.records if r.occurred_at <= as_of.now]
        if records:
            quantity = sum(record.quantity for record in records)
            yield Line(
                code="usage",
                account=part.number,
                description=meter.name,
                amount_minor=rated(meter.price_minor, quantity, meter.per, billing.rounding),
                about="usage",
                usage_ids=tuple(record.id for record in records),
                quantity=quantity,
                price_minor=meter.price_minor,
                per=meter.per,
            )


def late_usage(
    meter: MeterView, billed: Iterable[int], rounding: Rounding
) -> Iterator[tuple[int, int]]:
    """Open records that a bill does not hold, each with the amount to write off (minor units).

    The amounts are differences of rounded cumulative amounts, so that they and the billed line add
    up to what all of it would have cost.
    """
    held = set(billed)
    quantity = sum(r.quantity for r in meter.records if r.id in held)
    before = rated(meter.price_minor, quantity, meter.per, rounding)
    for record in meter.records:
        if record.id not in held:
            quantity += record.quantity
            after = rated(meter.price_minor, quantity, meter.per, rounding)
            yield record.id, after - before
            before = after


def _early_termination(part: AccountView, billing: Billing, as_of: AsOf) -> Iterator[Line]:
    plan, rule = part.subscription, billing.early_termination.stated
    if rule is None or plan is None or plan.committed_until is None:
        return
    if as_of.today >= plan.committed_until:
        return
    if rule.amounts is not None:
        amount = rule.amounts.get(part.currency, 0)
    else:
        months = whole_months(_charged_until(plan, billing, as_of), plan.committed_until)
        percent = rule.percent or 100
        of = 100 * MONTHS[plan.interval]
        amount = rated(plan.price_minor, percent * months, of, billing.rounding)
    if amount:
        yield Line(
            code="fee",
            account=part.number,
            description=plan.plan,
            amount_minor=amount,
            last=plan.committed_until.isoformat(),
            about="fee",
        )


def _charged_until(plan: SubscriptionView, billing: Billing, as_of: AsOf) -> date:
    """Where the months that remain begin: after today, or after a paid term that is not given
    back, for it is not to be paid twice."""
    paid = billing.timing.stated == "in_advance"
    if not paid or billing.prepaid.stated in ("refunded_by_day", "credited_by_day"):
        return as_of.today
    period = period_of(as_of.today, plan.anchor_day, plan.interval, plan.anchor_month)
    return max(plan.billed_until or period.last, as_of.today)


def _taxes(part: AccountView, billing: Billing, lines: list[Line]) -> Iterator[Line]:
    """Each tax once on all lines that the policy names, so that no rounding adds up."""
    named = billing.taxed.stated or []
    base = sum(line.amount_minor for line in lines if line.about in named)
    for tax in part.taxes:
        amount = rated(base, tax.rate_ppm, MILLION, billing.rounding)
        if amount:
            yield Line("tax", part.number, tax.name, amount)


def lines_of(part: AccountView, billing: Billing, as_of: AsOf) -> tuple[list[Line], list[Line]]:
    """The lines of one account, its balance left out, and what is written off instead."""
    owed = [*_charges(part, as_of), *_usage(part, billing, as_of)]
    written_off: list[Line] = []
    if billing.outstanding.stated == "write_off":
        owed, written_off = [], owed
    else:
        used = list(_used(part, billing, as_of))
        owed = [*used, *owed, *_early_termination(part, billing, as_of)]
    lines = [*owed, *_prepaid(part, billing, as_of)]
    lines += _taxes(part, billing, lines)
    return [*lines, *_credit_notes(part)], written_off
