"""What a use case works with: one transaction's session, the time, the policies, the folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from farewell.accounts.reading import view
from farewell.accounts.snapshot import AccountView
from farewell.accounts.tables import Account
from farewell.errors import Problem
from farewell.policy.model import AccountType, Policy


@dataclass(frozen=True)
class Work:
    """One use case in one transaction."""

    session: Session
    now: datetime
    policies: Mapping[str, Policy]
    data: Path
    public_url: str = ""
    """Where customers reach Farewell, without a slash at the end; empty: links are relative."""
    secret: str = ""
    """Keys what nobody outside may compute."""

    def policy(self, account: Account) -> Policy:
        """The rules of the account's vendor."""
        return self.vendor(account.vendor)

    def vendor(self, code: str) -> Policy:
        """The rules of a vendor.

        Raises Problem 409 where its policy file is gone.
        """
        policy = self.policies.get(code)
        if policy is None:
            raise Problem(409, "policy_missing", f"There is no policy file for vendor {code!r}.")
        return policy

    def kind(self, account: Account) -> AccountType:
        """The rules of this kind of account."""
        return self.policy(account).type_of(account.type)

    def view(self, account: Account) -> AccountView:
        """The account as plain values."""
        return view(account, self.policy(account))
