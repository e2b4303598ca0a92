"""Find an account for those who may see all of them: operators and the host application."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from farewell.accounts.tables import Account
from farewell.errors import not_found


def account_numbered(session: Session, number: str) -> Account:
    """The account with a number.

    Raises Problem 404 for an unknown number.
    """
    account = session.scalar(select(Account).where(Account.number == number))
    if account is None:
        raise not_found("account")
    return account
