"""The files that leave the atlas: the same bytes from the screen and from the command line."""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from analysis.selection import USUAL_INDICATOR, Selection
from analysis.vocabulary import file_stem, labels, sharing
from geo.catalogue import Dataset
from geo.errors import AtlasError, CrsError
from geo.location import INDICATIVE
from geo.spreadsheets import to_xlsx
from geo.vectors import Layer, covered, to_flatgeobuf, to_gpkg, to_parquet
from geo.writers import to_csv, to_csv_parts, to_geojson
from store.atlas import Atlas
from store.contents import (
    ALL,
    CONTENTS,
    NAMES,
    SYSTEMS,
    TABLES,
    by_quarter,
    content,
    flat,
    invented,
)
from store.dictionary import ABOUT, OWN, dictionary
from store.styles import locations_style, projects_style, quarters_style
from store.subsidies import COLUMNS, subsidies

MIME_TYPES = {
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "parquet": "application/vnd.apache.parquet",
    "fgb": "application/octet-stream",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "scdl": "text/csv",
}
DIALECTS = ("fr", "international")
SEVERAL = ("gpkg", "xlsx")
TITLES = {
    "quarters": "Quartiers",
    "projects": "Projets",
    "funding": "Financements",
    "indicators": "Indicateurs",
    "locations": "Positions",
    "totals": "Totaux",
    ALL: "Tout",
}
# What each format cannot hold, in French.
_SHAPES_ONLY = ("fgb",)


@dataclass(frozen=True)
class Options:
    """How a content is written: system (4326 or 2154), dialect of a CSV, indicator of the style."""

    crs: int = 4326
    dialect: str = "fr"
    indicator: str = USUAL_INDICATOR


USUAL = Options()


def export_bytes(
    atlas: Atlas, selection: Selection, what: str, file_format: str, options: Options = USUAL
) -> bytes:
    """Return a selection as a file: ``what`` of CONTENTS or ALL, ``file_format`` of MIME_TYPES.

    A CSV or a workbook has no shape; points become two columns. Raises AtlasError for a choice
    that does not exist or that the format cannot hold, and when data cannot be read.
    """
    refuse(what, file_format, options)
    if file_format == "scdl":
        return to_csv(subsidies(atlas, selection).rows, dialect="international")
    if file_format in SEVERAL:
        return _several(atlas, selection, what, file_format, options)
    layer = content(atlas, selection, what, options.crs)
    if file_format == "geojson":
        return to_geojson(layer)
    if file_format == "csv":
        return to_csv(flat(layer), dialect=options.dialect)
    if file_format == "parquet":
        return to_parquet(_shaped(layer, what))
    return to_flatgeobuf(layer, NAMES[what])


def quarter_files(atlas: Atlas, selection: Selection) -> dict[str, bytes]:
    """Return the CSV of the projects of each quarter: ``export_bytes`` narrowed to it, at once."""
    layer = by_quarter(atlas, selection)
    none = to_csv(flat(layer.iloc[:0]))
    found = to_csv_parts(flat(layer), SYSTEMS[4326])
    return {code: found.get(code, none) for code in atlas.quarters["qpv_code"]}


def refuse(what: str, file_format: str, options: Options = USUAL) -> None:
    """Raise AtlasError, in French, when a content cannot be written so; CrsError for a system."""
    known = (*CONTENTS, ALL)
    if what not in known or file_format not in MIME_TYPES or options.dialect not in DIALECTS:
        raise AtlasError(
            f"Export « {what} » au format « {file_format} » inconnu ; attendu : "
            f"{', '.join(known)} au format {', '.join(MIME_TYPES)}, CSV {' ou '.join(DIALECTS)}."
        )
    if options.crs not in SYSTEMS:
        raise CrsError(f"Système EPSG:{options.crs} inconnu ; attendu : 4326 ou 2154.")
    if file_format == "geojson" and options.crs != 4326:
        raise CrsError(
            "Un GeoJSON est toujours en WGS 84, EPSG:4326 (RFC 7946) ; pour EPSG:"
            f"{options.crs}, choisissez gpkg, parquet ou fgb."
        )
    if file_format == "scdl" and what != "funding":
        raise AtlasError(
            "Le format scdl décrit des subventions : il n'existe que pour le contenu funding."
        )
    if file_format in _SHAPES_ONLY and what in TABLES:
        raise AtlasError(
            f"« {what} » n'a pas de géométrie, que le format {file_format} demande ; choisissez "
            "csv, xlsx, parquet ou gpkg."
        )
    if what == ALL and file_format not in SEVERAL:
        raise AtlasError(
            f"Un fichier {file_format} ne porte qu'un contenu ; « {ALL} » demande "
            f"{' ou '.join(SEVERAL)}."
        )


def formats_of(what: str) -> list[str]:
    """Return the formats in which a content may be written, in EPSG:4326."""
    found = []
    for file_format in MIME_TYPES:
        try:
            refuse(what, file_format)
        except AtlasError:
            continue
        found.append(file_format)
    return found


