"""The web application: composition root, middleware, errors, health."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from html import escape
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from farewell.chat.assistant import router as assistant
from farewell.chat.gateway import Gateway
from farewell.chat.routes import router as chat
from farewell.closing.routes import router as closing
from farewell.config import Settings
from farewell.errors import Problem
from farewell.i18n import catalogue, preferred
from farewell.lifecycle.routes import router as lifecycle
from farewell.services import Services

log = logging.getLogger(__name__)
PROBLEM = "application/problem+json"
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(
    services: Services, *, rasa_transport: httpx.AsyncBaseTransport | None = None
) -> FastAPI:
    """The application over given services."""
    settings = services.settings
    gateway = Gateway(
        services.in_transaction,
        rasa_url=settings.rasa_url,
        actions_url=settings.actions_url,
        service_token=settings.secret,
        answer_within=settings.answer_within,
        message_limit=settings.message_limit,
        transport=rasa_transport,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await gateway.close()

    app = FastAPI(
        title="Farewell",
        description="Closes customer accounts, and keeps every promise afterwards.",
        version="0.1.0",
        lifespan=lifespan,
    )
    app.state.services = services
    app.state.gateway = gateway
    for router in (chat, closing, lifecycle, assistant):
        app.include_router(router)
    _pages(app, settings)
    _errors(app)
    return app


def _pages(app: FastAPI, settings: Settings) -> None:
    @app.middleware("http")
    async def limits(request: Request, call_next: Callable[[Request], Any]) -> Any:
        if "transfer-encoding" in request.headers:
            problem = Problem(411, "length_required", "Send a Content-Length.")
            return JSONResponse(problem.body(), 411, media_type=PROBLEM)
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            problem = Problem(413, "too_large", "Send less than 256 kB.")
            return JSONResponse(problem.body(), 413, media_type=PROBLEM)
        return await call_next(request)

    @app.get("/", include_in_schema=False)
    def page(accept_language: Annotated[str, Header()] = "") -> HTMLResponse:
        words = preferred(accept_language)
        content = (settings.pages / "index.html").read_text(encoding="utf-8")
        content = content.replace("{language}", words.language)
        content = content.replace("{no_script}", escape(words.page["start.no_script"]))
        return HTMLResponse(content, headers={**PAGE_HEADERS, "Vary": "Accept-Language"})

    @app.get("/assets/words/{language}.json", include_in_schema=False)
    def words(language: str) -> JSONResponse:
        return JSONResponse(catalogue(language).page_words(), headers=PAGE_HEADERS)

    @app.get("/assets/{name}", include_in_schema=False)
    def asset(name: str) -> FileResponse:
        path = settings.pages / name
        if path.parent != settings.pages or not path.is_file():
            raise Problem(404, "not_found", "There is no such file.")
        return FileResponse(path, headers=PAGE_HEADERS)

    @app.get("/healthz", tags=["operations"])
    def healthz() -> dict[str, str]:
        """Whether the process runs."""
        return {"status": "ok"}

    @app.get("/metrics", tags=["operations"], response_class=PlainTextResponse)
    def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/readyz", tags=["operations"])
    async def readyz(request: Request) -> dict[str, str]:
        """Whether the database and the assistant answer."""
        services: Services = request.app.state.services
        gateway: Gateway = request.app.state.gateway
        await run_in_threadpool(
            services.in_transaction, lambda work: work.session.execute(text("SELECT 1"))
        )
        if not await gateway.assistant_answers():
            raise Problem(503, "assistant_not_ready", "The assistant does not answer yet.")
        return {"status": "ready"}


MAX_BODY = 256_000


def _errors(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> JSONResponse:
        return JSONResponse(error.body(), error.status, media_type=PROBLEM)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        fields = [
            {"field": ".".join(str(p) for p in item["loc"]), "reason": item["msg"]}
            for item in error.errors()
        ]
        body = Problem(422, "invalid_request", "Correct the fields that are named.", fields=fields)
        return JSONResponse(body.body(), 422, media_type=PROBLEM)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        body = Problem(error.status_code, "http_error", str(error.detail)).body()
        return JSONResponse(body, error.status_code, media_type=PROBLEM)

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        log.error("unexpected error", exc_info=error)
        body = Problem(500, "internal_error", "Something went wrong here. Try again.").body()
        return JSONResponse(body, 500, media_type=PROBLEM)
