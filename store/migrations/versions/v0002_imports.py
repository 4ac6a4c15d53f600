"""Imported programmes, the journal of imports, mappings and answers of the address service."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_PROJECT_TEXTS = (
    *("reference", "operator_siret", "theme", "dispositif", "renewal", "scope", "declared_qpv"),
    *("address", "commune_code", "commune_name", "position_method", "declared_shares"),
    *("qpv_beneficiaries", "address_kind", "dossier_status"),
)


def upgrade() -> None:
    """Add the tables; the journal of decisions stays as it is."""
    op.create_table(
        "programmes",
        sa.Column("territory", sa.String(64), primary_key=True),
        sa.Column("code", sa.String(64), primary_key=True),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("imported", sa.Boolean, nullable=False),
        sa.Column("hidden", sa.Boolean, nullable=False),
    )
    _imports()
    _projects()
    _funding()
    _services()


def _imports() -> None:
    counts = ("rows_in", "rejected", "added", "changed", "removed", "unchanged")
    op.create_table(
        "imports",
        *_owner(),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("imported_at", sa.DateTime, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in counts),
        sa.Column("undoes", sa.Integer, sa.ForeignKey("imports.id"), unique=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_imports_territory", "imports", ["territory"])


def _projects() -> None:
    op.create_table(
        "projects",
        *_owner(),
        sa.Column("given_id", sa.Text, nullable=False),
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("fictitious", sa.Boolean, nullable=False),
        sa.Column("year", sa.BigInteger, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("operator", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in _PROJECT_TEXTS),
        sa.Column("lon", sa.Float(53)),
        sa.Column("lat", sa.Float(53)),
        sa.Column("beneficiaries", sa.BigInteger),
        sa.Column("qpv_residents", sa.BigInteger),
        *_life(),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_projects_standing", "projects", ["territory", "programme", "removed_by"])


def _funding() -> None:
    cents = ("requested_cents", "granted_cents", "previous_cents")
    op.create_table(
        "funding",
        *_owner(),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("funder", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in cents),
        sa.Column("requested_on", sa.Text),
        sa.Column("decided_on", sa.Text),
        *_life(),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_funding_standing", "funding", ["territory", "programme", "removed_by"])


def _services() -> None:
    op.create_table(
        "mappings",
        sa.Column("territory", sa.String(64), primary_key=True),
        sa.Column("source", sa.String(200), primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("saved_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "locations",
        sa.Column("service", sa.String(200), primary_key=True),
        sa.Column("text", sa.String(400), primary_key=True),
        sa.Column("postcode", sa.String(5), primary_key=True),
        sa.Column("citycode", sa.String(5), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        *(sa.Column(name, sa.Float(53)) for name in ("score", "lon", "lat")),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("found_citycode", sa.String(5), nullable=False),
        sa.Column("asked_at", sa.DateTime, nullable=False),
    )


def _owner() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("territory", sa.String(64), nullable=False),
        sa.Column("programme", sa.String(64), nullable=False),
    ]


def _life() -> list[sa.Column[Any]]:
    return [
        sa.Column("added_by", sa.Integer, sa.ForeignKey("imports.id"), nullable=False),
        sa.Column("removed_by", sa.Integer, sa.ForeignKey("imports.id")),
    ]
