"""The journal of decisions, as it was before revisions were kept."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the journal where there is none: the first databases have it already."""
    if sa.inspect(op.get_bind()).has_table("decisions"):
        return
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("territory", sa.String(64), nullable=False, index=True),
        sa.Column("programme", sa.String(64), nullable=False),
        sa.Column("year", sa.Integer),
        sa.Column("reference", sa.Text),
        sa.Column("project_id", sa.Text),
        sa.Column("situation", sa.String(64), nullable=False),
        sa.Column("decision", sa.String(32), nullable=False),
        sa.Column("quarters", sa.Text, nullable=False),
        sa.Column("lon", sa.Float),
        sa.Column("lat", sa.Float),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime, nullable=False),
        sa.Column("undoes", sa.Integer, sa.ForeignKey("decisions.id"), unique=True),
        sqlite_autoincrement=True,
    )
