"""Routes for what comes after and beside closing: reactivation, exports, news of ports."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from farewell.audit import Actor
from farewell.billing.money import Money
from farewell.callers import CustomerDep, Json, ServicesDep, service_only
from farewell.chat.gateway import Gateway
from farewell.chat.speaker import person_of
from farewell.chat.tables import Conversation
from farewell.closing.case import visible_account
from farewell.closing.confirm import closure_json
from farewell.errors import not_found
from farewell.facts import as_json
from farewell.lifecycle.balances import request_balance_refund
from farewell.lifecycle.ports import port_news
from farewell.lifecycle.reactivation import reactivate
from farewell.lifecycle.tables import Export
from farewell.work import Work

router = APIRouter(tags=["lifecycle"])


class Consent(BaseModel):
    """Consent to a price in minor units."""

    price_minor: int = Field(ge=0)
    currency: str = Field(min_length=3, max_length=3)


class PortNews(BaseModel):
    """What the carrier says of a port."""

    status: Literal["submitted", "confirmed", "completed", "canceled"]


@router.post("/api/v1/accounts/{number}/reactivation")
def reactivation(
    number: str,
    body: Consent,
    customer: CustomerDep,
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> Json:
    """Reactivate a closed account, with consent to the price."""

    def use(work: Work, conversation: Conversation) -> Json:
        person = person_of(conversation)
        account = visible_account(work, person, number)
        closure = reactivate(
            work,
            person=person,
            account=account,
            actor=Actor(f"person:{person.id}", "api"),
            price=Money(body.price_minor, body.currency),
        )
        return {"account": account.number, "status": account.status} | closure_json(closure)

    return customer.run_once(idempotency_key, ["reactivation", number, body.model_dump()], use)


@router.post("/api/v1/accounts/{number}/balance-refund", status_code=202)
def balance_refund(
    number: str,
    customer: CustomerDep,
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> Json:
    """Ask for the kept balance of a closed account; it is paid back by a duty."""

    def use(work: Work, conversation: Conversation) -> Json:
        person = person_of(conversation)
        account = visible_account(work, person, number)
        actor = Actor(f"person:{person.id}", "api")
        money = request_balance_refund(work, person=person, account=account, actor=actor)
        return {"account": account.number, "refund": as_json(money)}

    return customer.run_once(idempotency_key, ["balance-refund", number], use)


@router.get("/exports/{export_id}", response_class=FileResponse)
def export(export_id: str, services: ServicesDep) -> FileResponse:
    """The archive of an export, until the stated time. The id is the permission."""

    def use(work: Work) -> str:
        found = work.session.get(Export, export_id)
        if found is None or found.expires_at <= work.now:
            raise not_found("export")
        return found.file

    name = services.in_transaction(use)
    return FileResponse(services.settings.data / "exports" / name, filename=name)


@router.put(
    "/api/v1/service/numbers/{e164}/port-out",
    status_code=204,
    dependencies=[Depends(service_only)],
)
async def news_of_port(e164: str, body: PortNews, services: ServicesDep, request: Request) -> None:
    """News of a port-out from the carrier; a waiting customer is asked whether it works."""
    gateway: Gateway = request.app.state.gateway
    conversation_id = await run_in_threadpool(
        services.in_transaction, lambda work: port_news(work, e164=e164, status=body.status)
    )
    if conversation_id:
        await gateway.nudge(conversation_id, "/port_update")
