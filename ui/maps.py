"""The map of the atlas: one folium page a territory, redressed in place by a component.

Open layers (quarters, bands, names of communes) are published once as static files that the
browser fetches and keeps. What changes with the selection goes as a small state through a
Streamlit component; what comes from a programme (titles, operators, amounts) goes through the
component only, never through a static file, because static files are served to anyone.
"""

import base64
import hashlib
import json
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import streamlit as st
from xstatic.pkg import leaflet, leaflet_markercluster

from geo.crs import WGS84, metric_crs, require_crs, to_metric, to_wgs84
from geo.errors import ContractError
from geo.writers import publish
from ui.map_page import HEAD, page_html

HIDDEN, SECRET, ABSENT, NOT_COMPARABLE = "-", "s", "a", "x"
NO_AMOUNT = "."
LARGEST_RADIUS_PX = 16.0
SMALLEST_RADIUS_PX = 2.5
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ASSETS = Path(__file__).parent / "assets"
VENDOR = {
    f"vendor/leaflet-{leaflet.VERSION}": leaflet.BASE_DIR,
    f"vendor/markercluster-{leaflet_markercluster.VERSION}": leaflet_markercluster.BASE_DIR,
}
VENDOR_FILES = (
    "leaflet.js",
    "leaflet.css",
    "images/layers.png",
    "images/layers-2x.png",
    "leaflet.markercluster.js",
    "MarkerCluster.css",
)
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
# The script of a component travels with each of its messages, hence one line that fetches it.
_LOADER = """export default (c) => import(new URL(c.data.bridge, location.origin).href).then(
  (bridge) => bridge.mount(c),
  () => c.data.kind === "state" && c.parentElement.append(Object.assign(
    document.createElement("p"), { role: "alert", textContent: "La carte n'a pas pu être chargée : \
le dossier « static » n'est pas servi. Les tableaux restent exacts." })))"""
_component = st.components.v2.component("atlas_map", js=_LOADER)


@dataclass(frozen=True)
class MapBase:
    """A published page: its address, its script's, and its quarters in the order of a state."""

    url: str
    bridge: str
    quarter_codes: tuple[str, ...]
    digest: str


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
    if largest_cents <= 0:
        return SMALLEST_RADIUS_PX
    share = min(max(cents, 0) / largest_cents, 1.0)
    return max(LARGEST_RADIUS_PX * math.sqrt(share), SMALLEST_RADIUS_PX)


def circle_codes(cents: Sequence[int | None], shown: Sequence[bool], largest_cents: int) -> str:
    """Write one character a project: '-' hidden, '.' amount unknown, else its circle's radius.

    The radius is a base-62 digit in half pixels (0 to 30,5 px). Sequences are in the order of the
    project layer; an amount is in cents, None or NA when unknown.
    """
    return "".join(
        _circle_code(amount, largest_cents) if visible else HIDDEN
        for amount, visible in zip(cents, shown, strict=True)
    )


def _circle_code(amount: int | None, largest_cents: int) -> str:
    if amount is None or amount is pd.NA:
        return NO_AMOUNT
    return DIGITS[round(circle_radius(int(amount), largest_cents) * 2)]


def pack(content: Any) -> str:
    """Return JSON content deflated, in base 64: what the page's ``unpack`` reads."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


def _digest(*parts: bytes) -> str:
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
    plain = json.dumps(table).encode()
    packed = pack(table)
    # Packed, unless that alone would take the message below the size the browser keeps.
    kept_if_plain = len(packed) < _KEPT_BY_BROWSER <= len(plain)
    content = {"rows": table} if kept_if_plain else {"packed": packed}
    return ProjectLayer(content, _digest(plain), tuple(rows["project_id"]))


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


def _labels(communes: pd.DataFrame) -> list[list[object]]:
    """Return name, longitude and latitude of the communes that have a place."""
    placed = communes[["commune_name", "lon", "lat"]].dropna(subset=["lon", "lat"])
    return placed.to_numpy(dtype=object).tolist()


def publish_base(
    quarters: gpd.GeoDataFrame,
    bands: gpd.GeoDataFrame,
    communes: pd.DataFrame,
    directory: Path,
    *,
    crs: str,
    lived: gpd.GeoDataFrame | None = None,
) -> MapBase:
    """Publish a territory's open layers and their page, and return where they are.

    ``quarters``: qpv_code, qpv_name, commune_names, npnru, geometry; ``bands``: width_m, geometry
    (both WGS 84); ``communes``: commune_name, lon, lat; ``lived``, if the territory declares any:
    label, quarter, geometry (WGS 84). ``directory`` is the ``static`` folder
    beside the script that Streamlit runs, ``crs`` the territory's metric CRS. Only open layers may
    be given: anyone can read them. Raises CrsError on another CRS, DataFileError when the folder
    cannot be written. Call it once a territory (``st.cache_resource``).
    """
    require_crs(quarters, WGS84, "Quartiers de la carte")
    require_crs(bands, WGS84, "Bandes de la carte")
    layers = {
        "quarters": _features(quarters, _quarter_properties(quarters), crs),
        "communes": _labels(communes),
    }
    widths = pd.DataFrame({"width_m": bands["width_m"].astype(int)})
    files = {
        "quarters": _publish_json(directory, "qpv", layers),
        "bands": _publish_json(directory, "bandes", _features(bands, widths, crs)),
    }
    if lived is not None and len(lived):
        require_crs(lived, WGS84, "Lieux vécus de la carte")
        words = pd.DataFrame(lived[["label", "quarter"]])
        files["lived"] = _publish_json(directory, "vecus", _features(lived, words, crs))
    scripts = _publish_scripts(directory)
    digest = _digest(json.dumps([files, scripts]).encode(), HEAD.encode())
    page = f"carte.{digest[:8]}.html"
    publish(directory, page, page_html(files, scripts).encode())
    codes = tuple(quarters["qpv_code"])
    return MapBase(_static_url(page), _static_url(scripts["bridge.js"]), codes, digest)


def _publish_json(directory: Path, stem: str, content: Mapping[str, Any]) -> str:
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    name = f"{stem}.{_digest(data)[:8]}.json"
    publish(directory, name, data)
    return name


def _publish_scripts(directory: Path) -> dict[str, str]:
    """Publish our scripts and Leaflet's; return the published name of each file."""
    names = {}
    for asset in ("map.js", "map.css", "bridge.js"):
        data = (ASSETS / asset).read_bytes()
        stem, _, extension = asset.partition(".")
        names[asset] = f"{stem}.{_digest(data)[:8]}.{extension}"
        publish(directory, names[asset], data)
    for folder, origin in VENDOR.items():
        for file in VENDOR_FILES:
            if (Path(origin) / file).is_file():
                names[file] = f"{folder}/{file}"
                publish(directory, names[file], (Path(origin) / file).read_bytes())
    return names


