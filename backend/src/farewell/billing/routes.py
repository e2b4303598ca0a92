"""What the host application's billing calls, with the service token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header
from pydantic import AwareDatetime, BaseModel, Field

from farewell.accounts.finding import account_numbered
from farewell.accounts.tables import Account, Charge
from farewell.audit import HOST, record
from farewell.billing import charging
from farewell.billing.usage import record_usage
from farewell.callers import Json, ServicesDep, service_once, service_only
from farewell.errors import Problem
from farewell.payments.tables import ChargePayment, PaymentProfile
from farewell.work import Work

router = APIRouter(
    prefix="/api/v1/service/accounts/{number}",
    tags=["billing"],
    dependencies=[Depends(service_only)],
)
KeyHeader = Annotated[str | None, Header(alias="Idempotency-Key")]
Amount = Annotated[int, Field(gt=0, lt=2**31)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class Renewal(BaseModel):
    """The plan's next period, which ends with the day `through`."""

    path: Literal["renewal"]
    through: date


class NumberRenewal(BaseModel):
    """A number's next month, which ends with the day `through`; the amount in minor units."""

    path: Literal["number_renewal"]
    e164: str
    amount_minor: Amount
    through: date


class Usage(BaseModel):
    """Rated usage; the amount in minor units."""

    path: Literal["usage"]
    description: Text
    amount_minor: Amount
    occurred_at: AwareDatetime | None = None


class Item(BaseModel):
    """A one-off item; the amount in minor units."""

    path: Literal["item"]
    description: Text
    amount_minor: Amount


class Retry(BaseModel):
    """A payment for an open charge, begun at the payment provider under `reference`."""

    path: Literal["retry"]
    charge_id: int
    reference: Text


class Metered(BaseModel):
    """A quantity in whole units of a meter. The reference is the host's own and makes it one."""

    meter: str
    quantity: int = Field(ge=0)
    occurred_at: AwareDatetime
    reference: Text


class Profile(BaseModel):
    """The payment provider's names: customer, payment method (else the default), subscription."""

    customer: Text
    method: Text | None = None
    subscription: Text | None = None


class Plan(BaseModel):
    """A plan that a converted account buys; the price of a period in minor units."""

    plan: Text
    price_minor: Amount


Charged = Annotated[Renewal | NumberRenewal | Usage | Item | Retry, Field(discriminator="path")]


PATHS: dict[str, Callable[..., Charge | ChargePayment | charging.Refused]] = {
    "renewal": charging.renew_plan,
    "number_renewal": charging.renew_number,
    "usage": charging.rate_usage,
    "item": charging.charge_item,
    "retry": charging.retry_charge,
}
"""What charges on each path; a body holds what it needs, by name."""


def _charge(work: Work, account: Account, body: Charged) -> Json:
    made = PATHS[body.path](work, account, HOST, **body.model_dump(exclude={"path"}))
    match made:
        case charging.Refused(since=since):
            return {"refused_since": since.isoformat()}
        case ChargePayment():
            return {"charge_id": made.charge_id, "reference": made.reference}
        case Charge():
            return {"charge_id": made.id, "amount_minor": made.amount_minor}


@router.post("/charges", status_code=201)
def charge(
    number: str, body: Charged, services: ServicesDep, idempotency_key: KeyHeader = None
) -> Json:
    """Charge an account, unless it is closed (409 `billing_locked`; the refusal is recorded)."""

    answer = service_once(
        services,
        idempotency_key,
        ["charge", number, body.model_dump(mode="json")],
        lambda work: _charge(work, account_numbered(work.session, number), body),
    )
    if "refused_since" in answer:
        since = datetime.fromisoformat(answer["refused_since"])
        raise Problem(
            409, "billing_locked", f"Nothing is charged since the account was closed at {since}."
        )
    return answer


@router.put("/payment-profile", status_code=204)
def payment_profile(number: str, body: Profile, services: ServicesDep) -> None:
    """Tell the payment provider's names for an account."""

    def use(work: Work) -> None:
        account = account_numbered(work.session, number)
        profile = work.session.get(PaymentProfile, account.id)
        if profile is None:
            profile = PaymentProfile(account_id=account.id)
            work.session.add(profile)
        profile.customer, profile.method = body.customer, body.method
        profile.subscription = body.subscription
        subject = f"account:{account.number}"
        record(work.session, work.now, HOST, "payment_profile.told", subject)

    services.in_transaction(use)


@router.post("/plan")
def buy_plan(
    number: str, body: Plan, services: ServicesDep, idempotency_key: KeyHeader = None
) -> Json:
    """A converted account takes a paid plan again."""

    def use(work: Work) -> Json:
        account = account_numbered(work.session, number)
        charging.buy_plan(work, account, HOST, plan=body.plan, price_minor=body.price_minor)
        return {"account": account.number, "status": account.status}

    return service_once(services, idempotency_key, ["plan", number, body.model_dump()], use)


@router.post("/usage")
def usage(number: str, body: Metered, services: ServicesDep) -> Json:
    """Record usage. `status` says whether a bill will hold it or it came too late for one."""

    def use(work: Work) -> Json:
        found = record_usage(work, number=number, **body.model_dump())
        return {"reference": found.reference, "status": found.status}

    return services.in_transaction(use)
