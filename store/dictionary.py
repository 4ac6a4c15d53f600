"""The data dictionary: what every column of every table means, its unit, source and year."""

import tomllib
from collections.abc import Iterable, Mapping
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
# What a dictionary has itself, and the list of what was selected.
OWN = ("table", "colonne", "signification", "type", "unite", "source", "annee", "perimetre")
ABOUT = ("nom", "valeur")
UNITLESS = "sans unité"
_SOURCES = ("programme", "contours", "calcul", "indicateurs", "atlas")
_DECIMAL = {"count": "integer"}


def dictionary(
    atlas: Atlas, selection: Selection, tables: Mapping[str, Iterable[str]]
) -> pd.DataFrame:
    """Return what each column of some tables means, one row a table and column, in their order.

    ``tables`` gives the columns of a table by its name in the files (``quartiers``). Columns: OWN,
    ``type`` being a word of KINDS. Raises DataFileError for a column that nothing describes, and
    when ``columns.toml`` is not such a list.
    """
    told, credits = _columns(atlas), _credits(atlas, selection)
    measured = _indicators(atlas, atlas.edition)
    rows, unknown = [], []
    for table, names in tables.items():
        for name in names:
            one = told.get(f"{table}.{name}", told.get(name))
            if name in measured:
                rows.append({"table": table, **measured[name]})
            elif one:
                rows.append({"table": table, "colonne": name, **_words(one, credits)})
            else:
                unknown.append(f"{table}.{name}")
    if unknown:
        raise DataFileError(f"columns.toml : colonnes non décrites : {', '.join(unknown)}.")
    frame = pd.DataFrame(rows, columns=list(OWN))
    return frame.assign(type=frame["type"].map(KINDS))


def _words(one: Mapping[str, str], credits: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {
        "signification": one["meaning"],
        "type": one.get("type", "text"),
        "unite": one.get("unit", UNITLESS),
        **credits[one["source"]],
    }


@lru_cache(maxsize=4)
def _indicators(atlas: Atlas, edition: str) -> dict[str, dict[str, str]]:
    rows = [row for one in atlas.indicators.values() for row in _indicator_rows(atlas, one)]
    return {row["colonne"]: row for row in rows}


def kinds(atlas: Atlas, table: str) -> dict[str, str]:
    """Return the type (a key of KINDS) of every column, without looking at any figure."""
    told = _columns(atlas)
    found = {
        name: told.get(f"{table}.{name}", one).get("type", "text") for name, one in told.items()
    }
    for code, indicator in atlas.indicators.items():
        found |= {f"{code}_statut": "text", f"{code}_annee": "text", f"{code}_perimetre": "integer"}
        found[code] = _DECIMAL.get(indicator.kind, "decimal")
    return found


def meanings(atlas: Atlas, table: str) -> dict[str, str]:
    """Return what each column that is described means in a table, by its name, in French."""
    told = _columns(atlas)
    plain = {name: told.get(f"{table}.{name}", one)["meaning"] for name, one in told.items()}
    measured = _indicators(atlas, atlas.edition)
    return plain | {name: one["signification"] for name, one in measured.items()}


def described(atlas: Atlas) -> list[str]:
    """Return what ``columns.toml`` describes: columns, or ``table.column`` for one table alone."""
    return list(_columns(atlas))


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
        or one.get("source") not in _SOURCES
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
        shapes = ("aucun contour installé", "")
    generation = f"quartiers prioritaires, génération {territory.generation}"
    year = str(selection.year)
    return {
        "programme": {"source": programme.label, "annee": year, "perimetre": territory.name},
        "contours": {"source": shapes[0], "annee": shapes[1], "perimetre": generation},
        "calcul": {"source": "Calcul de l'atlas", "annee": year, "perimetre": generation},
        # A long table says them on each row.
        "indicateurs": {
            "source": "celle de la ligne (colonne « source »)",
            "annee": "celles de la ligne (« annee_donnee », « annee_fichier »)",
            "perimetre": "celui de la ligne (« perimetre_chiffre »)",
        },
        "atlas": {"source": "Atlas des quartiers prioritaires", "annee": "", "perimetre": ""},
    }


def _indicator_rows(atlas: Atlas, indicator: Indicator) -> list[dict[str, str]]:
    vintage = latest_of(atlas.readings, indicator.code).vintage
    origin = _origin(atlas, indicator, vintage)
    kind = _DECIMAL.get(indicator.kind, "decimal")
    words = f"{indicator.label}. {indicator.definition}"
    rows = (
        ("", words, kind, indicator.unit or UNITLESS),
        ("_statut", "publié, secret, absent, non significatif ou non comparable", "text", UNITLESS),
        ("_annee", "année de la donnée", "text", UNITLESS),
        ("_perimetre", "génération des périmètres de la donnée", "integer", "année"),
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
