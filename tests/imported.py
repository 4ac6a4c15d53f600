"""Small programmes as a file would give them, and what the tests of imports do with them."""

from typing import Any

import pandas as pd

from geo.schema import FUNDING, PROJECTS, types
from store.imports import Difference, Imports, Tables

HOSTILE = "'); DROP TABLE projects; -- \" <img src=x onerror=alert(1)> =1+1 é\U0001f600"


def project(key: str, **cells: object) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(PROJECTS.columns)
    plain = {"project_id": key, "programme": "essai", "fictitious": True, "year": 2025}
    words = {"title": f"Action {key}", "operator": "Association fictive", "theme": "1.1"}
    return row | plain | words | cells


def line(key: str, funder: str = "etat-147", **cells: object) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(FUNDING.columns)
    return row | {"project_id": key, "funder": funder, "status": "pending"} | cells


def frames(projects: list[dict[str, object]], lines: list[dict[str, object]]) -> Tables:
    made = []
    for rows, contract in ((projects, PROJECTS), (lines, FUNDING)):
        made.append(pd.DataFrame(rows, columns=list(contract.columns)).astype(types(contract)))
    return made[0], made[1]


def simple(*keys: str, **cells: object) -> Tables:
    return frames(
        [project(key, **cells) for key in keys],
        [line(key, requested_cents=100_00 + k) for k, key in enumerate(keys)],
    )


def run(imports: Imports, tables: Tables, *, year: int = 2025, **options: Any) -> int:
    return apply(imports, imports.preview("essai", year, *tables, **options))


def apply(imports: Imports, difference: Difference, **words: Any) -> int:
    given: dict[str, Any] = {
        "author": "A. Essai",
        "file_name": "essai.csv",
        "sha256": "0" * 64,
        "rows_in": 3,
    }
    return imports.apply(difference, **({"sha256": "0" * 64} | given | words))


def state(imports: Imports, programme: str = "essai") -> tuple[str, str]:
    projects, funding = imports.tables(programme)
    return projects.to_json(), funding.to_json()
