"""Record that a customer wants a human, with what the human needs to know."""

from __future__ import annotations

import re

from sqlalchemy import select

from farewell.audit import Actor, record
from farewell.chat.tables import Conversation
from farewell.closing import statements
from farewell.desk.hours import is_open, next_opening
from farewell.desk.tables import Handover
from farewell.facts import Facts, Moment, Phrase, Statement, VendorWords
from farewell.policy.model import Policy
from farewell.work import Work

SENTENCE_ENDS = re.compile(r"[.!?\n]+(?=\s)")


def is_brief(text: str) -> bool:
    """Whether words are a wish and nothing else; longer ones have something to tell."""
    words = len(text.split())
    return words <= 5 or (words <= 8 and not SENTENCE_ENDS.search(text))


def when_people_answer(policy: Policy, work: Work, zone: str) -> Statement:
    """Whether somebody answers now; otherwise when, in the customer's zone."""
    hours = policy.support.hours.stated
    others = statements.contacts(policy, in_hours=False) if hours else []
    facts: Facts = {
        "contacts": statements.contacts(policy, in_hours=True if hours else None),
        "others": Phrase("contacts.without_hours", {"contacts": others}) if others else "",
        "vendor": statements.vendor(policy),
    }
    facts["outside_hours"] = VendorWords(policy.support.outside_hours or {"en": ""})
    if hours is None:
        return Statement("human_hours_not_stated", facts)
    if is_open(hours, work.now):
        closes = work.now.astimezone(hours.tz).replace(
            hour=hours.closes.hour, minute=hours.closes.minute
        )
        return Statement("human_now", {**facts, "closes": Moment(closes, zone)})
    return Statement("human_later", {**facts, "opens": Moment(next_opening(hours, work.now), zone)})


def hand_over(
    work: Work,
    *,
    conversation: Conversation,
    actor: Actor,
    error_code: str | None = None,
    text: str = "",
) -> list[Statement]:
    """Record a handover and say when somebody answers. The bot stays.

    Who is asked for a message and wants a human in more than a few words has given it.
    """
    if conversation.awaits_message and not is_brief(text):
        return leave_message(work, conversation=conversation, actor=actor, text=text)
    conversation.awaits_message = None
    account = conversation.account
    step = conversation.asked or "none"
    summary = ", ".join(
        part
        for part in (
            f"vendor {conversation.vendor}" if conversation.vendor else "",
            f"account {account.number} ({account.type}, {account.status})" if account else "",
            "signed in" if conversation.person_id else "not signed in",
            f"topic {conversation.topic}",
            f"step {step}",
            f"error {error_code}" if error_code else "",
        )
        if part
    )
    handover = Handover(
        conversation_id=conversation.id,
        account_id=account.id if account else None,
        step=step,
        error_code=error_code,
        summary=summary,
        created_at=work.now,
    )
    work.session.add(handover)
    work.session.flush()
    record(
        work.session,
        work.now,
        actor,
        "handover.requested",
        f"conversation:{conversation.id}",
        step=step,
        error_code=error_code,
    )
    told = [Statement("handover_recorded", {"reference": handover.id[:8].upper()})]
    if conversation.vendor is None:
        # A wish that waits for the service already is not forgotten over it.
        waits = conversation.topic == "choose_vendor" and conversation.wanted
        conversation.topic, conversation.wanted = "choose_vendor", waits or "human"
        return told
    policy = work.vendor(conversation.vendor)
    zone = account.zone if account else "UTC"
    hours = policy.support.hours.stated
    if account is None and hours is not None:
        zone = hours.zone
    when = when_people_answer(policy, work, zone)
    told.append(when)
    checked = conversation.topic == "verify" or conversation.verifying_account
    if when.code == "human_later" and not checked:
        conversation.awaits_message = handover.id
    if policy.support.needs_failing_step and account:
        told.append(Statement("handover_step", {"step": Phrase(f"step.{step}", {})}))
    return told


def human_wanted(work: Work, conversation: Conversation) -> bool:
    """Whether this customer asked for a human before."""
    found = select(Handover.id).where(Handover.conversation_id == conversation.id).limit(1)
    return work.session.scalar(found) is not None


def leave_message(
    work: Work, *, conversation: Conversation, actor: Actor, text: str, declined: bool = False
) -> list[Statement]:
    """Keep the customer's message with the handover; an empty one means that there is none.

    `declined`: the words were understood as another wish. Where they tell more than that, they are
    kept all the same: what a customer wrote to the humans is never lost.
    """
    handover = work.session.get(Handover, conversation.awaits_message or "")
    conversation.awaits_message = None
    if handover is None:
        return []
    if not text or (declined and is_brief(text)):
        return [Statement("no_message", {})]
    handover.message = text
    record(work.session, work.now, actor, "handover.message", f"conversation:{conversation.id}")
    return [Statement("message_left", {"reference": handover.id[:8].upper()})]
