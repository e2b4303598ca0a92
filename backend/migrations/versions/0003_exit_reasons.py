"""one vocabulary of exit reasons; a reason may wait in the conversation."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

RENAMED = {
    "not_used": "not_used_enough",
    "quality": "quality_or_reliability",
    "too_hard": "too_hard_to_use",
}


def upgrade() -> None:
    op.add_column("conversations", sa.Column("reason", sa.JSON(none_as_null=True), nullable=True))
    _rename(RENAMED)


def downgrade() -> None:
    _rename({new: old for old, new in RENAMED.items()})
    op.drop_column("conversations", "reason")


def _rename(codes: dict[str, str]) -> None:
    cases = sa.table("closing_cases", sa.column("reason_code"))
    answers = sa.table("requirement_answers", sa.column("code"), sa.column("value"))
    for old, new in codes.items():
        op.execute(cases.update().where(cases.c.reason_code == old).values(reason_code=new))
        op.execute(
            answers.update()
            .where(answers.c.code == "exit_reason", answers.c.value == old)
            .values(value=new)
        )
