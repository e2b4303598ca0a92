"""duties have attempts, claims and endings; payments have books."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("duties") as batch:
        batch.add_column(sa.Column("subject", sa.String(), nullable=False, server_default=""))
        batch.add_column(sa.Column("facts", sa.JSON(), nullable=False, server_default="{}"))
        batch.add_column(sa.Column("next_try_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("last_error", sa.String(), nullable=True))
        batch.add_column(sa.Column("unanswered", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("claimed_by", sa.String(), nullable=True))
        batch.add_column(sa.Column("claimed_until", MOMENT, nullable=True))
        batch.add_column(sa.Column("finished_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        batch.drop_constraint("uq_duties_closure_id", type_="unique")
        batch.create_unique_constraint("uq_duties_closure_id", ["closure_id", "kind", "subject"])
    with op.batch_alter_table("duties") as batch:
        for column in ("subject", "facts", "unanswered", "version"):
            batch.alter_column(column, server_default=None)

    op.create_table(
        "duty_attempts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("duty_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("call", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["duty_id"], ["duties.id"], name="fk_duty_attempts_duty_id_duties"),
        sa.PrimaryKeyConstraint("id", name="pk_duty_attempts"),
        sa.UniqueConstraint("duty_id", "number", name="uq_duty_attempts_duty_id"),
        sa.UniqueConstraint("key", name="uq_duty_attempts_key"),
    )
    op.create_index("ix_duty_attempts_duty_id", "duty_attempts", ["duty_id"])
    op.create_index("ix_duty_attempts_reference", "duty_attempts", ["reference"])
    op.create_table(
        "human_tasks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("duty_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["duty_id"], ["duties.id"], name="fk_human_tasks_duty_id_duties"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_human_tasks_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_human_tasks"),
        sa.UniqueConstraint("duty_id", name="uq_human_tasks_duty_id"),
    )
    op.create_index("ix_human_tasks_account_id", "human_tasks", ["account_id"])
    op.create_table(
        "payment_profiles",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=True),
        sa.Column("subscription", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_payment_profiles_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_payment_profiles"),
    )
    op.create_index("ix_payment_profiles_customer", "payment_profiles", ["customer"])
    op.create_table(
        "charge_payments",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("charge_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_id"], ["charges.id"], name="fk_charge_payments_charge_id_charges"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_charge_payments"),
        sa.UniqueConstraint("reference", name="uq_charge_payments_reference"),
    )
    op.create_index("ix_charge_payments_charge_id", "charge_payments", ["charge_id"])
    op.create_table(
        "ledger_transactions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_ledger_transactions_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_transactions"),
        sa.UniqueConstraint("key", name="uq_ledger_transactions_key"),
    )
    op.create_index("ix_ledger_transactions_account_id", "ledger_transactions", ["account_id"])
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("transaction_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_ledger_entries_account_id_accounts"
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["ledger_transactions.id"],
            name="fk_ledger_entries_transaction_id_ledger_transactions",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_entries"),
    )
    op.create_index("ix_ledger_entries_account_id", "ledger_entries", ["account_id"])
    op.create_index("ix_ledger_entries_transaction_id", "ledger_entries", ["transaction_id"])
    op.create_table(
        "simulated_operations",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=True),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_simulated_operations"),
        sa.UniqueConstraint("reference", name="uq_simulated_operations_reference"),
    )
    op.create_index("ix_simulated_operations_customer", "simulated_operations", ["customer"])


def downgrade() -> None:
    for table in (
        "simulated_operations",
        "ledger_entries",
        "ledger_transactions",
        "charge_payments",
        "payment_profiles",
        "human_tasks",
        "duty_attempts",
    ):
        op.drop_table(table)
    # What the older schema cannot tell apart is left out: one duty of a kind for each closure.
    duties = sa.table("duties", sa.column("subject", sa.String()))
    op.execute(duties.delete().where(duties.c.subject != ""))
    with op.batch_alter_table("duties") as batch:
        batch.drop_constraint("uq_duties_closure_id", type_="unique")
        for column in (
            "subject",
            "facts",
            "next_try_at",
            "last_error",
            "unanswered",
            "claimed_by",
            "claimed_until",
            "finished_at",
            "version",
        ):
            batch.drop_column(column)
        batch.create_unique_constraint("uq_duties_closure_id", ["closure_id", "kind"])
