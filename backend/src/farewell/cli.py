"""The command `farewell`."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from sqlalchemy.exc import OperationalError

from farewell.accounts.file import LoadError, read_file
from farewell.accounts.load import load
from farewell.accounts.show import show as show_account
from farewell.app import create_app
from farewell.auditing.checks import prove, report
from farewell.auditing.records import PeriodError, record_of
from farewell.config import REPOSITORY, Settings
from farewell.errors import Problem
from farewell.host.addresses import HostsError
from farewell.host.calling import HostCaller
from farewell.i18n import LanguageError, read_catalogues
from farewell.languages import missing
from farewell.lifecycle.sweep import sweep as sweep_once
from farewell.payments.choosing import PaymentsError, provider_from
from farewell.policy.load import PolicyError
from farewell.schema import migrate
from farewell.services import Services, build_services

app = typer.Typer(help="Farewell's backend.", no_args_is_help=True, pretty_exceptions_enable=False)
log = logging.getLogger(__name__)
DEMO_FILE = REPOSITORY / "demo" / "accounts.yml"


def _services() -> Services:
    try:
        services = build_services(Settings())
    except (PolicyError, LanguageError, HostsError, RuntimeError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    try:
        migrate(services.database)
    except OperationalError as error:
        where = services.database.engine.url.render_as_string(hide_password=True)
        typer.echo(f"The database does not answer: {where}\n{error.orig}", err=True)
        raise typer.Exit(1) from error
    return services


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


@app.command("audit")
def audit_command(
    export: Annotated[
        str | None, typer.Option(help="Write the record of an ACCOUNT or a PERIOD (2026-11)")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="File of the record")] = None,
) -> None:
    """Prove over the whole database what Farewell promises; ends with 1 where something fails."""
    services = _services()
    if export is not None:
        _export_record(services, export, to or Path(f"audit-{export}.json"))
        return
    proofs = services.in_transaction(prove)
    typer.echo(report(proofs))
    if any(proof.findings for proof in proofs.values()):
        raise typer.Exit(1)


def _export_record(services: Services, what: str, to: Path) -> None:
    try:
        found = services.in_transaction(lambda work: record_of(work, what))
        with to.open("x", encoding="utf-8") as file:
            json.dump(found, file, indent=2, ensure_ascii=False)
    except PeriodError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    except FileExistsError as error:
        typer.echo(f"{to} is there already; name another file with --to.", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{to}: {len(found['closures'])} closures, {len(found['audit'])} entries.")


@app.command("sweep")
def sweep_command(
    as_of: Annotated[
        datetime | None, typer.Option(help="Act as if it were this time (UTC)")
    ] = None,
    watch: Annotated[bool, typer.Option(help="Go on, once a minute")] = False,
) -> None:
    """Do what the passage of time asks for."""
    services = _services()
    try:
        provider = provider_from(services.settings, services.database, services.clock)
    except PaymentsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    host = HostCaller(services.hosts, services.clock)
    while True:
        now = as_of.replace(tzinfo=UTC) if as_of else services.clock()
        try:
            done = sweep_once(services.in_transaction, provider, host, services.clock, now)
        except Exception:
            if not watch:
                raise
            log.exception("this sweep ended early; the next one goes on")
        else:
            typer.echo(
                f"{done.cases.abandoned} cases rested, {done.cases.expired} expired; duties: "
                f"{done.done} done, {done.dropped} canceled, {done.later} tried again later, "
                f"{done.for_human} for a human, {done.without_handler} waiting."
            )
        if not watch:
            return
        time.sleep(60)


if __name__ == "__main__":
    app()
