"""`make run`: every process under honcho, its output in a log, until Ctrl-C."""

import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import IO, Any

from honcho.manager import SYSTEM_PRINTER_NAME, Manager

from launch.http import Unanswered
from launch.paths import DEFAULT_DATA, ROOT
from launch.processes import commands, environment, fresh_logs, public_port
from launch.progress import StepError, complain, last_lines
from launch.readiness import first_answer

SLOW_SECONDS = 120


class LogFiles:
    """Where honcho prints: one file a process, nothing on the terminal."""

    width = 0

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self._logs: dict[str, IO[bytes]] = {
            name: opened.enter_context((folder / f"{name}.log").open("ab", buffering=0))
            for name in commands()
        }

    def write(self, message: Any) -> None:
        if message.name != SYSTEM_PRINTER_NAME:
            self._logs[message.name].write(message.data)


class Runner(Manager):
    """honcho's manager, which also says when Farewell is ready and which process died."""

    def __init__(self, base_url: str, printer: LogFiles) -> None:
        super().__init__(printer)
        self.base_url = base_url
        self.stop_asked = False
        self.died: str | None = None
        self.died_with: int | None = None

    def terminate(self) -> None:
        # A signal may come before every process has told its id; then the loop ends them.
        self.stop_asked = self.stop_asked or self.died is None
        if self._all_started():
            super().terminate()

    def _start(self) -> None:
        super()._start()
        threading.Thread(target=self._announce, daemon=True).start()
        if "MAKELEVEL" in os.environ:
            threading.Thread(target=self._stop_with_parent, daemon=True).start()

    def _any_stopped(self) -> bool:
        if self.stop_asked:
            return True
        for name, process in self._processes.items():
            if self.died is None and process.get("returncode") is not None:
                self.died, self.died_with = name, process["returncode"]
        return self.died is not None

    def _announce(self) -> None:
        slow_at: float | None = time.monotonic() + SLOW_SECONDS
        while not self._terminating:
            try:
                first_answer(self.base_url)
            except Unanswered as error:
                if slow_at is not None and time.monotonic() > slow_at:
                    slow_at = None
                    print(
                        f"Farewell has not answered for {SLOW_SECONDS} s ({error}). "
                        "It is still trying; Ctrl-C stops it, the logs say more.",
                        flush=True,
                    )
                time.sleep(0.3)
            else:
                print(f"Farewell is ready at {self.base_url}", flush=True)
                return

    def _stop_with_parent(self) -> None:
        """A `make` that was killed outright could not pass its signal on."""
        parent = os.getppid()
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)


def hang_up(_signal: int, _frame: FrameType | None) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def run() -> int:
    data = Path(os.environ.get("FAREWELL_DATA") or DEFAULT_DATA).expanduser().resolve()
    wanted = os.environ.get("PORT") or "8000"
    if not (wanted.isdigit() and int(wanted) < 2**16):
        raise StepError(f"PORT must be a number up to 65535, not “{wanted}”.")
    shared = environment(data, public_port(int(wanted)))
    logs = fresh_logs(data)
    print(f"Starting Farewell (logs in {logs}) …", flush=True)
    with ExitStack() as opened:
        runner = Runner(shared["FAREWELL_BACKEND_URL"], LogFiles(logs, opened))
        for name, command in commands().items():
            runner.add_process(name, command, env=shared, cwd=str(ROOT))
        signal.signal(signal.SIGHUP, hang_up)
        runner.loop()
    if runner.died:
        log = logs / f"{runner.died}.log"
        complain(
            f"The {runner.died} process ended by itself (exit code {runner.died_with}), "
            "so Farewell stopped. "
            f"The end of {log}:\n{last_lines(log)}"
        )
        return 1
    print("\nFarewell has stopped.", flush=True)
    return 0


def main() -> int:
    try:
        return run()
    except StepError as error:
        complain(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
