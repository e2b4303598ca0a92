"""What a customer's message becomes before it reaches the assistant.

Rule 1: stripped (Unicode spaces too), never with a leading slash; a button's opaque id is mapped
to the intent that was offered; a security answer stays here.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass

from sqlalchemy import select

from farewell.chat import plain
from farewell.chat.identity import security_question, verify
from farewell.chat.speaker import language_of
from farewell.chat.tables import Conversation, Message, OfferedButton
from farewell.closing.statements import contacts
from farewell.facts import VendorWords, as_text
from farewell.i18n import Catalogue
from farewell.policy.model import words_in
from farewell.work import Work

MASKED = "••••••"
VERIFIED = "/verified"
HUMAN = "/request_human"


@dataclass(frozen=True)
class ForRasa:
    """Goes to the assistant."""

    text: str


@dataclass(frozen=True)
class Reply:
    """The gateway answers itself."""

    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    then_ask: bool = False
    """The assistant asks the open question again."""


def human_sentence(work: Work, conversation: Conversation) -> str:
    """How to reach a human, with the vendor's own contacts where the vendor is known."""
    words = language_of(conversation)
    if conversation.vendor is None or conversation.vendor not in work.policies:
        return words.text("gateway.human.generic")
    ways = contacts(work.vendor(conversation.vendor))
    return words.text("gateway.human", contacts="; ".join(as_text(w, words) for w in ways))


def stripped(text: str) -> str:
    """The message without outer and invisible characters, and without leading slashes."""
    kept = "".join(
        c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co")
    )
    kept = kept.strip()
    while kept.startswith("/"):
        kept = kept[1:].strip()
    return kept


def store_message(
    work: Work, conversation: Conversation, sender: str, text: str, buttons: list[dict[str, str]]
) -> Message:
    """Keep a message; its id rises within the conversation."""
    message = Message(
        conversation_id=conversation.id, sender=sender, text=text, buttons=buttons, at=work.now
    )
    work.session.add(message)
    work.session.flush()
    return message


def offer_button(
    work: Work, conversation: Conversation, title: str, payload: str, question: str | None
) -> dict[str, str]:
    """A button for the wire: its payload is an opaque id."""
    button = OfferedButton(
        id=f"b_{secrets.token_urlsafe(16)}",
        conversation_id=conversation.id,
        title=title,
        payload=payload,
        question=question,
    )
    work.session.add(button)
    return {"title": title, "payload": button.id}


def take(
    work: Work, conversation: Conversation, raw: str, limit: int, *, answers: str | None
) -> ForRasa | Reply:
    """Store the customer's message and decide who answers it.

    `answers` is the question (`asked_key`) that was open when the message arrived: a yes that was
    sent before a question was delivered is no answer to it.
    """
    words = language_of(conversation)
    known = work.session.get(OfferedButton, raw.strip()) if len(raw) < 64 else None
    if known and known.conversation_id == conversation.id:
        store_message(work, conversation, "customer", known.title, [])
        conversation.pressed = known.payload
        if known.settled:
            return Reply(words.text("gateway.old_button"))
        return _pressed(work, conversation, known.payload)
    conversation.pressed = None
    text = stripped(raw)
    if conversation.verifying_account:
        store_message(work, conversation, "customer", MASKED if text else "", [])
        return _security_answer(work, conversation, text, limit)
    store_message(work, conversation, "customer", text[:limit], [])
    asks = conversation.asked is not None
    if not text:
        return Reply(words.text("gateway.empty"), then_ask=asks)
    if len(text) > limit:
        return Reply(words.text("gateway.too_long", limit=str(limit)), then_ask=asks)
    if answers is None or answers != conversation.asked_key:
        return ForRasa(text)
    settled = _settled_by_question(work, conversation, text)
    conversation.pressed = settled
    return ForRasa(settled or text)


