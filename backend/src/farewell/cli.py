"""The command `farewell`."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from alembic import command
from alembic.config import Config

from farewell.accounts.load import LoadError, load, read_file
from farewell.accounts.show import show as show_account
from farewell.app import create_app
from farewell.config import REPOSITORY, Settings
from farewell.errors import Problem
from farewell.i18n import LanguageError, read_catalogues
from farewell.languages import missing
from farewell.lifecycle.sweep import Swept
from farewell.lifecycle.sweep import sweep as sweep_once
from farewell.policy.load import PolicyError
from farewell.services import Services, build_services
from farewell.work import Work

app = typer.Typer(help="Farewell's backend.", no_args_is_help=True, pretty_exceptions_enable=False)
DEMO_FILE = REPOSITORY / "demo" / "accounts.yml"


def _services() -> Services:
    try:
        services = build_services(Settings())
    except (PolicyError, LanguageError, RuntimeError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    migrate(services)
    return services


def migrate(services: Services) -> None:
    """Bring the database to the newest schema."""
    config = Config()
    config.set_main_option("script_location", str(REPOSITORY / "backend" / "migrations"))
    with services.database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _load(services: Services, path: Path) -> tuple[int, int]:
    content = read_file(path)
    return services.in_transaction(lambda work: load(work, content))


@app.command()
def serve() -> None:
    """Run the web application; in demo mode the demo's accounts are loaded first."""
    services = _services()
    if services.settings.demo and DEMO_FILE.exists():
        _load(services, DEMO_FILE)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    uvicorn.run(
        create_app(services),
        host="127.0.0.1",
        port=services.settings.port,
        log_level="warning",
        access_log=False,
    )


@app.command("load")
def load_command(
    file: Annotated[Path, typer.Argument(help="YAML file", exists=True, dir_okay=False)],
) -> None:
    """Load people and accounts from a file; what is there already stays as it is."""
    services = _services()
    try:
        people, accounts = _load(services, file)
    except LoadError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{people} people and {accounts} accounts added.")


@app.command("show")
def show_command(account: Annotated[str, typer.Argument(help="Account number")]) -> None:
    """Print everything about an account as JSON."""
    services = _services()
    try:
        shown = services.in_transaction(lambda work: show_account(work, account))
    except Problem as problem:
        typer.echo(f"{problem.detail} (Data folder: {services.settings.data})", err=True)
        raise typer.Exit(1) from problem
    typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))


@app.command("languages")
def languages_command() -> None:
    """Print what each language has no words for yet; that is said in English."""
    settings = Settings()
    try:
        read_catalogues(settings.locales)
    except LanguageError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    domain = REPOSITORY / "domain.yml"
    found = missing(settings.locales, settings.policies, domain)
    if not found:
        typer.echo("There is no language but English.")
    for language, texts in found.items():
        typer.echo(f"{language}: {len(texts)} missing")
        for text in texts:
            typer.echo(f"  {text}")


def _sweep_at(now: datetime, work: Work) -> Swept:
    return sweep_once(replace(work, now=now))


@app.command("sweep")
def sweep_command(
    as_of: Annotated[
        datetime | None, typer.Option(help="Act as if it were this time (UTC)")
    ] = None,
    watch: Annotated[bool, typer.Option(help="Go on, once a minute")] = False,
) -> None:
    """Do what the passage of time asks for."""
    services = _services()
    while True:
        now = as_of.replace(tzinfo=UTC) if as_of else services.clock()
        done = services.in_transaction(partial(_sweep_at, now))
        typer.echo(
            f"{done.closed} scheduled closings took effect, {done.abandoned} cases rested, "
            f"{done.expired} expired, {done.duties_due} duties due."
        )
        if not watch:
            return
        time.sleep(60)


if __name__ == "__main__":
    app()
