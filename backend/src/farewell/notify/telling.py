"""Tell somebody who is not being answered at this moment: by the outbox, and in their chat."""

from __future__ import annotations

from sqlalchemy import case, select

from farewell.accounts.tables import Account, Person
from farewell.chat.speaker import language_of
from farewell.chat.tables import Conversation, Message
from farewell.facts import Statement, texts
from farewell.notify.outbox import promise
from farewell.work import Work


def tell(
    work: Work, person: Person, account: Account, statement: Statement, *, asks: bool = False
) -> None:
    """Promise a message, and put it into the person's newest conversation, with the words of
    `told.CODE`. `asks`: the next message there leads on with this account's closing."""
    promise(
        work.session,
        work.now,
        kind=statement.code,
        person_id=person.id,
        account=account,
        statements=[statement],
    )
    say_in_chat(work, person, account, statement, asks=asks)


def say_in_chat(
    work: Work, person: Person, account: Account, statement: Statement, *, asks: bool = False
) -> None:
    """Put a message into the person's newest conversation, if there is one."""
    conversation = newest_conversation(work, person, account)
    if conversation is None:
        return
    words = language_of(conversation)
    text = words.text(f"told.{statement.code}", **texts(statement.facts, words))
    work.session.add(
        Message(
            conversation_id=conversation.id, sender="system", text=text, buttons=[], at=work.now
        )
    )
    if asks and conversation.account_id in (None, account.id):
        conversation.account, conversation.topic = account, "closing"


def newest_conversation(work: Work, person: Person, account: Account) -> Conversation | None:
    """The person's newest conversation about an account, else the newest one at all."""
    return work.session.scalar(
        select(Conversation)
        .where(Conversation.person_id == person.id)
        .order_by(
            case((Conversation.account_id == account.id, 0), else_=1),
            Conversation.created_at.desc(),
        )
        .limit(1)
    )
