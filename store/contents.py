"""The contents that leave the atlas: one frame each, for files, packages and services alike."""

from collections.abc import Callable
from functools import lru_cache

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from analysis.listing import COLUMNS
from analysis.selection import Selection
from analysis.vocabulary import (
    FIGURE_WORDS,
    RULE_WORDS,
    SITUATION_WORDS,
    TARGET_WORDS,
    labels,
    sharing,
)
from geo.crs import WGS84
from geo.errors import AtlasError, CrsError
from geo.location import INDICATIVE
from store.atlas import Atlas
from store.dictionary import kinds
from store.listing import every_figure
from store.tables import (
    export_projects,
    export_quarter_projects,
    export_quarters,
    export_totals,
    loaded,
    money,
    projects_of,
    selected,
)

SYSTEMS = {4326: ("longitude", "latitude"), 2154: ("x_lambert93", "y_lambert93")}
ALL = "all"  # every content in one file, where the format holds several
NAMES = {  # of a layer, a table, a file
    "quarters": "quartiers",
    "projects": "projets",
    "funding": "financements",
    "indicators": "indicateurs",
    "locations": "positions",
    "totals": "totaux",
}
# What is invented in a content when the programme is.
_EVERY_ROW = "toutes les lignes"
_MONEY = "les montants et les projets ; contours et indicateurs sont réels"
_INVENTED = {"quarters": _MONEY, ALL: _MONEY, "indicators": ""}
_DTYPES = {
    "text": "str",
    "date": "str",
    "integer": "Int64",
    "decimal": "Float64",
    "boolean": "boolean",
}


def content(atlas: Atlas, selection: Selection, what: str, crs: int = 4326) -> gpd.GeoDataFrame:
    """Return a content of CONTENTS for a selection: French columns, typed as the dictionary says.

    ``crs`` is 4326 (degrees) or 2154 (Lambert-93, metres). A content of TABLES has no geometry, and
    a project that is not located keeps its row. Raises AtlasError for another content, CrsError
    for another system or a place that Lambert-93 does not cover.
    """
    if what not in CONTENTS:
        raise AtlasError(f"Contenu « {what} » inconnu ; attendu : {', '.join(CONTENTS)}.")
    if crs not in SYSTEMS:
        raise CrsError(f"Système EPSG:{crs} inconnu ; attendu : {', '.join(map(str, SYSTEMS))}.")
    layer = _kept(atlas, atlas.edition, selection, what)
    return layer if crs == 4326 else _projected(layer, crs)


@lru_cache(maxsize=16)  # a file, its size and its package read the same frames
def _kept(atlas: Atlas, edition: str, selection: Selection, what: str) -> gpd.GeoDataFrame:
    return _typed(CONTENTS[what](atlas, selection), kinds(atlas, NAMES[what]))


def invented(atlas: Atlas, selection: Selection, what: str) -> str:
    """Say in French what a content of a selection, or ALL, has that is invented; empty if none."""
    fictitious = atlas.territory.programme(selection.programme).fictitious
    return _INVENTED.get(what, _EVERY_ROW) if fictitious else ""


def by_quarter(atlas: Atlas, selection: Selection) -> gpd.GeoDataFrame:
    """Return the content "projects" narrowed to each quarter in turn, indexed by the quarter."""
    return _typed(export_quarter_projects(atlas, selection), kinds(atlas, NAMES["projects"]))


