"""Routes for what is billed: usage from the host application."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, Field

from farewell.billing.usage import record_usage
from farewell.callers import Json, ServicesDep, service_only
from farewell.work import Work

router = APIRouter(tags=["billing"])


class Usage(BaseModel):
    """A quantity in whole units of a meter. The reference is the host's own and makes it one."""

    meter: str
    quantity: int = Field(ge=0)
    occurred_at: AwareDatetime
    reference: str = Field(min_length=1, max_length=200)


@router.post("/api/v1/service/accounts/{number}/usage", dependencies=[Depends(service_only)])
def usage(number: str, body: Usage, services: ServicesDep) -> Json:
    """Record usage. `status` says whether a bill will hold it or it came too late for one."""

    def use(work: Work) -> Json:
        found = record_usage(work, number=number, **body.model_dump())
        return {"reference": found.reference, "status": found.status}

    return services.in_transaction(use)
