"""One rule of a closing guide: a value with where it comes from."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

NOT_STATED: Literal["not_stated"] = "not_stated"
Days = Annotated[int, Field(ge=0, le=3660)]
T = TypeVar("T")


class PolicyPart(BaseModel):
    """Base of all parts: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def one_origin(source: str | None, assumed: str | None) -> None:
    """Raise ValueError unless exactly one of the two says where something comes from."""
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
    def has_one_origin(self) -> Self:
        if self.value == NOT_STATED:
            if self.source or self.assumed:
                raise ValueError("a not_stated rule has neither source nor assumed")
        else:
            one_origin(self.source, self.assumed)
        return self

    @property
    def stated(self) -> T | None:
        """The value, or None where the guide is silent."""
        return None if self.value == NOT_STATED else self.value