def flat(layer: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return a content as a table: points become two columns (SYSTEMS), other shapes are dropped.

    Columns are degrees in EPSG:4326, metres in EPSG:2154.
    """
    table = pd.DataFrame(layer.drop(columns="geometry"))
    if set(layer.geom_type.dropna()) == {"Point"}:
        x, y = SYSTEMS[layer.crs.to_epsg()]
        table[x], table[y] = layer.geometry.x, layer.geometry.y
    return table


def _typed(layer: gpd.GeoDataFrame, found: dict[str, str]) -> gpd.GeoDataFrame:
    return layer.astype({name: _DTYPES[found[name]] for name in layer if name != "geometry"})


def _projected(layer: gpd.GeoDataFrame, crs: int) -> gpd.GeoDataFrame:
    area = CRS(crs).area_of_use
    west, south, east, north = layer.total_bounds
    outside = area and not (
        area.west <= west and east <= area.east and area.south <= south and north <= area.north
    )
    if layer.geometry.notna().any() and outside:
        raise CrsError(
            f"EPSG:{crs} ne couvre pas ce territoire ; choisissez EPSG:4326 (longitude, latitude)."
        )
    return layer.to_crs(crs)


def _funding(atlas: Atlas, selection: Selection) -> gpd.GeoDataFrame:
    """Return the ledger of a selection: one row a project, funder, status and target."""
    rows = selected(atlas, selection).reset_index(drop=True)
    territory = atlas.territory
    words = {name: labels(territory, name) for name in ("theme", "dispositif", "status", "funder")}
    frame = pd.DataFrame(
        {
            "identifiant": rows["project_id"],
            "programme": rows["programme"],
            "donnees_fictives": rows["fictitious"],
            "reference": rows["reference"],
            "annee": rows["year"],
            "intitule": rows["title"],
            "porteur": rows["operator"],
            "theme": rows["theme"].map(words["theme"]),
            "dispositif": rows["dispositif"].map(words["dispositif"]),
            "financeur_code": rows["funder"],
            "financeur": rows["funder"].map(words["funder"]).fillna(rows["funder"]),
            "statut_financement": rows["status"].map(words["status"]).fillna(rows["status"]),
            "beneficie_a": rows["target"].map(TARGET_WORDS),
            "code_qpv": rows["qpv_code"],
            "quartier": rows["qpv_code"].map(atlas.quarter_labels),
            "situation": rows["situation"].map(SITUATION_WORDS),
            "partage": rows["rule"].map(RULE_WORDS),
            "regle_partage": sharing(selection.rules),
            "avertissement": INDICATIVE,
            **money(rows),
        }
    )
    return _table(frame)


def _indicators(atlas: Atlas, selection: Selection) -> gpd.GeoDataFrame:
    """Return every figure of the chosen quarters, one row a quarter, indicator and vintage."""
    names = ("code_qpv", "indicateur", "annee_donnee", "annee_fichier", "valeur", "statut_chiffre")
    renamed = dict(zip(COLUMNS, (*names, "unite", "perimetre_chiffre", "source"), strict=True))
    frame = every_figure(atlas, selection.quarters or None)[list(COLUMNS)].rename(columns=renamed)
    frame["statut_chiffre"] = frame["statut_chiffre"].map(FIGURE_WORDS)
    known = atlas.indicators
    frame.insert(1, "quartier", frame["code_qpv"].map(atlas.quarter_labels))
    frame.insert(3, "libelle", frame["indicateur"].map(lambda code: known[code].label))
    frame["definition"] = frame["indicateur"].map(lambda code: known[code].definition)
    return _table(frame.assign(donnees_fictives=False))


def _locations(atlas: Atlas, selection: Selection) -> gpd.GeoDataFrame:
    """Return where the projects of a selection are: address, position, quarter, band."""
    projects = export_projects(atlas, selection)
    table = projects_of(atlas, selection).set_index("project_id").reindex(projects["identifiant"])
    places = loaded(atlas, selection).projects.set_index("project_id")
    places = places.reindex(projects["identifiant"]).reset_index()
    table = table.reset_index()
    told = (
        *("identifiant", "programme", "donnees_fictives", "annee", "intitule", "quartiers"),
        *("situation", "etat_position", "distance_limite_m", "incertitude_m"),
        *("quartier_position", "quartier_le_plus_proche", "origine_position", "score_geocodage"),
        *("sur_une_limite", "autres_quartiers_position", "perimetre", "avertissement", "geometry"),
    )
    return projects[list(told)].assign(
        adresse=places["address"],
        code_postal=places["postcode"],
        commune_code=places["commune_code"],
        commune=places["commune_name"],
        dans_la_bande=table["in_band"],
        quartier_de_la_bande=table["band_code"],
    )


def _table(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(frame, geometry=[None] * len(frame), crs=WGS84)


CONTENTS: dict[str, Callable[[Atlas, Selection], gpd.GeoDataFrame]] = {
    "quarters": export_quarters,
    "projects": export_projects,
    "funding": _funding,
    "indicators": _indicators,
    "locations": _locations,
    "totals": export_totals,
}
TABLES = ("funding", "indicators", "totals")  # those without any geometry
