"""The shape of a file of vendors' people and accounts. `docs/configuration.md` explains it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self

import phonenumbers
import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from farewell.billing.proration import Interval
from farewell.policy.model import ZoneName


class LoadError(ValueError):
    """A file that cannot be loaded; names the place and the reason. Nothing was loaded."""


class Part(BaseModel):
    """Base: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid")


class SecurityIn(Part):
    """A security question (index into the policy's list) and its answer."""

    question: int = Field(ge=0)
    answer: str = Field(min_length=1)


class PersonIn(Part):
    """A person."""

    email: str
    name: str
    vendor: str
    subject: str | None = None
    language: str = "en"
    about: str | None = None
    security: SecurityIn | None = None


class PortIn(Part):
    """An open port-out."""

    status: Literal["submitted", "confirmed", "completed", "verified", "canceled"]


class RenewalIn(Part):
    """What a number costs a month beside the plan, in minor units."""

    price_minor: int = Field(ge=0)
    anchor_day: int = Field(default=1, ge=1, le=31)
    billed_until: date | None = None


class NumberIn(Part):
    """A phone number in E.164 form."""

    e164: str
    label: str | None = None
    port: PortIn | None = None
    renewal: RenewalIn | None = None

    @field_validator("e164")
    @classmethod
    def is_e164(cls, value: str) -> str:
        """Refuse what is no number, but let fictional ones (555-01xx) through."""
        try:
            parsed = phonenumbers.parse(value)
        except phonenumbers.NumberParseException as error:
            raise ValueError(f"{value!r} is no phone number such as +13035550101") from error
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class PlanIn(Part):
    """The plan; price in minor units for a full period."""

    name: str
    price_minor: int = Field(ge=0)
    interval: Interval = "month"
    anchor_day: int = Field(default=1, ge=1, le=31)
    anchor_month: int | None = Field(default=None, ge=1, le=12)
    billed_until: date | None = None
    committed_until: date | None = None

    @model_validator(mode="after")
    def month_where_it_matters(self) -> Self:
        """Refuse a quarter or year that nobody knows the start of."""
        if (self.interval == "month") != (self.anchor_month is None):
            raise ValueError("anchor_month belongs to a plan by quarter or year, and it needs it")
        return self


class UsageIn(Part):
    """A quantity in whole units, used at a moment (ISO 8601, or such as `-3d`; default now)."""

    quantity: int = Field(ge=0)
    at: str = "-0d"
    reference: str | None = None


class MeterIn(Part):
    """Something that is measured; price in minor units for every `per` units."""

    name: str
    price_minor: int = Field(ge=0)
    per: int = Field(default=1, ge=1)
    usage: list[UsageIn] = Field(default_factory=list)


class TaxIn(Part):
    """A tax in per cent, as text: `"8.875"`."""

    name: str
    rate: Decimal = Field(ge=0, le=100, decimal_places=4)

    @field_validator("rate", mode="before")
    @classmethod
    def is_exact(cls, value: object) -> object:
        """Refuse a binary fraction: money is never reckoned with one."""
        if not isinstance(value, str | int):
            raise ValueError('write the rate in quotes, such as "8.875"')
        return value


class ChargeIn(Part):
    """An open charge in minor units; one of kind `credit` is given to the customer."""

    kind: Literal["usage", "one_off", "outstanding", "credit"]
    description: str
    amount_minor: int = Field(ge=0)


class ClosedIn(Part):
    """The account was closed before it was loaded."""

    at: str
    by: str


class AccountIn(Part):
    """An account. Its number is part of file names, so it has no slash and no leading dot."""

    number: str = Field(pattern=r"^\w[\w .:#-]{0,39}$")
    vendor: str
    name: str
    type: str
    zone: ZoneName = "UTC"
    currency: str = Field(default="USD", min_length=3, max_length=3)
    balance_minor: int = Field(default=0, ge=0)
    payment_method: str | None = None
    parent: str | None = None
    plan: PlanIn | None = None
    roles: dict[str, str | list[str]] = Field(default_factory=dict)
    """E-mail of a person → role or roles."""
    numbers: list[NumberIn] = Field(default_factory=list)
    charges: list[ChargeIn] = Field(default_factory=list)
    meters: list[MeterIn] = Field(default_factory=list)
    taxes: list[TaxIn] = Field(default_factory=list)
    features: dict[str, str] = Field(default_factory=dict)
    closed: ClosedIn | None = None


class FileIn(Part):
    """A whole file."""

    people: list[PersonIn] = Field(default_factory=list)
    accounts: list[AccountIn] = Field(default_factory=list)


def read_file(path: Path) -> FileIn:
    """Read and check a file.

    Raises LoadError with file, place and reason.
    """
    try:
        return FileIn.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except yaml.YAMLError as error:
        raise LoadError(f"{path.name}: not valid YAML: {error}") from error
    except ValidationError as error:
        raise LoadError(
            "\n".join(
                f"{path.name}: {'.'.join(str(p) for p in e['loc'])}: {e['msg']}"
                for e in error.errors()
            )
        ) from error
