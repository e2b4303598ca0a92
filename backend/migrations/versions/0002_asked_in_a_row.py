"""how often a question was asked in a row; who chose the vendor."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("times_asked", sa.Integer(), nullable=False, server_default="0")
        )
        batch_op.add_column(
            sa.Column("chose_vendor", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.drop_column("chose_vendor")
        batch_op.drop_column("times_asked")
