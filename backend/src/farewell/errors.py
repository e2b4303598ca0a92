"""Errors that reach a caller: a stable code, a status, and a sentence that says what to do."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """A refusal in the form of RFC 9457. `code` is stable, `detail` is for people."""

    def __init__(self, status: int, code: str, detail: str, **extra: Any) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The problem document."""
        return {
            "type": "about:blank",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **self.extra,
        }


def not_found(what: str) -> Problem:
    """404 for something that is absent or that the caller may not see."""
    return Problem(404, "not_found", f"There is no such {what}, or you may not see it.")
