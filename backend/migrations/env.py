"""Alembic's entry: the connection comes from the program, or from DATABASE_URL for developers."""

from alembic import context

from farewell.config import Settings
from farewell.database import make_engine
from farewell.tables import Base


def run(connection: object) -> None:
    """Run migrations on a connection."""
    context.configure(
        connection=connection,  # type: ignore[arg-type]
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with make_engine(Settings().url).begin() as opened:
        run(opened)
