"""Who calls: dependencies of the routes that check tokens."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request

from farewell.chat.identity import NOT_SIGNED_IN, conversation_of
from farewell.chat.speaker import person_of
from farewell.chat.tables import Conversation
from farewell.errors import Problem
from farewell.idempotency import Claim, claim, release, settle
from farewell.services import Services
from farewell.work import Work

R = TypeVar("R")
Json = dict[str, Any]


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


def _once(
    services: Services,
    claimed: Claim,
    run: Callable[[Callable[..., Json]], Json],
    use: Callable[..., Json],
) -> Json:
    """The answer that the call got before, else that of carrying it out by `run`, stored with what
    it did; a refusal frees the key."""
    if claimed.answer is not None:
        return claimed.answer

    def carry_out(work: Work, *given: Any) -> Json:
        body = use(work, *given)
        settle(work.session, work.now, claimed, body)
        return body

    try:
        return run(carry_out)
    except BaseException:
        services.in_transaction(lambda work: release(work.session, claimed))
        raise


def service_once(
    services: Services, key: str | None, request: Any, use: Callable[[Work], Json]
) -> Json:
    """Run a use case of the host application once for an Idempotency-Key.

    Raises Problem as `Customer.run_once` does.
    """
    claimed = services.in_transaction(
        lambda work: claim(work.session, work.now, caller="service", key=key, request=request),
        reads_first=True,
    )
    return _once(services, claimed, services.in_transaction, use)


class Customer:
    """The conversation whose token was sent; runs use cases in it."""

    def __init__(self, services: ServicesDep, token: TokenDep) -> None:
        self.services = services
        self.token = token

    def run(self, use: Callable[[Work, Conversation], R], *, reads_first: bool = False) -> R:
        """Run a use case for the caller in one transaction."""

        def with_conversation(work: Work) -> R:
            conversation = conversation_of(work, self.services.host_keys, self.token)
            return use(work, conversation)

        return self.services.in_transaction(with_conversation, reads_first=reads_first)

    def run_once(
        self, key: str | None, request: Any, use: Callable[[Work, Conversation], Json]
    ) -> Json:
        """Run a person's use case once for an Idempotency-Key; `request` is what it was sent for.

        A refusal is not kept: the same key may be sent again.

        Raises Problem 400 without a key, 422 where it was used for another request, 409 while the
        same request is in flight.
        """

        def claim_it(work: Work, conversation: Conversation) -> Claim:
            caller = f"person:{person_of(conversation).id}"
            return claim(work.session, work.now, caller=caller, key=key, request=request)

        claimed = self.run(claim_it, reads_first=True)
        return _once(self.services, claimed, self.run, use)

    def open_question(self) -> tuple[str, str | None]:
        """The caller's conversation and the question that is open in it."""
        return self.run(lambda _, conversation: (conversation.id, conversation.asked_key))


CustomerDep = Annotated[Customer, Depends(Customer)]
