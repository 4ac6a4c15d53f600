"""What sheets and maps are made of, gathered from an atlas: the tables that the pages show."""

from dataclasses import replace
from datetime import date
from functools import cache

import geopandas as gpd
import pandas as pd

from analysis.equity import Equity
from analysis.material import MapLayers, MapMaterial, Material
from analysis.need import NeedRefused
from analysis.profile import TRENDS
from analysis.selection import Selection
from geo.crs import WGS84, to_metric, to_wgs84
from store.atlas import Atlas
from store.cases import cases, counts
from store.coverage import grid, services
from store.equity import Choice, equity
from store.exports import export_bytes, quarter_files
from store.measures import measure
from store.tables import projects_of, quarter_table, selected, year_before

_DRAWN = (  # what a sheet asks of a project: few columns are quickly sorted out, quarter by quarter
    *("project_id", "group", "granted_cents", "targets", "location_status", "nearest_qpv_code"),
    "geometry",
)


def gather(atlas: Atlas, selection: Selection, day: date, address: str = "") -> Material:
    """Gather what sheets say; the selection's quarters are left out.

    A sheet compares its quarter with all. Raises AtlasError when a file of the atlas is at fault.
    """
    whole = replace(selection, quarters=())
    files = cache(lambda: quarter_files(atlas, whole))
    return Material(
        territory=atlas.territory,
        selection=whole,
        day=day,
        address=address,
        rows=selected(atlas, whole),
        before=year_before(atlas, whole),
        table=quarter_table(atlas, whole),
        equity=_equity(atlas, whole),
        grid=grid(atlas, whole),
        services=services(atlas, whole),
        projects=_projects(atlas, whole),
        doubts=counts(cases(atlas, whole)),
        quarters=atlas.quarters_metric,
        communes=_communes(atlas),
        labels=atlas.quarter_labels,
        relations=atlas.relations,
        readings=atlas.readings,
        indicators=atlas.indicators,
        histories={word: atlas.history(word) for word in TRENDS},
        population=atlas.population[0],
        catalogue=atlas.catalogue,
        quarters_key=atlas.dataset("quarters").key,
        file=lambda code: files()[code] if code else export_bytes(atlas, whole, "projects", "csv"),
    )


def gather_map(atlas: Atlas, selection: Selection, code: str) -> MapMaterial:
    """Gather what the map of a selection shows, coloured by the measure ``code``.

    Raises AtlasError for a measure that does not colour a map.
    """
    return MapMaterial(
        territory=atlas.territory,
        selection=selection,
        measure=measure(atlas, selection, code),
        layers=lambda: map_layers(atlas),
        lived=len(atlas.lived) > 0,
        rows=selected(atlas, selection),
        every=selected(atlas, selection, quarters=False),
        table=quarter_table(atlas, selection),
        programme=atlas.programme(selection.programme),
        labels=atlas.quarter_labels,
        catalogue=atlas.catalogue,
        quarters_key=atlas.dataset("quarters").key,
    )


def map_layers(atlas: Atlas) -> MapLayers:
    """Return the open layers of a territory, as a map is given them."""
    quarters = atlas.quarters
    lived = to_wgs84(atlas.lived)
    return MapLayers(
        quarters.assign(npnru=quarters["qpv_code"].isin(list(atlas.territory.npnru))),
        atlas.bands,
        atlas.communes,
        lived.assign(quarter=lived["qpv_code"].map(atlas.quarter_labels)),
    )


def _equity(atlas: Atlas, selection: Selection) -> Equity | None:
    try:
        return equity(atlas, selection, Choice())
    except NeedRefused:
        return None


def _projects(atlas: Atlas, selection: Selection) -> gpd.GeoDataFrame:
    table = projects_of(atlas, selection)
    layer = _points(table)
    layer.loc[table["location_status"] == "not_located", "geometry"] = None
    return to_metric(layer[list(_DRAWN)], atlas.territory.crs)


def _communes(atlas: Atlas) -> gpd.GeoDataFrame:
    return to_metric(_points(atlas.communes.dropna(subset=["lon", "lat"])), atlas.territory.crs)


def _points(table: pd.DataFrame) -> gpd.GeoDataFrame:
    points = gpd.points_from_xy(table["lon"], table["lat"])
    return gpd.GeoDataFrame(table, geometry=points, crs=WGS84)
