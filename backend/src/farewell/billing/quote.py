"""The final bill as a rule over values: lines, total, what is written off, when it is settled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from farewell.accounts.snapshot import AccountView
from farewell.billing.lines import AsOf, Line, lines_of
from farewell.facts import fingerprint
from farewell.policy.model import AccountType, Policy


@dataclass(frozen=True)
class Bill:
    """What closing costs. `total_minor` is charged; or what is over goes back (`refund_minor`) and
    to the balance (`credit_minor`). The lines add up to total less refund less credit."""

    currency: str
    lines: tuple[Line, ...]
    written_off: tuple[Line, ...]
    total_minor: int
    refund_minor: int
    settles_on: date
    credit_minor: int = 0

    def stored_lines(self) -> list[dict[str, Any]]:
        """The lines for a JSON column."""
        return [line.stored() for line in self.lines]

    def stored_write_offs(self) -> list[dict[str, Any]]:
        """The written-off amounts for a JSON column."""
        return [line.stored() for line in self.written_off]

    def credited(self, account: AccountView) -> AccountView:
        """The account as it is when the bill's credit is on its balance."""
        return replace(account, balance_minor=account.balance_minor + self.credit_minor)


def final_bill(account: AccountView, policy: Policy, now: datetime) -> Bill:
    """What the account and the active ones under it cost when closed at `now`."""
    return _bill(account, policy, AsOf(now, ZoneInfo(account.zone)), may_be_waived=True)


def standing_limit(account: AccountView, policy: Policy, now: datetime) -> int:
    """The most that a waiting case may cost without another question (minor units).

    The final bill as of now, with what recurs charged to the end of its current period; nothing is
    given back of that period, and nothing is waived.
    """
    to_the_end = AsOf(now, ZoneInfo(account.zone), to_period_end=True)
    return _bill(account, policy, to_the_end, may_be_waived=False).total_minor


def _bill(account: AccountView, policy: Policy, as_of: AsOf, *, may_be_waived: bool) -> Bill:
    kind = policy.type_of(account.type)
    lines: list[Line] = []
    written_off: list[Line] = []
    for part in account.everywhere():
        own, cancelled = lines_of(part, policy.type_of(part.type).billing, as_of)
        lines += own
        written_off += cancelled
    lines += [
        Line("credit", part.number, "", -part.balance_minor)
        for part in account.everywhere()
        if part.balance_minor and _to_card(policy.type_of(part.type))
    ]
    owed = sum(line.amount_minor for line in lines)
    over = max(-owed, 0)
    refund = min(over, _refundable(account, policy, lines))
    total = max(owed, 0)
    if may_be_waived and 0 < total < (kind.billing.waived_under.stated or {}).get(
        account.currency, 0
    ):
        lines.append(Line("waived", account.number, "", -total))
        total = 0
    return Bill(
        currency=account.currency,
        lines=tuple(lines),
        written_off=tuple(written_off),
        total_minor=total,
        refund_minor=refund,
        settles_on=as_of.today + timedelta(days=_days_to_settle(kind, refund)),
        credit_minor=over - refund,
    )


def _days_to_settle(kind: AccountType, refund_minor: int) -> int:
    within = kind.balance.days.stated
    if refund_minor and within is not None and _to_card(kind):
        return within
    return kind.billing.settle_after_days.stated or 0


def _to_card(kind: AccountType) -> bool:
    return kind.balance.treatment.stated == "refund_to_card"


def _refundable(account: AccountView, policy: Policy, lines: Iterable[Line]) -> int:
    """How much of the lines in the customer's favour goes to the card and not to the balance."""
    kinds = {part.number: policy.type_of(part.type) for part in account.everywhere()}

    def goes_to_card(line: Line) -> bool:
        kind = kinds[line.account]
        refunded = kind.billing.prepaid.stated == "refunded_by_day"
        return _to_card(kind) or (refunded and line.code in ("prepaid", "tax"))

    return -sum(line.amount_minor for line in lines if line.amount_minor < 0 and goes_to_card(line))


def unpaid_that_blocks(account: AccountView, policy: Policy) -> int:
    """Earlier bills that have to be paid before anything closes, by the policy (minor units)."""
    return sum(
        charge.amount_minor
        for part in account.everywhere()
        if policy.type_of(part.type).billing.unpaid.stated == "blocks"
        for charge in part.charges
        if charge.kind == "outstanding"
    )


def stale_when_changed(account: AccountView, *, with_ports: bool = True) -> str:
    """Fingerprint of the facts whose change makes a quote stale (rule 3): plan, prices, taxes,
    payment, ports, roles, sub-accounts, balance, credits. Usage is not among them: what comes
    after is written off."""
    return fingerprint(
        [
            [
                part.number,
                asdict(part.subscription) if part.subscription else None,
                part.payment_method,
                part.balance_minor,
                [
                    [n.e164, n.port, asdict(n.renewal) if n.renewal else None]
                    for n in part.numbers
                    if with_ports or n.port is None
                ],
                [list(closer) for closer in part.closers],
                [[meter.name, meter.price_minor, meter.per] for meter in part.meters],
                [asdict(tax) for tax in part.taxes],
                [charge.id for charge in part.charges if charge.kind == "credit"],
            ]
            for part in account.everywhere()
        ]
    )


def is_still_owed(account: AccountView, lines: Iterable[Line]) -> bool:
    """Whether everything that lines bill is still open. What was paid or taken back since makes a
    quote stale, for it would be paid twice."""
    parts = account.everywhere()
    charges = {charge.id for part in parts for charge in part.charges}
    usage = {r.id for part in parts for meter in part.meters for r in meter.records}
    return all(
        (line.charge_id is None or line.charge_id in charges) and usage.issuperset(line.usage_ids)
        for line in lines
    )
