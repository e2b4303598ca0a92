"""A Sanic application really listening on this machine, for tests of what goes over the wire."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from sanic import Sanic


@asynccontextmanager
async def served(
    app: Sanic, headers: dict[str, str] | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application while it listens on a free port."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = await app.create_server(
        sock=listening, return_asyncio_server=True, access_log=False, debug=False
    )
    await server.startup()
    await server.start_serving()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        async with httpx.AsyncClient(base_url=address, headers=headers, trust_env=False) as client:
            yield client
    finally:
        server.close()
        await server.wait_closed()
        listening.close()
