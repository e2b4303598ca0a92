"""what a conversation waits for, and which one leads a case."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("awaits_number", sa.String(), nullable=True))
    op.add_column(
        "conversations", sa.Column("further", sa.JSON(), nullable=False, server_default="[]")
    )
    op.add_column(
        "conversations",
        sa.Column("objected", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("closing_cases", sa.Column("conversation_id", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("closing_cases", "conversation_id")
    op.drop_column("conversations", "objected")
    op.drop_column("conversations", "further")
    op.drop_column("conversations", "awaits_number")
