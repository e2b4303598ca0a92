"""The few JSON calls that the launcher makes, past any proxy of the machine."""

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

_direct = build_opener(ProxyHandler({}))


class Unanswered(Exception):
    """No answer, or one that says no; `status` is 0 without an answer."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


def call(
    method: str,
    url: str,
    body: object = None,
    *,
    token: str | None = None,
    timeout: float = 30,
) -> Any:
    """The decoded JSON of a successful answer, or its text where it is not JSON."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data=data, headers=headers, method=method)
    try:
        with _direct.open(request, timeout=timeout) as answer:
            content = answer.read().decode(errors="replace")
    except HTTPError as error:
        raise Unanswered(_problem(error), error.code) from None
    except (OSError, HTTPException) as error:
        raise Unanswered(f"{url}: {error}") from None
    try:
        return json.loads(content)
    except ValueError:
        return content


def _problem(error: HTTPError) -> str:
    """The detail of an RFC 9457 answer, else its status."""
    try:
        problem = json.loads(error.read())
        return str(problem.get("detail") or problem["title"])
    except (ValueError, KeyError, AttributeError, OSError):
        return f"{error.url}: {error.code} {error.reason}"
