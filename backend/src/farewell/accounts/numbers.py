"""What closing an account does to its phone numbers."""

from __future__ import annotations

from datetime import datetime

from farewell.accounts.tables import Account
from farewell.errors import Problem
from farewell.policy.model import AccountType


def end_numbers(
    account: Account, kind: AccountType, at: datetime, *, told_to_host: bool = False
) -> None:
    """Release the numbers in use where the policy says so.

    Where they may be lost or nothing is stated they only go with the account, as `closed`: nobody
    is told to release them. Kept numbers stay. `told_to_host`: a number is `releasing` until the
    host application has acknowledged. Raises Problem 409 for an open port (rule 5).
    """
    fate = kind.numbers.on_close.stated
    if fate in ("kept", "none"):
        return
    for number in account.numbers:
        if number.status != "active":
            continue
        if number.port_out and number.port_out.is_open:
            raise Problem(409, "port_open", f"{number.e164} is being ported and is not released.")
        if fate == "released":
            number.status = "releasing" if told_to_host else "released"
            number.released_at = at
        else:
            number.status = "closed"
