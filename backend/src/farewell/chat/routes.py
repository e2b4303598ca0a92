"""Routes of the chat: sign-in, messages."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from farewell.accounts.tables import Person
from farewell.callers import CustomerDep, ServicesDep
from farewell.chat.gateway import Gateway
from farewell.chat.identity import new_conversation
from farewell.chat.speaker import language_of
from farewell.chat.tables import Conversation, Message
from farewell.errors import Problem, not_found
from farewell.i18n import catalogue
from farewell.policy.model import words_in
from farewell.work import Work

router = APIRouter(tags=["chat"])


class SignIn(BaseModel):
    """A demo person by e-mail."""

    email: str = Field(max_length=320)


class SignedIn(BaseModel):
    """The token that speaks in a new conversation, and the language that is spoken in it."""

    token: str
    name: str
    vendor: str
    language: str


class Guest(BaseModel):
    """A visitor; `vendor` where the page belongs to one, `language` is the page's."""

    vendor: str | None = Field(default=None, max_length=64)
    language: str | None = Field(default=None, max_length=35)


class GuestToken(BaseModel):
    """The token that speaks in a new conversation, and the language that is spoken in it."""

    token: str
    language: str


def _whole_characters(message: Any) -> Any:
    """A browser can send half of a character (a lone surrogate), which is no text."""
    return message.encode(errors="ignore").decode() if isinstance(message, str) else message


class Incoming(BaseModel):
    """One customer message: words, or the payload of an offered button."""

    message: Annotated[str, BeforeValidator(_whole_characters), Field(max_length=200_000)]


class Button(BaseModel):
    """A button; send `payload` as the message to press it."""

    title: str
    payload: str


class Outgoing(BaseModel):
    """One message of the answer, as Rasa's REST channel has it."""

    text: str
    buttons: list[Button] | None = None


class StoredMessage(BaseModel):
    """A message of the conversation."""

    id: int
    sender: Literal["customer", "bot", "agent", "system"]
    text: str
    buttons: list[Button]
    at: datetime


class Messages(BaseModel):
    """Messages after an id, oldest first."""

    messages: list[StoredMessage]


class DemoPerson(BaseModel):
    """Somebody to try the demo with."""

    email: str
    name: str
    vendor: str
    vendor_name: str
    about: str


def _demo_only(services: ServicesDep, request: Request) -> None:
    host = request.client.host if request.client else ""
    try:
        local = ip_address(host).is_loopback
    except ValueError:
        local = False
    if not services.settings.demo or not local:
        raise Problem(
            403, "demo_only", "The demo sign-in is open in demo mode on this machine only."
        )


@router.post("/api/v1/demo/sign-in", response_model=SignedIn)
def demo_sign_in(body: SignIn, services: ServicesDep, request: Request) -> Any:
    """Sign in as a demo person; each call starts a new conversation. Demo mode, loopback only."""
    _demo_only(services, request)

    def use(work: Work) -> SignedIn:
        person = work.session.scalar(
            select(Person).where(Person.email == body.email.strip().lower())
        )
        if person is None:
            raise not_found("demo person")
        conversation, token = new_conversation(work, person=person, vendor=person.vendor)
        language = language_of(conversation).language
        return SignedIn(token=token, name=person.name, vendor=person.vendor, language=language)

    return services.in_transaction(use)


@router.get("/api/v1/demo/people", response_model=list[DemoPerson])
def demo_people(services: ServicesDep, request: Request) -> Any:
    """The demo's people. Demo mode, loopback only."""
    _demo_only(services, request)

    def use(work: Work) -> list[DemoPerson]:
        people = work.session.scalars(select(Person).where(Person.about.is_not(None)))
        return [
            DemoPerson(
                email=p.email,
                name=p.name,
                vendor=p.vendor,
                vendor_name=words_in(work.vendor(p.vendor).name, p.language),
                about=p.about or "",
            )
            for p in people
        ]

    return services.in_transaction(use)


@router.post("/api/v1/guest", response_model=GuestToken)
def guest(services: ServicesDep, request: Request, body: Guest | None = None) -> Any:
    """A conversation with a visitor who is not signed in."""
    wanted = body.vendor if body else None
    if wanted is not None and wanted not in services.policies:
        raise Problem(422, "unknown_vendor", "Use one of the vendors that have a policy.")
    if wanted is None and len(services.policies) == 1:
        wanted = next(iter(services.policies))

    def use(work: Work) -> GuestToken:
        conversation, token = new_conversation(work, person=None, vendor=wanted)
        conversation.address = request.client.host if request.client else None
        if body and body.language:
            conversation.language = catalogue(body.language).language
        return GuestToken(token=token, language=language_of(conversation).language)

    return services.in_transaction(use)


@router.post(
    "/webhooks/rest/webhook", response_model=list[Outgoing], response_model_exclude_none=True
)
async def message(body: Incoming, customer: CustomerDep, request: Request) -> Any:
    """Send a message; the answer has the form of Rasa's REST channel."""
    gateway: Gateway = request.app.state.gateway
    conversation_id, answers = await run_in_threadpool(customer.open_question)
    return await gateway.receive(conversation_id, body.message, answers=answers)


@router.get("/api/v1/conversation/messages", response_model=Messages)
def messages(customer: CustomerDep, after: Annotated[int, Query(ge=0, le=2**53)] = 0) -> Any:
    """Everything in the conversation after a message id."""

    def use(work: Work, conversation: Conversation) -> Messages:
        rows = work.session.scalars(
            select(Message)
            .where(Message.conversation_id == conversation.id, Message.id > after)
            .order_by(Message.id)
        )
        return Messages(
            messages=[StoredMessage.model_validate(row, from_attributes=True) for row in rows]
        )

    return customer.run(use)
