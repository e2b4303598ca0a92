"""a call in flight claims its idempotency key; whole numbers have 64 bits on PostgreSQL."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("idempotency_keys") as keys:
        keys.add_column(sa.Column("claim", sa.String(length=36), nullable=True))
        keys.alter_column(
            "body", existing_type=sa.JSON(), type_=sa.JSON(none_as_null=True), nullable=True
        )
    _retype(sa.Integer, sa.BigInteger())


def downgrade() -> None:
    _retype(sa.BigInteger, sa.Integer())
    op.execute("DELETE FROM idempotency_keys WHERE body IS NULL")  # in flight: no answer to keep
    with op.batch_alter_table("idempotency_keys") as keys:
        keys.alter_column("body", existing_type=sa.JSON(), nullable=False)
        keys.drop_column("claim")


def _retype(old: type[sa.types.TypeEngine[Any]], new: sa.types.TypeEngine[Any]) -> None:
    """Retype every whole number; SQLite's have 64 bits whatever they are called."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    inspector = sa.inspect(connection)
    for table in inspector.get_table_names():
        for column in inspector.get_columns(table):
            # BigInteger is a kind of Integer: the exact type decides.
            if column["type"].as_generic().__class__ is old:
                op.alter_column(table, column["name"], existing_type=old(), type_=new)
