"""The action server: on this machine only, with a token, and without telling its insides.

`python -m actions.server`
"""

from __future__ import annotations

import hmac
import logging
import os

from rasa_sdk.endpoint import create_app
from sanic import Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

import actions


def make_app(token: str) -> Sanic:
    """Rasa's action server behind a token.

    Raises ValueError for an empty token.
    """
    if not token:
        raise ValueError("FAREWELL_SERVICE_TOKEN is not set; start with `make run`")
    app: Sanic = create_app(actions, cors_origins=[])

    @app.middleware("request")
    async def check_token(request: Request) -> HTTPResponse | None:
        shown = request.headers.get("Authorization", "")
        if request.path != "/health" and not hmac.compare_digest(
            shown.encode(), f"Bearer {token}".encode()
        ):
            return response.json({"error": "wrong token"}, status=401)
        return None

    @app.middleware("response")
    async def hide_insides(request: Request, answer: HTTPResponse) -> HTTPResponse | None:
        # Rasa's own handler echoes the exception together with the whole tracker.
        if answer.status >= 500:
            return response.json({"error": "action failed"}, status=answer.status)
        return None

    return app


def main() -> None:
    """Serve on 127.0.0.1."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    app = make_app(os.environ.get("FAREWELL_SERVICE_TOKEN", ""))
    app.run("127.0.0.1", int(os.environ["FAREWELL_ACTIONS_PORT"]), access_log=False)


if __name__ == "__main__":
    main()
