"""Settings from the environment; `docs/configuration.md` lists them."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parents[3]


class Settings(BaseSettings):
    """What an operator can set. Every name is read with the prefix `FAREWELL_`."""

    model_config = SettingsConfigDict(env_prefix="FAREWELL_", extra="ignore")

    data: Path = REPOSITORY / ".farewell"
    """Folder of database, exports, mail and logs."""
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    policies: Path = REPOSITORY / "policies"
    locales: Path = REPOSITORY / "locales"
    """Folder of the languages' words, one folder each."""
    pages: Path = REPOSITORY / "web" / "plain"
    public_url: str = ""
    """Address at which customers reach Farewell; links in messages begin with it."""
    port: int = Field(default=8000, validation_alias="PORT")
    service_token: str | None = None
    """Secret that Rasa, the action server and the host application show to the backend."""
    demo: bool = False
    """Opens the demo sign-in on loopback. Never set it where real customers are."""
    rasa_url: str = "http://127.0.0.1:5005"
    answer_within: float = 10.0
    """Seconds after which the customer gets an answer even if Rasa is still thinking."""
    message_limit: int = 4000
    """Longest customer message in characters."""
    host_keys: Path | None = None
    """YAML file with the host applications' keys: issuer, vendor, algorithm, key, audience."""
    clock_starts_at: datetime | None = None
    """Demo and tests only: the time that the clock shows when the process starts."""

    @cached_property
    def url(self) -> str:
        """The database's address; SQLite in the data folder by default."""
        return self.database_url or f"sqlite:///{self.data / 'farewell.sqlite'}"

    @property
    def secret_if_any(self) -> str:
        """The service token, or nothing where none was made yet: loading needs none."""
        kept = self.data / "service-token"
        return self.service_token or (kept.read_text().strip() if kept.exists() else "")

    @cached_property
    def secret(self) -> str:
        """The service token: given by the environment or kept in the data folder."""
        if self.secret_if_any:
            return self.secret_if_any
        raise RuntimeError(
            "FAREWELL_SERVICE_TOKEN is not set and the data folder has no service-token; "
            "start with `make run`, which makes one."
        )
