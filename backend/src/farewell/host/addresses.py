"""Where the vendors' host applications are called; `docs/integrating.md` explains the file."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, HttpUrl, SecretStr, ValidationError, field_validator

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
LEAST_BYTES = 24
"""The Standard Webhooks scheme asks for a secret of 24 to 64 bytes."""


class HostsError(ValueError):
    """The file of host applications cannot be used; the text says where and why."""


class HostAddress(BaseModel):
    """One vendor's endpoint, and the secret with which calls to it are signed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: HttpUrl
    secret: SecretStr
    """`whsec_` and base64, as the Standard Webhooks scheme writes it."""

    @field_validator("url")
    @classmethod
    def is_private(cls, url: HttpUrl) -> HttpUrl:
        """Refuse to send over a network in the clear."""
        if url.scheme != "https" and url.host not in LOOPBACK:
            raise ValueError("use https; http is for the same machine only")
        return url

    @field_validator("secret")
    @classmethod
    def is_long(cls, secret: SecretStr) -> SecretStr:
        """Refuse what is no secret of the scheme."""
        text = secret.get_secret_value().removeprefix("whsec_")
        try:
            length = len(base64.b64decode(text, validate=True))
        except binascii.Error as error:
            raise ValueError("expected whsec_ and base64") from error
        if length < LEAST_BYTES:
            raise ValueError(f"expected at least {LEAST_BYTES} bytes in base64")
        return secret


def load_hosts(path: Path | None) -> Mapping[str, HostAddress]:
    """Addresses by vendor; empty without a file.

    Raises HostsError for a file that is not valid.
    """
    if path is None:
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        if not isinstance(content, dict):
            raise HostsError(f"{path.name}: expected vendors with url and secret")
        return {str(vendor): HostAddress.model_validate(given) for vendor, given in content.items()}
    except OSError as error:
        raise HostsError(f"{path.name}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise HostsError(f"{path.name}: not valid YAML") from error
    except ValidationError as error:
        # Without the values: one of them is a secret.
        reasons = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise HostsError(f"{path.name}: {reasons}") from error
