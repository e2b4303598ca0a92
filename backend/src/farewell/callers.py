"""Who calls: dependencies of the routes that check tokens."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request

from farewell.chat.identity import NOT_SIGNED_IN, conversation_of
from farewell.chat.tables import Conversation
from farewell.errors import Problem
from farewell.services import Services
from farewell.work import Work

R = TypeVar("R")


def services_of(request: Request) -> Services:
    """The application's services."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(services_of)]


def bearer(authorization: Annotated[str | None, Header()] = None) -> str:
    """The token of the Authorization header.

    Raises Problem 401 without one.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NOT_SIGNED_IN
    return token.strip()


TokenDep = Annotated[str, Depends(bearer)]


def service_only(services: ServicesDep, token: TokenDep) -> None:
    """Lets only the assistant and the host application through.

    Raises Problem 401 for another token.
    """
    if not hmac.compare_digest(token.encode(), services.settings.secret.encode()):
        raise Problem(401, "service_token_wrong", "Send the service token as Bearer token.")


class Customer:
    """The conversation whose token was sent; runs use cases in it."""

    def __init__(self, services: ServicesDep, token: TokenDep) -> None:
        self.services = services
        self.token = token

    def run(self, use: Callable[[Work, Conversation], R]) -> R:
        """Run a use case for the caller in one transaction."""

        def with_conversation(work: Work) -> R:
            conversation = conversation_of(work, self.services.host_keys, self.token)
            return use(work, conversation)

        return self.services.in_transaction(with_conversation)

    def open_question(self) -> tuple[str, str | None]:
        """The caller's conversation and the question that is open in it."""
        return self.run(lambda _, conversation: (conversation.id, conversation.asked_key))


CustomerDep = Annotated[Customer, Depends(Customer)]
Json = dict[str, Any]
