"""A diagnosed file brought into the database: what it would change, then the change."""

import re

import pandas as pd

from analysis.intake import Diagnosis
from analysis.mapping import ColumnMap
from analysis.search import fold
from geo.schema import FUNDING, PROJECTS
from store.atlas import Atlas
from store.imports import Difference
from store.intake import Received
from store.mappings import Mappings

DEFAULT_LABEL = "Programmation"
_NOT_CODE = re.compile(r"[^a-z0-9]+")


def programme_code(label: str) -> str:
    """Return the code of a programme from the name a person gives it (« Programmation 2025 »)."""
    return _NOT_CODE.sub("-", fold(label)).strip("-")[:64]


def difference(atlas: Atlas, diagnosis: Diagnosis, programme: str, year: int) -> Difference:
    """Say what importing a diagnosed file as a year of a programme would change.

    A dossier that was rejected keeps the state it has in the programme, if it is there: what could
    not be read does not make it disappear. Raises ImportRefused or StoreError.
    """
    projects, funding = _with_rejected(atlas, diagnosis, programme, year)
    return atlas.imports.preview(programme, year, projects, funding)


def _with_rejected(
    atlas: Atlas, diagnosis: Diagnosis, programme: str, year: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    projects = diagnosis.projects.assign(programme=programme)
    if not diagnosis.rejected_projects:
        return projects, diagnosis.funding
    standing, money = atlas.imports.tables(programme)
    rejected = set(diagnosis.rejected_projects)
    by_reference = str(year) + "-" + standing["reference"].fillna("").astype("str")
    known = standing["project_id"].isin(rejected) | by_reference.isin(rejected)
    kept = standing[known & (standing["year"] == year)]
    lines = money[money["project_id"].isin(kept["project_id"])]
    return (
        pd.concat([projects[list(PROJECTS.columns)], kept], ignore_index=True),
        pd.concat([diagnosis.funding[list(FUNDING.columns)], lines], ignore_index=True),
    )


def bring(
    atlas: Atlas,
    wanted: Difference,
    received: Received,
    diagnosis: Diagnosis,
    columns: ColumnMap,
    *,
    author: str,
    sha256: str,
    label: str,
) -> int:
    """Make the change, remember the column map, and return the number of the import.

    Raises ImportRefused or StoreError; nothing has then changed.
    """
    number = atlas.imports.apply(
        wanted,
        author=author,
        file_name=received.name,
        sha256=sha256,
        rows_in=diagnosis.rows,
        rejected=len(diagnosis.rejected),
        label=label,
    )
    Mappings(atlas.database, atlas.territory.code).keep(map(str, received.cells.columns), columns)
    atlas.refresh()
    return number