def _settled_by_question(work: Work, conversation: Conversation, text: str) -> str | None:
    """The payload of a bare yes or no, or of the very words of an offered button."""
    offered = work.session.scalars(
        select(OfferedButton).where(
            OfferedButton.conversation_id == conversation.id, OfferedButton.settled.is_(False)
        )
    )
    for button in offered:
        if plain.same_words(button.title) == plain.same_words(text):
            return button.payload
    if conversation.asked in plain.CONFIRMATIONS and plain.is_confirmation(conversation, text):
        return plain.CONFIRMED
    if conversation.asked == "port_works" and plain.says_it_works(conversation, text):
        return plain.YES
    if conversation.asked == "data_export" and plain.has_data(conversation, text):
        return plain.HAVE_DATA
    if conversation.asked == "data_export" and plain.wants_no_export(conversation, text):
        return plain.NO_EXPORT
    if plain.is_plain_yes(conversation, text):
        return plain.YES
    if plain.is_plain_no(conversation, text):
        return plain.NO
    return None


def _pressed(work: Work, conversation: Conversation, payload: str) -> ForRasa | Reply:
    if conversation.verifying_account and payload != HUMAN:  # which leaves the question open
        conversation.verifying_account = None
        conversation.topic = "none"
    if payload == STOP_VERIFYING:
        return Reply(language_of(conversation).text("verify.stopped"))
    return ForRasa(payload)


STOP_VERIFYING = "stop_verifying"


def _security_answer(
    work: Work, conversation: Conversation, text: str, limit: int
) -> ForRasa | Reply:
    words = language_of(conversation)
    number = conversation.verifying_account or ""
    question = question_text(work, conversation, number, again=True)
    if not text or len(text) > limit or plain.asks_to_repeat(conversation, text):
        return Reply(question, verify_buttons(words))
    if plain.asks_for_human(conversation, text):
        return ForRasa(HUMAN)
    if plain.stops(conversation, text):
        return _pressed(work, conversation, STOP_VERIFYING)
    if plain.asks_why(conversation, text):
        return Reply(words.text("verify.why", question=question), verify_buttons(words))
    if plain.goes_back(conversation, text):
        return ForRasa("/go_back")
    if plain.starts_over(conversation, text):
        return ForRasa("/start_over")
    if text.endswith("?"):  # a question of the customer's; it counts as no attempt
        return Reply(words.text("verify.first", question=question), verify_buttons(words))
    outcome = verify(work, conversation, number, text).outcome
    if outcome == "verified":
        conversation.verifying_account = None
        return ForRasa(VERIFIED)
    if outcome == "locked":
        conversation.verifying_account = None
        conversation.topic = "none"
        return Reply(
            words.text(
                "verify.locked",
                sign_in_at=sign_in_at(work, conversation),
                human=human_sentence(work, conversation),
            )
        )
    return Reply(
        words.text(
            "verify.wrong",
            sign_in_at=sign_in_at(work, conversation),
            question=question,
        ),
        verify_buttons(words),
    )


def verify_buttons(words: Catalogue) -> tuple[tuple[str, str], ...]:
    """The ways out while a security answer is awaited."""
    return (
        (words.text("verify.button.stop"), STOP_VERIFYING),
        (words.text("verify.button.human"), HUMAN),
    )


def question_text(
    work: Work, conversation: Conversation, number: str, *, again: bool = False
) -> str:
    """The security question as a sentence, in other words when it is asked again."""
    words = language_of(conversation)
    question = words_in(security_question(work, conversation, number), words.language)
    return words.text("verify.question_again" if again else "verify.question", question=question)


def sign_in_at(work: Work, conversation: Conversation) -> str:
    """Where to sign in, in the vendor's words."""
    words = language_of(conversation)
    vendors = [conversation.vendor] if conversation.vendor else list(work.policies)
    policy = next(p for v in vendors if (p := work.policies[v]).verification)
    return as_text(VendorWords(policy.sign_in_at), words)
