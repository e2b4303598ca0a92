"""The final bill as a rule over values: lines, total, what is written off, when it is settled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from farewell.accounts.snapshot import AccountView, SubscriptionView
from farewell.billing.money import Money
from farewell.billing.proration import monthly_period, used_to_date
from farewell.facts import Phrase, fingerprint
from farewell.policy.model import AccountType, Policy


@dataclass(frozen=True)
class Line:
    """One line of the final bill; amounts in minor units, credits negative."""

    code: str
    """plan, charge, credit"""
    account: str
    description: str
    amount_minor: int
    charge_id: int | None = None
    days: int | None = None
    of_days: int | None = None
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True)
class Bill:
    """What closing costs. `total_minor` is charged, `refund_minor` goes back; never both."""

    currency: str
    lines: tuple[Line, ...]
    written_off: tuple[Line, ...]
    total_minor: int
    refund_minor: int
    settles_on: date

    def stored_lines(self) -> list[dict[str, Any]]:
        """The lines for a JSON column."""
        return [asdict(line) for line in self.lines]

    def stored_write_offs(self) -> list[dict[str, Any]]:
        """The written-off amounts for a JSON column."""
        return [asdict(line) for line in self.written_off]


def paid_until(plan: SubscriptionView, today: date) -> date:
    """The last day of the period that is being used; of what is billed already, if that is more."""
    last = monthly_period(today, plan.anchor_day).end - timedelta(days=1)
    return max(last, plan.billed_until or last)


def _plan_lines(
    account: AccountView, kind: AccountType, since: date, until: date
) -> Iterator[Line]:
    """The plan for what no bill covers, period by period, from the one that `since` is in. In
    advance, that one is paid, so only later ones cost anything."""
    plan = account.subscription
    if plan is None:
        return
    covered = plan.billed_until
    if kind.billing.timing.stated == "in_advance":
        covered = paid_until(plan, since)
    elif kind.billing.timing.stated != "in_arrears":
        return
    day = since
    while day <= until:
        period = monthly_period(day, plan.anchor_day)
        last = min(period.end - timedelta(days=1), until)
        line = _plan_line(account, kind, last, covered)
        if line:
            yield line
        day = period.end


def _plan_line(
    account: AccountView, kind: AccountType, today: date, billed_until: date | None
) -> Line | None:
    plan, billing = account.subscription, kind.billing
    if plan is None or billing.proration.stated != "actual_days":
        return None
    period = monthly_period(today, plan.anchor_day)
    used = used_to_date(plan.price_minor, period, today, billed_until, billing.rounding)
    if used is None:
        return None
    return Line(
        code="plan",
        account=account.number,
        description=plan.plan,
        amount_minor=used.amount_minor,
        days=used.days,
        of_days=used.of_days,
        first=used.first.isoformat(),
        last=used.last.isoformat(),
    )


def final_bill(
    account: AccountView, policy: Policy, now: datetime, *, since: datetime | None = None
) -> Bill:
    """What the account and the active ones under it cost when closed at `now`.

    Plans are billed from the period of `since` on, where nothing was charged from then to `now`.
    """
    kind = policy.type_of(account.type)
    today = account.today(now)
    first = account.today(since) if since else today
    lines: list[Line] = []
    written_off: list[Line] = []
    for part in account.everywhere():
        rules = policy.type_of(part.type)
        charges = [
            Line("charge", part.number, c.description, c.amount_minor, charge_id=c.id)
            for c in part.charges
        ]
        if rules.billing.outstanding.stated == "write_off":
            written_off += charges
            continue
        lines += [*_plan_lines(part, rules, first, today), *charges]
    owed = sum(line.amount_minor for line in lines)
    given = [
        Line("credit", part.number, "", -part.balance_minor)
        for part in account.everywhere()
        if part.balance_minor
        and policy.type_of(part.type).balance.treatment.stated == "refund_to_card"
    ]
    lines += given
    credit = -sum(line.amount_minor for line in given)
    settle_after = kind.billing.settle_after_days.stated or 0
    if credit > owed and kind.balance.days.stated is not None:
        settle_after = kind.balance.days.stated
    return Bill(
        currency=account.currency,
        lines=tuple(lines),
        written_off=tuple(written_off),
        total_minor=max(owed - credit, 0),
        refund_minor=max(credit - owed, 0),
        settles_on=today + timedelta(days=settle_after),
    )


def standing_limit(account: AccountView, policy: Policy, now: datetime) -> int:
    """The most that a waiting case may cost without another question (minor units).

    The final bill as of now, with each plan charged to the end of its current period.
    """
    limit, today = final_bill(account, policy, now).total_minor, account.today(now)
    for part in account.everywhere():
        rules, plan = policy.type_of(part.type), part.subscription
        if plan is None:
            continue
        last = monthly_period(today, plan.anchor_day).end - timedelta(days=1)
        limit += sum(line.amount_minor for line in _plan_lines(part, rules, today, last))
        limit -= sum(line.amount_minor for line in _plan_lines(part, rules, today, today))
    return limit


def stale_when_changed(account: AccountView, *, with_ports: bool = True) -> str:
    """Fingerprint of the facts whose change makes a quote stale (rule 3): plan, payment, ports,
    roles, sub-accounts, balance. Usage is not among them: what comes after is written off."""
    return fingerprint(
        [
            [
                part.number,
                asdict(part.subscription) if part.subscription else None,
                part.payment_method,
                part.balance_minor,
                [[n.e164, n.port] for n in part.numbers if with_ports or n.port is None],
                [list(closer) for closer in part.closers],
            ]
            for part in account.everywhere()
        ]
    )


def line_phrase(line: dict[str, Any], currency: str, account_number: str) -> Phrase:
    """A stored line for people; lines of sub-accounts name the account."""
    amount = Money(line["amount_minor"], currency)
    other = {"account": line["account"]} if line["account"] != account_number else {}
    suffix = ".of" if other else ""
    if line["code"] == "credit":
        return Phrase(f"line.credit{suffix}", {**other, "amount": amount})
    if line["code"] == "plan":
        return Phrase(
            f"line.plan{suffix}",
            {
                **other,
                "plan": line["description"],
                "days": line["days"],
                "of_days": line["of_days"],
                "start": date.fromisoformat(line["first"]),
                "end": date.fromisoformat(line["last"]),
                "amount": amount,
            },
        )
    return Phrase(
        f"line.charge{suffix}", {**other, "description": line["description"], "amount": amount}
    )
