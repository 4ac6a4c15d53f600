"""What a map shows, ready for a browser: layers, projects, classes, circles; no Streamlit here.

The page of the interface and the stand-alone file are drawn from the same content by the same
script (``reports/assets/map.js``).
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.crs import WGS84, metric_crs, require_crs, to_metric, to_wgs84
from geo.errors import ContractError

HIDDEN, SECRET, ABSENT, NOT_COMPARABLE = "-", "s", "a", "x"
NO_AMOUNT = "."
LARGEST_RADIUS_PX = 16.0
SMALLEST_RADIUS_PX = 2.5
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PROJECT_COLUMNS = (
    "project_id",
    "lon",
    "lat",
    "theme_index",
    "undecided",
    "title",
    "operator",
    "theme_label",
    "amount_label",
)
TOLERANCE_M = 1.0
DECIMALS = 5
# Streamlit keeps messages of at least this size in the browser and then sends only their name.
_KEPT_BY_BROWSER = 10_000


@dataclass(frozen=True)
class MapState:
    """What the map shows now; a change redresses the map in place, view kept.

    ``classes`` holds one character a quarter, in the order of ``MapBase.quarter_codes``: '0'-'9'
    an index of ``colours``, 's' secret, 'a' absent, 'x' not comparable, '-' hidden. ``labels`` are
    the quarters' values as read by a user (empty: the map words secret, absent and not comparable
    itself); ``note`` the lines under a value (indicator, source and year, perimeter), separated by
    a line break. ``sizes`` is ``circle_codes`` of the project layer's rows. Colours are CSS
    colours, one a class and one a theme; ``theme_letters`` go with the theme colours.
    ``clusters`` gathers projects while the map is zoomed out; near the ground, and always without
    it, each is a circle whose area is proportional to its euros. ``point`` (longitude, latitude in
    degrees) is a place pointed at, brought into view, from the zoom ``near`` if it is not 0;
    ``asking`` makes a click on the ground send its place instead of choosing a quarter. ``key`` is
    what the map's own legend says of each colour, then of each mark: pairs of a class and words.
    """

    classes: str
    labels: Sequence[str]
    colours: Sequence[str]
    note: str = ""
    selected: str | None = None
    sizes: str = ""
    theme_colours: Sequence[str] = ()
    theme_letters: Sequence[str] = ()
    bands: bool = False
    communes: bool = True
    lived: bool = False
    key: Sequence[tuple[str, str]] = ()
    clusters: bool = True
    point: tuple[float, float] | None = None
    near: int = 0
    asking: bool = False


@dataclass(frozen=True)
class ProjectLayer:
    """Projects ready to be sent to a browser, once a ``digest``; ``ids`` in the order of rows."""

    content: Mapping[str, Any]
    digest: str
    ids: tuple[str, ...]

    @property
    def count(self) -> int:
        """Return how many projects there are."""
        return len(self.ids)


def circle_radius(cents: int, largest_cents: int) -> float:
    """Return the radius in pixels whose disc has an area proportional to the amount.

    ``largest_cents`` gets LARGEST_RADIUS_PX (also anything above). Below SMALLEST_RADIUS_PX the
    disc would vanish: it keeps that radius, and is then larger than its amount.
    """
    return float(_radii(np.array([cents], dtype="float64"), largest_cents)[0])


def _radii(cents: np.ndarray, largest_cents: int) -> np.ndarray:
    if largest_cents <= 0:
        return np.full(len(cents), SMALLEST_RADIUS_PX)
    share = np.clip(cents / largest_cents, 0.0, 1.0)
    return np.maximum(LARGEST_RADIUS_PX * np.sqrt(share), SMALLEST_RADIUS_PX)


def circle_codes(cents: Sequence[int | None], shown: Sequence[bool], largest_cents: int) -> str:
    """Write one character a project: '-' hidden, '.' amount unknown, else its circle's radius.

    The radius is a base-62 digit in half pixels (0 to 30,5 px). Sequences are in the order of the
    project layer; an amount is in cents, None or NA when unknown.
    """
    amounts = pd.array(list(cents), dtype="Int64")
    radii = _radii(amounts.fillna(0).to_numpy("float64"), largest_cents)
    halves = np.rint(radii * 2).astype(int).tolist()
    return "".join(
        (NO_AMOUNT if unknown else DIGITS[half]) if visible else HIDDEN
        for half, unknown, visible in zip(halves, amounts.isna().tolist(), shown, strict=True)
    )


def pack(content: Any) -> str:
    """Return JSON content deflated, in base 64: what the page's ``unpack`` reads."""
    return _packed(_written(content))


