"""What Alembic runs to apply revisions, on the connection it is given."""

from alembic import context


def run() -> None:
    """Apply the revisions asked for within the transaction of the caller."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, transaction_per_migration=False)
    context.run_migrations()


# Alembic loads this file under a name of its own; any other importer only looks.
if __name__ == "env_py":
    run()
