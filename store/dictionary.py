"""The data dictionary: what every column of every file means, its unit, source and year."""

import tomllib
from functools import lru_cache
from typing import Any

import pandas as pd

from analysis.indicators import Indicator, Vintage
from analysis.profile import latest_of
from analysis.selection import Selection
from geo.catalogue import RESTORE
from geo.errors import AtlasError, DataFileError
from store.atlas import Atlas

KINDS = {
    "text": "texte",
    "integer": "nombre entier",
    "decimal": "nombre décimal",
    "boolean": "oui ou non",
    "date": "date",
    "geometry": "géométrie",
}
_DECIMAL = {"count": "integer"}


def dictionary(atlas: Atlas, selection: Selection) -> pd.DataFrame:
    """Return every column that a file may have, one row each.

    Columns: ``colonne``, ``signification``, ``type`` (a key of KINDS), ``unite``, ``source``,
    ``annee``, ``perimetre``. Raises DataFileError when ``columns.toml`` is not such a list.
    """
    credits = _credits(atlas, selection)
    rows = [
        {
            "colonne": name,
            "signification": one["meaning"],
            "type": one.get("type", "text"),
            "unite": one.get("unit", ""),
            **credits[one["source"]],
        }
        for name, one in _columns(atlas).items()
    ]
    return pd.DataFrame([*rows, *_indicators(atlas, atlas.edition)])


@lru_cache(maxsize=4)
def _indicators(atlas: Atlas, edition: str) -> list[dict[str, str]]:
    return [row for one in atlas.indicators.values() for row in _indicator_rows(atlas, one)]


def kinds(atlas: Atlas) -> dict[str, str]:
    """Return the type (a key of KINDS) of every column, without looking at any figure."""
    found = {name: one.get("type", "text") for name, one in _columns(atlas).items()}
    for code, indicator in atlas.indicators.items():
        found |= {f"{code}_statut": "text", f"{code}_annee": "text", f"{code}_perimetre": "integer"}
        found[code] = _DECIMAL.get(indicator.kind, "decimal")
    return found


def told(columns: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return the dictionary of some columns, in their order, in words for a reader."""
    rows = columns.set_index("colonne").loc[names].reset_index()
    return rows.assign(type=rows["type"].map(KINDS))


def _columns(atlas: Atlas) -> dict[str, dict[str, Any]]:
    path = atlas.directory / "columns.toml"
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataFileError(
            f"Le dictionnaire {path.name} est absent ou illisible : {error}. {RESTORE}"
        ) from error
    faults = [
        name
        for name, one in found.items()
        if not one.get("meaning")
        or one.get("type", "text") not in KINDS
        or one.get("source") not in ("programme", "contours", "calcul")
    ]
    if faults:
        raise DataFileError(f"{path.name} : colonnes mal décrites : {', '.join(faults)}. {RESTORE}")
    return found


def _credits(atlas: Atlas, selection: Selection) -> dict[str, dict[str, str]]:
    territory = atlas.territory
    programme = territory.programme(selection.programme)
    try:
        outlines = atlas.dataset("quarters")
        shapes = (outlines.credit, outlines.vintage)
    except AtlasError:
        shapes = ("", "")
    generation = f"quartiers prioritaires, génération {territory.generation}"
    year = str(selection.year)
    return {
        "programme": {"source": programme.label, "annee": year, "perimetre": territory.name},
        "contours": {"source": shapes[0], "annee": shapes[1], "perimetre": generation},
        "calcul": {"source": "Calcul de l'atlas", "annee": year, "perimetre": generation},
    }


def _indicator_rows(atlas: Atlas, indicator: Indicator) -> list[dict[str, str]]:
    vintage = latest_of(atlas.readings, indicator.code).vintage
    origin = _origin(atlas, indicator, vintage)
    kind = _DECIMAL.get(indicator.kind, "decimal")
    words = f"{indicator.label}. {indicator.definition}"
    rows = (
        ("", words, kind, indicator.unit),
        ("_statut", "publié, secret, absent, non significatif ou non comparable", "text", ""),
        ("_annee", "année de la donnée", "text", ""),
        ("_perimetre", "génération des périmètres de la donnée", "integer", ""),
    )
    return [
        {
            "colonne": f"{indicator.code}{suffix}",
            "signification": meaning if not suffix else f"{indicator.label} : {meaning}.",
            "type": kind,
            "unite": unit,
            **origin,
        }
        for suffix, meaning, kind, unit in rows
    ]


def _origin(atlas: Atlas, indicator: Indicator, vintage: Vintage | None) -> dict[str, str]:
    if vintage is None:
        return {"source": "aucune donnée installée", "annee": "", "perimetre": indicator.perimeter}
    credit = atlas.catalogue[vintage.dataset].credit
    perimeter = f"{indicator.perimeter} Génération {vintage.generation}."
    return {"source": credit, "annee": vintage.label, "perimetre": perimeter}