def _static_url(name: str) -> str:
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}/app/static/{name}" if base else f"/app/static/{name}"


def state_data(base: MapBase, state: MapState, layer: ProjectLayer | None) -> dict[str, Any]:
    """Return the message of a state: a few kilobytes whatever the territory.

    Raises ValueError when codes and rows do not match: a shifted code would colour the wrong
    quarter.
    """
    quarters, projects = len(base.quarter_codes), layer.count if layer else 0
    found = len(state.classes), len(state.labels), len(state.sizes)
    if found != (quarters, quarters, projects):
        raise ValueError(
            f"map state for {quarters} quarters and {projects} projects, got {found[0]} classes, "
            f"{found[1]} labels and {found[2]} sizes"
        )
    data = dict(vars(state))
    packed = {name: data.pop(name) for name in ("classes", "labels", "sizes", "key")}
    return data | {
        "kind": "state",
        "page": base.url,
        "bridge": base.bridge,
        "projects": layer.digest if layer else "",
        "packed": pack(packed),
    }


def draw(
    base: MapBase,
    state: MapState,
    layer: ProjectLayer | None = None,
    *,
    key: str = "carte",
    height: int = 620,
    on_click: Callable[[str], None] | None = None,
    on_point: Callable[[float, float, float], None] | None = None,
    on_project: Callable[[str], None] | None = None,
) -> str | None:
    """Show the map and return the code of the quarter clicked just now, or None.

    A click is an event: its code comes back in the one run that follows it. ``on_click`` is
    called with it before that run, so that the selection is right from its first line. So are
    ``on_project`` with a project of the layer, and ``on_point`` with a place clicked while the
    state is ``asking``: longitude, latitude (degrees), metres of one step of the mouse there.
    ``height`` is in pixels at most; the map is 62 % of the window's height, at least 380 px.
    """

    def clicked() -> None:
        code = _known(base, st.session_state[key].get("quarter"))
        if code and on_click:
            on_click(code)

    def pointed() -> None:
        place = _place(st.session_state[key].get("point"))
        if place and on_point:
            on_point(*place)

    def opened() -> None:
        found = st.session_state[key].get("project")
        if layer and on_project and isinstance(found, str) and found in layer.ids:
            on_project(found)

    with st.container(gap=None):
        if layer:
            sent = {"kind": "projects", "channel": key, "bridge": base.bridge}
            sent |= {"digest": layer.digest, **layer.content}
            _component(key=f"{key}-projets", data=sent)
        data = state_data(base, state, layer) | {"channel": key, "height": height}
        data["openable"] = on_project is not None
        result = _component(
            key=key,
            data=data,
            on_quarter_change=clicked,
            on_point_change=pointed,
            on_project_change=opened,
        )
    return _known(base, result.get("quarter"))


def _known(base: MapBase, code: object) -> str | None:
    """Return a code only if it is one of the map's: what a browser sends is not trusted."""
    return code if isinstance(code, str) and code in base.quarter_codes else None


def _place(sent: object) -> tuple[float, float, float] | None:
    """Return a place only if it is one of the globe: what a browser sends is not trusted."""
    if not isinstance(sent, list) or len(sent) != 3:
        return None
    if not all(isinstance(cell, int | float) and math.isfinite(cell) for cell in sent):
        return None
    lon, lat, metres = map(float, sent)
    return (lon, lat, metres) if abs(lon) <= 180 and abs(lat) <= 90 and metres >= 0 else None
