"""closings that take effect later, and second approvals."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEX = "uq_closing_cases_open_account"
BEFORE = "state IN ('open', 'waiting_for_port')"
NOW = "state IN ('open', 'waiting_for_port', 'waiting_for_approval', 'scheduled')"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("subscriptions", sa.Column("renewal_stopped_at", moment, nullable=True))
    op.add_column("quotes", sa.Column("effective_at", moment, nullable=True))
    op.add_column(
        "quotes",
        sa.Column("usage_limit_minor", sa.Integer(), nullable=False, server_default=sa.text("0")),
    )
    op.add_column("closing_cases", sa.Column("effective_at", moment, nullable=True))
    op.add_column("closing_cases", sa.Column("agreed", sa.JSON(none_as_null=True), nullable=True))
    op.create_index(op.f("ix_closing_cases_effective_at"), "closing_cases", ["effective_at"])
    _one_open_case(NOW)
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("by", sa.String(length=36), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["closing_cases.id"], name=op.f("fk_approvals_case_id_closing_cases")
        ),
        sa.ForeignKeyConstraint(["by"], ["persons.id"], name=op.f("fk_approvals_by_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        sa.UniqueConstraint("case_id", name=op.f("uq_approvals_case_id")),
    )


def downgrade() -> None:
    op.drop_table("approvals")
    cases = sa.table("closing_cases", sa.column("state"))
    # What was confirmed for later is to be confirmed again: nobody would carry it out.
    op.execute(
        cases.update()
        .where(cases.c.state.in_(["waiting_for_approval", "scheduled"]))
        .values(state="open")
    )
    _one_open_case(BEFORE)
    op.drop_index(op.f("ix_closing_cases_effective_at"), "closing_cases")
    for table, column in (
        ("closing_cases", "agreed"),
        ("closing_cases", "effective_at"),
        ("quotes", "usage_limit_minor"),
        ("quotes", "effective_at"),
        ("subscriptions", "renewal_stopped_at"),
    ):
        op.drop_column(table, column)


def _one_open_case(states: str) -> None:
    where = sa.text(states)
    op.drop_index(INDEX, "closing_cases")
    op.create_index(
        INDEX,
        "closing_cases",
        ["account_id"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )
