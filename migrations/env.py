"""What Alembic runs: on the connection that it is handed, inside its transaction."""

from alembic import context

from projections import projector  # noqa: F401  imports every read model
from projections.database import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
    include_name=lambda name, kind, _: kind != "table" or name in metadata.tables,
)
with context.begin_transaction():
    context.run_migrations()
