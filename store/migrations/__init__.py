"""Bring a database to the tables of this edition (Alembic), its rows kept."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from geo.errors import StoreError


def configuration(connection: Connection) -> Config:
    """Return Alembic's settings for a connection on which a transaction is open."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, name: str) -> None:
    """Bring the database ``name`` to this edition, within the caller's transaction.

    Raises StoreError when the database comes from a later edition of the atlas.
    """
    try:
        command.upgrade(configuration(connection), "head")
    except CommandError as error:
        raise StoreError(
            f"La base « {name} » a été écrite par une version plus récente de l'atlas ; mettez "
            "l'atlas à jour, ou désignez une autre base par ATLAS_DATABASE_URL."
        ) from error
