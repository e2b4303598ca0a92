"""The shape of a policy file: every rule is a value with its source, assumed, or not stated.

`docs/policy.md` is the reference for people who write one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Generic, Literal, Self, TypeVar, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    model_validator,
)

NOT_STATED: Literal["not_stated"] = "not_stated"
T = TypeVar("T")


class PolicyPart(BaseModel):
    """Base of all parts: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _one_origin(source: str | None, assumed: str | None) -> None:
    if bool(source) == bool(assumed):
        raise ValueError("give either the guide's words as source, or the reason as assumed")


class Rule(PolicyPart, Generic[T]):
    """One rule of a closing guide: the value and where it comes from.

    Exactly one of these holds: the value has a `source` (the guide's own words), the value is
    `assumed` (with the reason), or the value is `not_stated`.
    """

    value: T | Literal["not_stated"]
    source: str | None = None
    assumed: str | None = None

    @model_validator(mode="after")
    def one_origin(self) -> Self:
        if self.value == NOT_STATED:
            if self.source or self.assumed:
                raise ValueError("a not_stated rule has neither source nor assumed")
        else:
            _one_origin(self.source, self.assumed)
        return self

    @property
    def stated(self) -> T | None:
        """The value, or None where the guide is silent."""
        return None if self.value == NOT_STATED else self.value


def _words(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not value:
        raise ValueError("expected words per language, such as {en: …}")
    words = {str(k): str(v).strip() for k, v in value.items()}
    if "en" not in words:
        raise ValueError("words need at least the language en")
    if any(not text for text in words.values()):
        raise ValueError("words must not be empty")
    return words


Words = Annotated[dict[str, str], PlainValidator(_words)]
"""The vendor's own words, by language code."""


def words_in(words: Mapping[str, str], language: str) -> str:
    """The words in a language (`es-MX` falls back to `es`, then to English)."""
    return words.get(language) or words.get(language.split("-")[0]) or words["en"]


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"unknown time zone {name!r}; use an IANA name such as America/New_York")
    return name


