"""A day to come in a customer's words, on which a closing does not take effect by the policy."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from farewell.chat.naming import day_named
from farewell.chat.tables import Conversation
from farewell.closing.case import effect_for
from farewell.facts import Statement
from farewell.work import Work

SOON = timedelta(days=183)
"""Nobody asks for a closing at a later day; such a day is made of other words."""


def no_other_day(work: Work, conversation: Conversation, text: str) -> list[Statement]:
    """That the account of this conversation can't be closed on the day that the text names."""
    account = conversation.account
    if account is None or account.status not in ("active", "closing"):
        return []
    if work.kind(account).takes_effect.stated is None:
        return []
    now = work.now.astimezone(ZoneInfo(account.zone))
    day = day_named(conversation, text, now)
    if day is None or not timedelta(0) < day - now.date() <= SOON:
        return []
    later = effect_for(work, account)
    if later is None:
        return [Statement("no_other_day", {"day": day})]
    if day == later.last_day:
        return []
    return [Statement("no_day_but_the_last", {"day": day, "last_day": later.last_day})]