def columns_of(
    atlas: Atlas, selection: Selection, what: str, file_format: str, crs: int = 4326
) -> list[str]:
    """Return the columns of a content as a format writes it, its shape included."""
    if file_format == "scdl":
        return list(COLUMNS)
    layer = content(atlas, selection, what, crs)
    if file_format in ("csv", "xlsx"):
        return [str(name) for name in flat(layer)]
    plain = [str(name) for name in layer.columns if name != "geometry"]
    if file_format == "gpkg":
        return ["fid", *plain, *([] if what in TABLES else ["geom"])]
    if file_format == "geojson":
        return [*plain, "geometry"]
    shapes = [] if what in TABLES else ["geometry"]
    boxed = bool(shapes) and file_format == "parquet" and covered(layer)
    return [*plain, *shapes, *(["bbox"] if boxed else [])]


def export_name(atlas: Atlas, selection: Selection, what: str, file_format: str) -> str:
    """Return the file's name: content, territory, and for money its year and flags.

    Indicators have neither: every year of every quarter, whatever the programme and its sharing.
    """
    stem = NAMES.get(what, "tout")
    if what == "indicators":
        return f"{stem}_{atlas.territory.code}.{file_format}"
    stem = file_stem(atlas.territory, selection, stem)
    return f"{stem}_scdl.csv" if file_format == "scdl" else f"{stem}.{file_format}"


def filters(atlas: Atlas, selection: Selection, contents: Sequence[str]) -> pd.DataFrame:
    """Return what was selected for some contents and its sources, lines of ``nom`` and ``valeur``.

    Indicators are chosen by quarter alone: programme, year, filters and sharing say nothing of
    them, and are left out where nothing else is written.
    """
    territory, programme = atlas.territory, atlas.territory.programme(selection.programme)
    quarters = {"Quartiers": _words(selection.quarters, atlas.quarter_labels)}
    chosen = {
        "Programme": programme.label,
        "Année": str(selection.year),
        "Thèmes": _words(selection.themes, labels(territory, "theme")),
        "Financeurs": _words(selection.funders, labels(territory, "funder")),
        "Statuts": _words(selection.statuses, labels(territory, "status")),
        "Dispositifs": _words(selection.dispositifs, labels(territory, "dispositif")),
        **quarters,
        "Partage": sharing(selection.rules),
        "Avertissement": INDICATIVE,
    }
    rows = {
        "Territoire": territory.contract,
        "Données fictives": _fiction(atlas, selection, contents),
        **(quarters if set(contents) == {"indicators"} else chosen),
        **{f"Source : {one.title}": f"{one.credit} ; {one.licence}" for one in _sources(atlas)},
    }
    return pd.DataFrame({"nom": list(rows), "valeur": list(rows.values())})


def _fiction(atlas: Atlas, selection: Selection, contents: Sequence[str]) -> str:
    found = {TITLES[what]: invented(atlas, selection, what) for what in contents}
    if not any(found.values()):
        return "non"
    return " | ".join(f"{title} : {words or 'rien'}" for title, words in found.items())


def _words(codes: tuple[str, ...], words: dict[str, str]) -> str:
    return ", ".join(words.get(code, code) for code in codes) or "tous"


def _sources(atlas: Atlas) -> list[Dataset]:
    used = set(atlas.territory.datasets.values())
    return [one for key, one in atlas.catalogue.items() if key in used or one.part]


def _several(
    atlas: Atlas, selection: Selection, what: str, file_format: str, options: Options
) -> bytes:
    chosen = list(CONTENTS) if what == ALL else [what]
    frames = {one: content(atlas, selection, one, options.crs) for one in chosen}
    about = filters(atlas, selection, chosen)
    told = {
        NAMES[one]: columns_of(atlas, selection, one, file_format, options.crs) for one in chosen
    }
    own = {"dictionnaire": list(OWN), "selection": list(ABOUT)}
    if file_format == "gpkg":
        own = {name: ["fid", *columns] for name, columns in own.items()}
        layers = {NAMES[one]: _layer(atlas, frames[one], one, options) for one in chosen}
        layers |= {
            "dictionnaire": Layer(
                dictionary(atlas, selection, told | own), "Ce que dit chaque colonne"
            ),
            "selection": Layer(about, "Sélection et sources"),
        }
        return to_gpkg(layers, dict(zip(about["nom"], about["valeur"], strict=True)))
    sheets = {TITLES[one]: flat(frames[one]) for one in chosen}
    words = dictionary(atlas, selection, told | own)
    return to_xlsx({**sheets, "Définitions": words, "Sélection et sources": about})


def _layer(atlas: Atlas, layer: gpd.GeoDataFrame, what: str, options: Options) -> Layer:
    return Layer(_shaped(layer, what), TITLES[what], _style(atlas, layer, what, options.indicator))


def _style(atlas: Atlas, layer: gpd.GeoDataFrame, what: str, indicator: str) -> str:
    if what == "quarters" and indicator in atlas.indicators:
        when = layer[f"{indicator}_annee"].dropna().unique()
        return quarters_style(atlas.indicators[indicator], layer[indicator], ", ".join(when))
    if what == "projects":
        most = layer["accorde_eur"].max()
        return projects_style(atlas.territory, 0.0 if pd.isna(most) else float(most))
    return locations_style() if what == "locations" else ""


def _shaped(layer: gpd.GeoDataFrame, what: str) -> pd.DataFrame:
    return pd.DataFrame(layer.drop(columns="geometry")) if what in TABLES else layer
