"""Identity from the host application: a signed token, checked in every part."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from clients import Api
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from factories import World, account, person

from farewell.chat.identity import HostKey
from farewell.chat.tables import Conversation

SECRET = "a shared secret of at least thirty-two bytes"
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = (
    PRIVATE.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
KEYS = {
    "https://tresta.example": HostKey(
        issuer="https://tresta.example",
        vendor="tresta",
        algorithm="HS256",
        key=SECRET,
        audience="farewell",
    ),
    "https://ctm.example": HostKey(
        issuer="https://ctm.example",
        vendor="ctm",
        algorithm="RS256",
        key=PUBLIC,
        audience="farewell",
    ),
}


@pytest.fixture
def host(world: World) -> Iterator[Api]:
    """The application with a key of two vendors; Ann is a customer of both."""
    world.load(
        account(),
        account("C-1", vendor="ctm", roles={"cat@example": "administrator"}),
        people=[
            person("ann@example", subject="user-1"),
            person("bea@example", subject="user-2"),
            person("cat@example", "ctm", subject="user-1"),
        ],
    )
    api = Api(world, host_keys=KEYS)
    yield api
    api.close()


def claims(**changes: Any) -> dict[str, Any]:
    """Claims of a good token; a change to None takes one away."""
    given = {
        "iss": "https://tresta.example",
        "aud": "farewell",
        "sub": "user-1",
        "exp": datetime.now(UTC) + timedelta(minutes=5),
    }
    return {k: v for k, v in (given | changes).items() if v is not None}


def hs256(key: str = SECRET, **changes: Any) -> str:
    """A token as Tresta's application signs it."""
    return jwt.encode(claims(**changes), key, "HS256")


def accounts(api: Api, token: str) -> list[str] | int:
    """The accounts that a token shows, or the status of the refusal."""
    answer = api.call("GET", "/api/v1/me/accounts", token=token)
    return [a["number"] for a in answer.json()] if answer.status_code == 200 else answer.status_code


def test_a_good_token_is_its_subject(host: Api) -> None:
    assert accounts(host, hs256()) == ["T-1"]


def test_the_issuer_selects_vendor_and_key(host: Api) -> None:
    token = jwt.encode(claims(iss="https://ctm.example"), PRIVATE, "RS256")

    assert accounts(host, token) == ["C-1"]


BAD = [
    ("no issuer", {"iss": None}),
    ("an unknown issuer", {"iss": "https://evil.example"}),
    ("another vendor's issuer", {"iss": "https://ctm.example"}),
    ("no audience", {"aud": None}),
    ("another audience", {"aud": "somebody-else"}),
    ("no expiry", {"exp": None}),
    ("an expired token", {"exp": datetime(2020, 1, 1, tzinfo=UTC)}),
    ("no subject", {"sub": None}),
    ("an unknown subject", {"sub": "user-9"}),
    ("an empty subject", {"sub": ""}),
    ("a token of the future", {"nbf": datetime.now(UTC) + timedelta(hours=1)}),
]


@pytest.mark.parametrize("changes", [b[1] for b in BAD], ids=[b[0] for b in BAD])
def test_a_token_with_a_bad_claim_is_refused(host: Api, changes: dict[str, Any]) -> None:
    assert accounts(host, hs256(**changes)) == 401


def unsigned() -> str:
    """A token that claims to need no signature."""

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    body = claims(exp=4102444800)
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(body)}."


def confused() -> str:
    """An HS256 token signed with the other vendor's public key."""
    header = {"alg": "HS256", "typ": "JWT"}

    def part(value: dict[str, Any]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    content = part(header) + b"." + part(claims(iss="https://ctm.example", exp=4102444800))
    signature = hmac.new(PUBLIC.encode(), content, hashlib.sha256).digest()
    return (content + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


FORGED = {
    "another secret": lambda: hs256("another secret of at least thirty-two bytes"),
    "no signature": unsigned,
    "the public key as secret": confused,
    "another algorithm with the right secret": lambda: jwt.encode(
        claims(), SECRET + " and so many more bytes to be long", "HS512"
    ),
    "a cut signature": lambda: hs256()[:-4],
    "no token at all": lambda: "..",
    "not JSON": lambda: "e30.e30.e30",
}


@pytest.mark.parametrize("forge", list(FORGED.values()), ids=list(FORGED))
def test_a_forged_token_is_refused(host: Api, forge: Any) -> None:
    assert accounts(host, forge()) == 401


def test_a_changed_claim_breaks_the_signature(host: Api) -> None:
    head, _, signature = hs256().split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(sub="user-2", exp=4102444800)).encode())

    assert accounts(host, f"{head}.{body.rstrip(b'=').decode()}.{signature}") == 401


def test_the_same_cid_is_the_same_conversation(host: Api, world: World) -> None:
    host.say(hs256(cid="c1"), "hello")
    host.say(hs256(cid="c1"), "again")
    host.say(hs256(cid="c2"), "elsewhere")

    assert world.count(Conversation) == 2
    assert len(host.messages(hs256(cid="c1"))) == 4


def test_without_a_cid_the_newest_own_conversation_goes_on(host: Api, world: World) -> None:
    host.say(hs256(), "hello")
    host.say(hs256(), "again")

    assert world.count(Conversation) == 1


def test_another_person_s_cid_opens_nothing_of_theirs(host: Api, world: World) -> None:
    host.say(hs256(cid="c1"), "my secret")
    other = hs256(sub="user-2", cid="c1")

    answer = host.call("GET", "/api/v1/conversation/messages", token=other)

    assert answer.status_code < 500
    assert "my secret" not in answer.text


def test_without_any_host_key_no_token_is_good(api: Api, world: World) -> None:
    assert accounts(api, hs256()) == 401
