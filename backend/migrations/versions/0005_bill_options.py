"""what a final bill can hold: intervals, commitments, renewals, meters, taxes, credits."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def credited() -> sa.Column:
    return sa.Column("credit_minor", sa.Integer(), nullable=False, server_default="0")


def new_columns() -> dict[str, list[sa.Column]]:
    return {
        "subscriptions": [
            sa.Column("interval", sa.String(), nullable=False, server_default="month"),
            sa.Column("anchor_month", sa.Integer(), nullable=False, server_default="1"),
            sa.Column("committed_until", sa.Date(), nullable=True),
        ],
        "phone_numbers": [
            sa.Column("renewal_minor", sa.Integer(), nullable=True),
            sa.Column("renewal_anchor_day", sa.Integer(), nullable=False, server_default="1"),
            sa.Column("renewal_billed_until", sa.Date(), nullable=True),
        ],
        "quotes": [sa.Column("credit_minor", sa.Integer(), nullable=False, server_default="0")],
        "final_bills": [
            sa.Column("credit_minor", sa.Integer(), nullable=False, server_default="0")
        ],
    }


def upgrade() -> None:
    op.create_table(
        "meters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("per", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_meters_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meters")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_meters_account_id")),
    )
    op.create_table(
        "usage_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meter_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["meter_id"], ["meters.id"], name=op.f("fk_usage_records_meter_id_meters")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_records")),
        sa.UniqueConstraint("meter_id", "reference", name=op.f("uq_usage_records_meter_id")),
    )
    with op.batch_alter_table("usage_records") as batch:
        batch.create_index(batch.f("ix_usage_records_meter_id"), ["meter_id"], unique=False)
    op.create_table(
        "taxes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rate_ppm", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_taxes_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taxes")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_taxes_account_id")),
    )
    for table, columns in new_columns().items():
        for column in columns:
            op.add_column(table, column)
    with op.batch_alter_table("adjustments") as batch:
        batch.add_column(sa.Column("usage_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(
            batch.f("fk_adjustments_usage_id_usage_records"),
            "usage_records",
            ["usage_id"],
            ["id"],
        )


def downgrade() -> None:
    with op.batch_alter_table("adjustments") as batch:
        batch.drop_constraint(batch.f("fk_adjustments_usage_id_usage_records"), type_="foreignkey")
        batch.drop_column("usage_id")
    for table, columns in new_columns().items():
        for column in columns:
            op.drop_column(table, column.name)
    for table in ("taxes", "usage_records", "meters"):
        op.drop_table(table)
