"""The files that leave the atlas: the same bytes from the screen and from the command line."""

import geopandas as gpd
import pandas as pd

from analysis.selection import Selection
from geo.errors import AtlasError
from geo.writers import to_csv, to_geojson
from store.atlas import Atlas
from store.tables import export_projects, export_quarters, export_totals

CONTENTS = {
    "quarters": export_quarters,
    "projects": export_projects,
    "totals": export_totals,
}
MIME_TYPES = {"geojson": "application/geo+json", "csv": "text/csv"}
_NAMES = {"quarters": "quartiers", "projects": "projets", "totals": "totaux"}


def export_bytes(atlas: Atlas, selection: Selection, what: str, file_format: str) -> bytes:
    """Return a selection as a file: ``what`` of CONTENTS, ``file_format`` of MIME_TYPES.

    A CSV has no geometry; points become ``longitude`` and ``latitude`` (EPSG:4326, degrees).
    Raises AtlasError for another content or format, or when data cannot be read.
    """
    if what not in CONTENTS or file_format not in MIME_TYPES:
        raise AtlasError(
            f"Export « {what} » au format « {file_format} » inconnu ; attendu : "
            f"{', '.join(CONTENTS)} au format {', '.join(MIME_TYPES)}."
        )
    layer = CONTENTS[what](atlas, selection)
    return to_geojson(layer) if file_format == "geojson" else to_csv(_flat(layer))


def export_name(atlas: Atlas, selection: Selection, what: str, file_format: str) -> str:
    """Return the file's name: content, territory, year, and flags."""
    return f"{export_stem(atlas, selection, _NAMES[what])}.{file_format}"


def export_stem(atlas: Atlas, selection: Selection, name: str) -> str:
    """Return a file's name without extension: ``name``, territory, year, and flags.

    They say that the money is invented, or shared between quarters otherwise than usual.
    """
    flag = "_fictif" if atlas.territory.programme(selection.programme).fictitious else ""
    flag += "_hypothese" if selection.what_if else ""
    return f"{name}_{atlas.territory.code}_{selection.year}{flag}"


def _flat(layer: gpd.GeoDataFrame) -> pd.DataFrame:
    table = pd.DataFrame(layer.drop(columns="geometry"))
    if set(layer.geom_type.dropna()) == {"Point"}:
        table["longitude"] = layer.geometry.x
        table["latitude"] = layer.geometry.y
    return table
