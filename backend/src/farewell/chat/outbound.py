"""What the assistant said becomes stored messages, and what was shown is noted with them."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import update

from farewell.chat.asking import note_asked
from farewell.chat.inbound import offer_button, store_message, verify_buttons
from farewell.chat.speaker import language_of
from farewell.chat.tables import Conversation, Message, OfferedButton
from farewell.closing.approval import awaited_from
from farewell.closing.case import mark_shown, may_close, open_case_of
from farewell.work import Work

SAYS, ASKS = "utter_say_", "utter_ask_"
ASKED_ONCE = ("alternatives", "approve")
"""Questions that are not put before anybody a second time unasked."""


def deliver(work: Work, conversation: Conversation, said: list[dict[str, Any]]) -> list[Message]:
    """Store the assistant's messages in order. Runs of plain statements become one message."""
    asked = next(
        (
            str(m["utter_action"]).removeprefix(ASKS)
            for m in reversed(said)
            if str(m.get("utter_action", "")).startswith(ASKS)
        ),
        None,
    )
    if said:
        note_asked(conversation, asked)
        key = conversation.asked_key
        settle = update(OfferedButton).where(
            OfferedButton.conversation_id == conversation.id, OfferedButton.settled.is_(False)
        )
        if key:
            settle = settle.where(
                (OfferedButton.question != key) | OfferedButton.question.is_(None)
            )
        work.session.execute(settle.values(settled=True))
    stored: list[Message] = []
    run: list[str] = []

    def flush() -> None:
        if run:
            stored.append(store_message(work, conversation, "bot", "\n\n".join(run), []))
            run.clear()

    for message in _once(said):
        # A fact may be empty; it leaves no blank line behind.
        text = re.sub(r"\n\s*\n", "\n", str(message.get("text") or "").strip())
        buttons = message.get("buttons") or []
        if text and not buttons and str(message.get("utter_action", "")).startswith(SAYS):
            run.append(text)
            continue
        flush()
        if text or buttons:
            offered = [
                offer_button(
                    work, conversation, str(b["title"]), str(b["payload"]), conversation.asked_key
                )
                for b in buttons
            ]
            stored.append(store_message(work, conversation, "bot", text, offered))
    flush()
    if stored and conversation.verifying_account:
        ways_out = verify_buttons(language_of(conversation))
        stored[-1].buttons = [
            *stored[-1].buttons,
            *(
                offer_button(work, conversation, title, payload, None)
                for title, payload in ways_out
            ),
        ]
    _note_shown(work, conversation, said)
    return stored


def _once(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without statements that were made before in the same answer, for another wish in it."""
    kept: list[dict[str, Any]] = []
    for message in said:
        states = str(message.get("utter_action", "")).startswith(SAYS)
        if not (states and message in kept):
            kept.append(message)
    return kept


def _note_shown(work: Work, conversation: Conversation, said: list[dict[str, Any]]) -> None:
    shown = [
        (asked, "")
        for m in said
        if (asked := str(m.get("utter_action", "")).removeprefix(ASKS))
        in ("alternatives", "approve")
    ]
    shown += [
        (str(m["utter_action"]).removeprefix(SAYS), str(m["shown"]))
        for m in said
        if m.get("shown") and str(m.get("utter_action", "")).startswith(SAYS)
    ]
    account, person = conversation.account, conversation.person
    if not shown or account is None or person is None:
        return
    if not may_close(work, person, account) and not awaited_from(work, person, account):
        return
    case = open_case_of(work, account)
    if case:
        mark_shown(work, case=case, viewer=conversation.id, shown=shown)
