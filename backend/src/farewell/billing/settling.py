"""What a final bill does to the accounts that close with it."""

from __future__ import annotations

from collections.abc import Collection

from farewell.accounts.reading import meter_view
from farewell.accounts.tables import Account
from farewell.billing.lines import late_usage
from farewell.billing.quote import Bill
from farewell.billing.tables import Adjustment
from farewell.work import Work


def settle(work: Work, *, closure_id: str, members: Collection[Account], bill: Bill) -> None:
    """Mark what the bill holds as billed and write everything else off, each by its own entry
    (rule 3); move credits between bill and balances; end commitments that were paid for.

    `members` are the account of the bill, first, and those that close with it.
    """
    charges = {line.charge_id for line in bill.lines}
    usage = {record for line in bill.lines for record in line.usage_ids}
    credited = {line.account for line in bill.lines if line.code == "credit"}
    left_early = {line.account for line in bill.lines if line.code == "fee"}
    for member in members:
        _settle_charges(work, closure_id, member, charges)
        _settle_usage(work, closure_id, member, usage)
        if member.number in credited:
            member.balance_minor = 0  # the credit is in the bill now
        if member.number in left_early and member.subscription:
            member.subscription.committed_until = None
    next(iter(members)).balance_minor += bill.credit_minor


def _settle_charges(
    work: Work, closure_id: str, account: Account, billed: Collection[int | None]
) -> None:
    for charge in account.charges:
        if charge.status != "open":
            continue
        charge.status = "billed" if charge.id in billed else "written_off"
        if charge.status == "written_off":
            work.session.add(
                Adjustment(
                    closure_id=closure_id,
                    charge_id=charge.id,
                    description=charge.description,
                    amount_minor=charge.amount_minor,
                    currency=account.currency,
                    at=work.now,
                )
            )


def _settle_usage(work: Work, closure_id: str, account: Account, billed: Collection[int]) -> None:
    rounding = work.kind(account).billing.rounding
    for meter in account.meters:
        late = dict(late_usage(meter_view(meter), billed, rounding))
        for record in meter.records:
            if record.status != "open":
                continue
            record.status = "written_off" if record.id in late else "billed"
            if record.id in late:
                work.session.add(
                    Adjustment(
                        closure_id=closure_id,
                        usage_id=record.id,
                        description=meter.name,
                        amount_minor=late[record.id],
                        currency=account.currency,
                        at=work.now,
                    )
                )
