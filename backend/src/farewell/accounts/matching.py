"""Find which of the customer's own accounts or numbers is meant by free words; never guess."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from farewell.accounts.tables import Account


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _tokens(text: str) -> set[str]:
    return set(re.findall(r"\w{2,}", _plain(text)))


def match_account(
    text: str, accounts: Sequence[Account], type_names: dict[str, str]
) -> Account | None:
    """The one account that the words point to, by number or by words of its name or kind that
    no other of these accounts has. None where they point to none or to several."""
    plain = re.sub(r"\s+", "", _plain(text))
    by_number = [a for a in accounts if re.sub(r"\s+", "", _plain(a.number)) in plain]
    if by_number:
        longest = max(len(a.number) for a in by_number)
        exact = [a for a in by_number if len(a.number) == longest]
        return exact[0] if len(exact) == 1 else None
    said = _tokens(text)
    words = {a.id: _tokens(f"{a.name} {type_names.get(a.type, '')}") for a in accounts}
    scored = []
    for account in accounts:
        others = [words[other.id] for other in accounts if other is not account]
        distinct = {w for w in words[account.id] if not any(w in other for other in others)}
        scored.append((len(distinct & said), account))
    best = max((score for score, _ in scored), default=0)
    winners = [account for score, account in scored if score == best and best > 0]
    return winners[0] if len(winners) == 1 else None


def match_number(text: str, e164s: Sequence[str]) -> str | None:
    """The one number whose last digits the text names (at least four). None if unclear."""
    said = re.findall(r"\d{4,}", re.sub(r"[\s().\-/]+", "", text))
    found = {n for n in e164s for digits in said if n.endswith(digits) or digits.endswith(n[-10:])}
    return found.pop() if len(found) == 1 else None