def _written(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _packed(written: bytes) -> str:
    # Level 6: level 9 takes 3 % fewer bytes, sent once, for nearly three times as long.
    return base64.b64encode(zlib.compress(written, 6)).decode("ascii")


def digest(*parts: bytes) -> str:
    """Return a name for a content: 16 hexadecimal signs of its sha256."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def project_layer(projects: pd.DataFrame) -> ProjectLayer:
    """Prepare the located projects for the map, in the frame's order.

    Columns: PROJECT_COLUMNS; ``lon`` and ``lat`` in WGS 84 degrees, ``theme_index`` an index of
    the state's theme colours, ``undecided`` True where the place awaits a decision, the rest text
    as read by a user. Raises ContractError when a column or a position is missing: a project that
    has no place is counted beside the map, never drawn on it.
    """
    missing = [name for name in PROJECT_COLUMNS if name not in projects]
    if missing:
        raise ContractError(f"Projets de la carte : colonnes absentes ({', '.join(missing)}).")
    placed = projects["lon"].notna() & projects["lat"].notna()
    unplaced = projects.loc[~placed, "project_id"]
    if len(unplaced):
        raise ContractError(
            f"Projets de la carte : {len(unplaced)} sans position ({unplaced.iloc[0]}…) ; "
            "retirez-les de la carte et comptez-les à côté."
        )
    rows = projects[list(PROJECT_COLUMNS)].astype({"theme_index": int, "undecided": bool})
    rows = rows.fillna("").round({"lon": 6, "lat": 6})
    table = rows.to_numpy(dtype=object).tolist()
    plain = _written(table)
    packed = _packed(plain)
    # Packed, unless that alone would take the message below the size the browser keeps.
    kept_if_plain = len(packed) < _KEPT_BY_BROWSER <= len(plain)
    content = {"rows": table} if kept_if_plain else {"packed": packed}
    return ProjectLayer(content, digest(plain), tuple(rows["project_id"]))


def display_geometry(layer: gpd.GeoDataFrame, crs: str) -> gpd.GeoSeries:
    """Return the geometry for the screen: simplified to 1 m in the metric ``crs``, 5 decimals.

    Input and output in WGS 84. For display only: nothing may be measured on it.
    """
    metric = to_metric(layer, metric_crs(crs))
    simple = metric.set_geometry(metric.geometry.simplify(TOLERANCE_M))
    shapes = to_wgs84(simple).geometry
    return shapes.set_axis(layer.index).transform(lambda xy: np.round(xy, DECIMALS))


def _features(layer: gpd.GeoDataFrame, properties: pd.DataFrame, crs: str) -> dict[str, Any]:
    shapes = [shapely.geometry.mapping(shape) for shape in display_geometry(layer, crs)]
    features = [
        {"type": "Feature", "properties": values, "geometry": shape}
        for values, shape in zip(properties.to_dict("records"), shapes, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def _quarter_properties(quarters: gpd.GeoDataFrame) -> pd.DataFrame:
    inside = quarters.geometry.representative_point()
    return pd.DataFrame(
        {
            "code": quarters["qpv_code"],
            "name": quarters["qpv_name"],
            "communes": quarters["commune_names"],
            "npnru": quarters["npnru"].astype(bool),
            "lon": inside.x.round(DECIMALS),
            "lat": inside.y.round(DECIMALS),
        }
    )


def _communes(communes: pd.DataFrame) -> list[list[object]]:
    """Return name, longitude and latitude of the communes that have a place."""
    placed = communes[["commune_name", "lon", "lat"]].dropna(subset=["lon", "lat"])
    return placed.to_numpy(dtype=object).tolist()


def open_layers(
    quarters: gpd.GeoDataFrame,
    bands: gpd.GeoDataFrame,
    communes: pd.DataFrame,
    crs: str,
    lived: gpd.GeoDataFrame | None = None,
) -> dict[str, dict[str, Any]]:
    """Return the open layers as the script reads them: ``quarters``, ``bands``, maybe ``lived``.

    ``quarters``: qpv_code, qpv_name, commune_names, npnru, geometry; ``bands``: width_m, geometry;
    ``communes``: commune_name, lon, lat; ``lived``: label, quarter, geometry. All in WGS 84, else
    CrsError; ``crs`` is the metric one in which geometry is simplified.
    """
    require_crs(quarters, WGS84, "Quartiers de la carte")
    require_crs(bands, WGS84, "Bandes de la carte")
    widths = pd.DataFrame({"width_m": bands["width_m"].astype(int)})
    layers = {
        "quarters": {
            "quarters": _features(quarters, _quarter_properties(quarters), crs),
            "communes": _communes(communes),
        },
        "bands": _features(bands, widths, crs),
    }
    if lived is not None and len(lived):
        require_crs(lived, WGS84, "Lieux vécus de la carte")
        words = pd.DataFrame(lived[["label", "quarter"]])
        layers["lived"] = _features(lived, words, crs)
    return layers