ZoneName = Annotated[str, AfterValidator(_zone)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Days = Annotated[int, Field(ge=0, le=3660)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ReasonCode = Literal[
    "too_expensive",
    "missing_feature",
    "switched_provider",
    "not_used_enough",
    "too_hard_to_use",
    "quality_or_reliability",
    "support",
    "closing_business",
    "consolidating_accounts",
    "other",
]
"""Why customers leave: the same few codes for every vendor, so that reasons can be counted."""
REASON_CODES: tuple[ReasonCode, ...] = get_args(ReasonCode)


class OpeningHours(PolicyPart):
    """When people answer, in the vendor's zone."""

    days: list[Weekday] = Field(min_length=1)
    opens: time
    closes: time
    zone: ZoneName

    @model_validator(mode="after")
    def opens_first(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("opens must be before closes")
        return self

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class Contact(PolicyPart):
    """One way to reach a human at the vendor."""

    channel: Literal["phone", "chat", "email", "portal"]
    who: Words
    address: str | Words | None = None
    """A phone number or mail address as the guide prints it; words where it is no mere number."""
    note: Words | None = None
    """What to say or send along."""


class Support(PolicyPart):
    """The vendor's people: what they may do, how and when they are reached."""

    closes_for_customer: Rule[bool]
    hours: Rule[OpeningHours]
    contacts: list[Contact] = Field(min_length=1)
    needs_failing_step: bool = False
    """Support asks for the specific step at which the customer failed."""
    outside_hours: Words | None = None
    closes_not_because: Words | None = None
    """Why support does not close an account, in the guide's words."""


class Alternative(PolicyPart):
    """Something that the customer may do instead of closing."""

    code: Code
    title: Words
    text: Words
    still_charged: Words | None = None
    """What goes on being charged when it is taken; said with the offer."""
    sets: dict[Code, str] = Field(default_factory=dict)
    """Features of the account that taking it changes."""
    human: bool = False
    """Taking it means to talk with the vendor's people."""
    source: str | None = None
    assumed: str | None = None

    @model_validator(mode="after")
    def one_origin(self) -> Self:
        _one_origin(self.source, self.assumed)
        return self


class Alternatives(PolicyPart):
    """The one message of alternatives. More than one, or one that must be answered, is a maze."""

    messages: int = 1
    can_be_declined: bool = True
    offers: list[Alternative] = Field(default_factory=list)


class Numbers(PolicyPart):
    """What closing does to phone numbers."""

    on_close: Rule[Literal["released", "may_be_lost", "kept", "none"]]
    ask_to_keep: Rule[bool]
    """Ask whether any number is to be kept, and show the way to port it out first."""
    port_out_steps: list[Words] = Field(default_factory=list)
    restore_days: Rule[Days]
    """Days after closing within which a reactivated account may restore released numbers."""
    restore_otherwise_by_support: bool = False


class Billing(PolicyPart):
    """How the final bill is made up. Amounts are whole minor units of the account's currency."""

    timing: Rule[Literal["in_arrears", "in_advance"]]
    proration: Rule[Literal["actual_days", "none"]]
    outstanding: Rule[Literal["collect", "write_off"]]
    settle_after_days: Rule[Days]
    """Calendar days from closing to the charge, in the account's zone."""
    settle_by: Rule[Literal["auto_pay", "none"]]
    fees: Rule[Literal["none"]]
    rounding: Literal["half_up", "half_even"] = "half_up"
    quote_minutes: Annotated[int, Field(ge=1, le=1440)] = 30


class Balance(PolicyPart):
    """What becomes of money that the vendor still holds for the customer."""

    treatment: Rule[Literal["refund_to_card", "keep_for_request"]]
    days: Rule[Days]
    request_through: Words | None = None


class Data(PolicyPart):
    """What becomes of the customer's data, and the export before."""

    treatment: Rule[Literal["kept", "deleted_at_once"]]
    kept_days: Rule[Days]
    readable_after_closing: Rule[bool]
    offer_export: bool = True
    export_required: bool = False


class Undo(PolicyPart):
    """Whether a closing can be undone, by whom, and how long."""

    by: Rule[Literal["customer", "support", "nobody"]]
    days: Rule[Days]
    after_that: Words | None = None


class Cascade(PolicyPart):
    """What closing this account does to the accounts under it."""

    closes_children: Rule[bool]
    transfer_first: Rule[bool]
    children_alone_close_parent: Rule[bool]


class Conversion(PolicyPart):
    """The account turns into a free one instead of being closed."""

    to_plan: Words
    source: str


class Notice(PolicyPart):
    """A closing takes effect so many days after it was confirmed."""

    notice_days: Annotated[int, Field(ge=1, le=366)]
    """Whole days in the account's zone. The day of confirming is not among them; service goes on to
    the end of the last one."""


class ChargedUpTo(PolicyPart):
    """Usage between confirming and the end is added to the final bill, up to an amount."""

    up_to_minor: Annotated[int, Field(ge=1)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """An account in another currency is charged for no such usage."""


class AccountType(PolicyPart):
    """The rules of one kind of account."""

    name: Words
    parent_type: Code | None = None
    closed_by: Rule[list[Code]]
    second_approval: Rule[list[Code]] | None = None
    """Roles of which a second person must agree to a closing; none where it is left out."""
    takes_effect: Rule[Literal["at_once", "period_end"] | Notice]
    usage_until_effect: Rule[Literal["written_off"] | ChargedUpTo] | None = None
    """What becomes of usage between confirming and the end; written off where it is left out."""
    signs_out: Rule[bool]
    double_check_name: bool = False
    converts: Conversion | None = None
    alternatives: Alternatives = Alternatives()
    numbers: Numbers
    billing: Billing
    balance: Balance
    data: Data
    undo: Undo
    cascade: Cascade | None = None

    @property
    def ends_later(self) -> bool:
        """Whether a confirmed closing takes effect later than at once."""
        return self.takes_effect.stated not in (None, "at_once")

    @property
    def second_roles(self) -> list[Code]:
        """Roles of which a second person must agree; empty where nobody has to."""
        return (self.second_approval.stated if self.second_approval else None) or []

    @model_validator(mode="after")
    def later_end_can_be_billed(self) -> Self:
        """Refuse what would leave open what the customer pays for the time until the end."""
        if self.converts and (self.ends_later or self.second_roles):
            raise ValueError("a conversion takes effect at once and needs no second person")
        if self.usage_until_effect and not self.ends_later:
            raise ValueError("usage_until_effect belongs to a closing that takes effect later")
        in_advance = self.billing.timing.stated == "in_advance"
        unclear = self.billing.proration.stated in (None, "none")
        if isinstance(self.takes_effect.stated, Notice) and in_advance and unclear:
            raise ValueError(
                "takes_effect: notice may outlast the paid period, and without billing.proration "
                "nothing says what those days cost"
            )
        return self


class ExitReason(PolicyPart):
    """A reason that gets a button; free words are always possible."""

    code: ReasonCode
    title: Words


class ExitReasons(PolicyPart):
    """The question for the reason. It can be skipped, always."""

    required: bool = False
    choices: list[ExitReason] = Field(min_length=1)


class Policy(PolicyPart):
    """One vendor's rules."""

    vendor: Code
    name: Words
    guide: str
    """Where the rules come from: the published guide's title."""
    sign_in_at: Words
    role_names: dict[Code, Words]
    verification: list[Literal["account_number_and_security_answer"]] = Field(default_factory=list)
    security_questions: list[Words] = Field(default_factory=list)
    support: Support
    exit_reasons: ExitReasons
    resume_days: Days = 30
    """Days for which an unfinished closing case can be taken up again."""
    confirmations: int = 1
    account_types: dict[Code, AccountType] = Field(min_length=1)

    @model_validator(mode="after")
    def references_exist(self) -> Self:
        for key, kind in self.account_types.items():
            for role in kind.closed_by.stated or []:
                if role not in self.role_names:
                    raise ValueError(f"account_types.{key}.closed_by: role {role!r} has no name")
            for role in kind.second_roles:
                if role not in self.role_names:
                    raise ValueError(
                        f"account_types.{key}.second_approval: role {role!r} has no name"
                    )
            if kind.parent_type and kind.parent_type not in self.account_types:
                raise ValueError(f"account_types.{key}.parent_type: no type {kind.parent_type!r}")
        if self.verification and not self.security_questions:
            raise ValueError("verification by security answer needs security_questions")
        return self

    def type_of(self, account_type: str) -> AccountType:
        """The rules of a kind of account.

        Raises KeyError where the vendor has no such kind.
        """
        return self.account_types[account_type]
