"""The processes of Farewell and what each is told by its environment."""

import os
import re
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from launch.paths import ROOT
from launch.progress import StepError

HOST = "127.0.0.1"
QUIET_RASA = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}


def commands() -> dict[str, str]:
    """Each process's shell command, from the Procfile."""
    found = re.findall(r"^([a-z]+): *(.+)$", (ROOT / "Procfile").read_text(), re.MULTILINE)
    return dict(found)


def environment(
    data: Path, port: int, *, inherited: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The environment that every process of one running Farewell shares."""
    rasa_port, actions_port = free_ports(2)
    return {
        **inherited,
        **QUIET_RASA,
        "PORT": str(port),
        "FAREWELL_DATA": str(data),
        "FAREWELL_DEMO": inherited.get("FAREWELL_DEMO", "1"),
        "FAREWELL_SERVICE_TOKEN": inherited.get("FAREWELL_SERVICE_TOKEN") or service_token(data),
        "FAREWELL_BACKEND_URL": f"http://{HOST}:{port}",
        "FAREWELL_RASA_PORT": str(rasa_port),
        "FAREWELL_RASA_URL": f"http://{HOST}:{rasa_port}",
        "FAREWELL_ACTIONS_PORT": str(actions_port),
        "FAREWELL_ACTIONS_URL": f"http://{HOST}:{actions_port}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        # The processes speak to each other directly, whatever proxy the machine has.
        "NO_PROXY": _with_loopback(inherited.get("NO_PROXY", "")),
        "no_proxy": _with_loopback(inherited.get("no_proxy", "")),
    }


def service_token(data: Path) -> str:
    """The secret that the processes share: made at the first start, kept in the data folder."""
    data.mkdir(parents=True, exist_ok=True)
    file = data / "service-token"
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    token = secrets.token_urlsafe(32)
    with os.fdopen(handle, "w") as output:
        output.write(token + "\n")
    return token


def public_port(wanted: int) -> int:
    """The port to listen on; 0 asks for any free one."""
    if wanted == 0:
        return free_ports(1)[0]
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError:
            raise StepError(
                f"Port {wanted} is taken by another program; choose another, "
                f"for example: PORT={wanted + 1} make run"
            ) from None
    return wanted


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def fresh_logs(data: Path) -> Path:
    """The folder for this start's logs; each log of the start before becomes NAME.log.1."""
    folder = data / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    for name in commands():
        log = folder / f"{name}.log"
        if log.exists():
            log.replace(folder / f"{name}.log.1")
    return folder


def _with_loopback(hosts: str) -> str:
    return ",".join(filter(None, [hosts, HOST, "localhost"]))
