"""What a dossier says of its operator, place, days and cost: none of it is known of older rows."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns, empty: the next import of a file fills them."""
    for name in ("operator_rna", "postcode", "starts_on", "ends_on"):
        op.add_column("projects", sa.Column(name, sa.Text))
    op.add_column("projects", sa.Column("total_cost_cents", sa.BigInteger))
