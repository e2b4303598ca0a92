"""What a final bill does to the accounts that close with it."""

from __future__ import annotations

from collections.abc import Collection

from farewell.accounts.reading import meter_view
from farewell.accounts.tables import Account
from farewell.billing.lines import late_usage
from farewell.billing.quote import Bill
from farewell.billing.writing_off import write_off
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
        if charge.id in billed:
            charge.status = "billed"
        else:
            write_off(work, account, closure_id, charge, charge.amount_minor)


def _settle_usage(work: Work, closure_id: str, account: Account, billed: Collection[int]) -> None:
    rounding = work.kind(account).billing.rounding
    for meter in account.meters:
        late = dict(late_usage(meter_view(meter), billed, rounding))
        for record in meter.records:
            if record.status != "open":
                continue
            if record.id in late:
                write_off(work, account, closure_id, record, late[record.id])
            else:
                record.status = "billed"
