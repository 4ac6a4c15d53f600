"""Coverage of a selection, gathered: one source for the page and the command line."""

from collections.abc import Sequence
from dataclasses import replace

import geopandas as gpd
import pandas as pd

from analysis import audience as rule
from analysis import coverage
from analysis.effort import supported
from analysis.programme import NO_THEME, totals
from analysis.selection import Selection
from analysis.vocabulary import labels
from geo.crs import WGS84, to_metric
from geo.territory import Essential
from store.atlas import Atlas
from store.tables import loaded, selected

COLUMNS = {"theme": "Thèmes", "group": "Familles de thèmes", "dispositif": "Dispositifs"}
_FILTERS = {"theme": "themes", "dispositif": "dispositifs"}


def grid(atlas: Atlas, selection: Selection, column: str = "theme") -> coverage.Grid:
    """Return the coverage of the quarters shown by ``theme``, ``group`` or ``dispositif``."""
    rows = selected(atlas, selection, quarters=False)
    chosen = getattr(selection, _FILTERS.get(column, ""), ()) or ()
    names = labels(atlas.territory, column)
    words = {code: name for code, name in names.items() if not chosen or code in chosen}
    if NO_THEME not in rows[column].to_numpy():
        words.pop(NO_THEME, None)
    shown = quarters_shown(atlas, selection)
    now = coverage.matrix(rows, shown, list(words), column)
    earlier = _year_before(atlas, selection)
    before = None if earlier is None else coverage.matrix(earlier, shown, list(words), column)
    cells = coverage.changed(now, before)
    idle = coverage.unused(cells)
    return coverage.Grid(
        cells[~cells["code"].isin(idle)].reset_index(drop=True),
        {code: name for code, name in words.items() if code not in idle},
        [words[code] for code in idle],
        coverage.elsewhere(rows, column),
    )


def quarters_shown(atlas: Atlas, selection: Selection) -> list[str]:
    """Return the chosen quarters, or all of them, by code."""
    return list(selection.quarters) or list(atlas.quarters["qpv_code"])


def _year_before(atlas: Atlas, selection: Selection) -> pd.DataFrame | None:
    if selection.year - 1 not in atlas.years(selection.programme):
        return None
    return selected(atlas, replace(selection, year=selection.year - 1), quarters=False)


def services(
    atlas: Atlas, selection: Selection, wanted: Sequence[Essential] | None = None
) -> pd.DataFrame:
    """Return one row a quarter and service: whether it is served, how far the nearest one is.

    Columns: ``qpv_code, label, state, projects, before, change`` (as in the matrix) and
    ``distance_m, project_id, uncertainty_m`` (``analysis.coverage.nearest``). Without ``wanted``,
    what the territory says every quarter should have.
    """
    chosen = atlas.territory.essentials if wanted is None else wanted
    rows = selected(atlas, selection, quarters=False)
    earlier = _year_before(atlas, selection)
    shown = quarters_shown(atlas, selection)
    layer = atlas.quarters_metric
    layer = layer[layer["qpv_code"].isin(shown)]
    places = _places(atlas, selection)
    parts = []
    for one in chosen:
        now = coverage.matrix(rows, shown, [one.code], one.column)
        then = None if earlier is None else coverage.matrix(earlier, shown, [one.code], one.column)
        cells = coverage.changed(now, then)
        ours = supported(rows[rows[one.column] == one.code])["project_id"]
        near = coverage.nearest(layer, places[places["project_id"].isin(ours)])
        parts.append(cells.join(near, on="qpv_code").assign(label=one.label))
    columns = ["qpv_code", "label", "state", "projects", "before", "change"]
    columns += ["distance_m", "project_id", "uncertainty_m"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _places(atlas: Atlas, selection: Selection) -> gpd.GeoDataFrame:
    """Return the located projects of the programme as points, in metres."""
    programme = loaded(atlas, selection)
    placed = (programme.located["location_status"] != "not_located").to_numpy()
    projects = programme.projects[placed]
    points = gpd.GeoDataFrame(
        {
            "project_id": projects["project_id"].to_numpy(),
            "uncertainty_m": programme.located["uncertainty_m"].to_numpy(dtype="float64")[placed],
        },
        geometry=gpd.points_from_xy(projects["lon"], projects["lat"]),
        crs=WGS84,
    )
    return to_metric(points, atlas.territory.crs)


def choices(atlas: Atlas) -> dict[str, Essential]:
    """Return everything a distance may be asked to: dispositifs and themes, by label."""
    terms = [
        ("dispositif", atlas.territory.dispositifs),
        ("theme", atlas.territory.nomenclature.themes),
    ]
    return {
        term.label: Essential(term.label, **{column: term.code})
        for column, found in terms
        for term in found
    }


def public_rule(atlas: Atlas, selection: Selection, threshold: float) -> pd.DataFrame:
    """Return the supported projects of a selection with the state of the rule on their public.

    ``project_id, title, operator, granted_cents`` and the columns of ``audience``.
    """
    rows = supported(selected(atlas, selection))
    cents = totals(rows, "project_id")["granted_cents"]
    projects = loaded(atlas, selection).projects
    projects = projects[projects["project_id"].isin(cents.index)].reset_index(drop=True)
    found = rule.audience(projects, threshold)
    about = projects[["project_id", "title", "operator"]]
    return about.assign(granted_cents=projects["project_id"].map(cents)).join(found)


def export_coverage(atlas: Atlas, selection: Selection, column: str = "theme") -> pd.DataFrame:
    """Return the grid as it leaves the atlas, one row a cell, then the services and distances.

    French columns; ``distance_m`` and ``incertitude_m`` only for what every quarter should have
    (``colonne`` is then "service").
    """
    shown = grid(atlas, selection, column)
    cells = shown.cells.assign(label=shown.cells["code"].map(shown.words), column=column)
    needed = services(atlas, selection).assign(column="service")
    table = pd.concat([cells, needed], ignore_index=True)
    return pd.DataFrame(
        {
            "code_qpv": table["qpv_code"],
            "nom": table["qpv_code"].map(atlas.quarter_labels),
            "annee": selection.year,
            "colonne": table["column"],
            "code": table["code"],
            "intitule": table["label"],
            "etat": table["state"].map(coverage.STATES),
            "projets": table["projects"].astype("Int64"),
            "projets_avant": table["before"].astype("Int64"),
            "changement": table["change"].map(coverage.CHANGES),
            "distance_m": table["distance_m"].round(0),
            "incertitude_m": table["uncertainty_m"],
            "donnees_fictives": atlas.territory.programme(selection.programme).fictitious,
        }
    )
