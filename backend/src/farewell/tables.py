"""All tables in one import, for migrations and for `create_all` in tests."""

from farewell.accounts import tables as accounts
from farewell.audit import AuditEntry
from farewell.billing import tables as billing
from farewell.chat import tables as chat
from farewell.closing import tables as closing
from farewell.database import Base
from farewell.desk import tables as desk
from farewell.idempotency import IdempotencyKey
from farewell.lifecycle import tables as lifecycle
from farewell.notify import tables as notify
from farewell.payments import tables as payments

__all__ = [
    "AuditEntry",
    "Base",
    "IdempotencyKey",
    "accounts",
    "billing",
    "chat",
    "closing",
    "desk",
    "lifecycle",
    "notify",
    "payments",
]
