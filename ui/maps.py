"""The map of the atlas: one folium page a territory, redressed in place by a component.

Open layers (quarters, bands, names of communes) are published once as static files that the
browser fetches and keeps. What changes with the selection goes as a small state through a
Streamlit component; what comes from a programme (titles, operators, amounts) goes through the
component only, never through a static file, because static files are served to anyone.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import streamlit as st

from geo.writers import publish
from reports.map_content import MapState, ProjectLayer, digest, open_layers, pack
from reports.map_scripts import own_files, vendor_files
from ui.map_page import HEAD, page_html

BRIDGE = Path(__file__).parent / "assets" / "bridge.js"
# Few texts go as they are: the table beside the map has just sent the same, and the compression of
# the connection remembers them, which it cannot once they are packed.
_MOST_PLAIN = 100
_OF_CIRCLES = ("theme_colours", "theme_letters")
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
    layers = open_layers(quarters, bands, communes, crs, lived)
    stems = {"quarters": "qpv", "bands": "bandes", "lived": "vecus"}
    files = {name: _publish_json(directory, stems[name], one) for name, one in layers.items()}
    scripts = _publish_scripts(directory)
    mark = digest(json.dumps([files, scripts]).encode(), HEAD.encode())
    page = f"carte.{mark[:8]}.html"
    publish(directory, page, page_html(files, scripts).encode())
    codes = tuple(quarters["qpv_code"])
    return MapBase(_static_url(page), _static_url(scripts["bridge.js"]), codes, mark)


def _publish_json(directory: Path, stem: str, content: Mapping[str, Any]) -> str:
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    name = f"{stem}.{digest(data)[:8]}.json"
    publish(directory, name, data)
    return name


def _publish_scripts(directory: Path) -> dict[str, str]:
    """Publish our scripts and Leaflet's; return the published name of each file."""
    names = {}
    for asset, data in {**own_files(), "bridge.js": BRIDGE.read_bytes()}.items():
        stem, _, extension = asset.partition(".")
        names[asset] = f"{stem}.{digest(data)[:8]}.{extension}"
        publish(directory, names[asset], data)
    for file, (name, data) in vendor_files().items():
        names[file] = name
        publish(directory, name, data)
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
    data = {name: one for name, one in vars(state).items() if name not in _OF_CIRCLES}
    del data["sizes"]
    if quarters > _MOST_PLAIN:
        data["packed"] = pack({name: data.pop(name) for name in ("classes", "labels", "key")})
    return data | {
        "kind": "state",
        "page": base.url,
        "bridge": base.bridge,
        "projects": layer.digest if layer else "",
        "sizes": digest(state.sizes.encode()),
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
            # Apart from the state: a change of indicator leaves the circles as they were.
            circles: dict[str, Any] = {"kind": "sizes", "channel": key, "bridge": base.bridge}
            circles |= {"digest": digest(state.sizes.encode()), "packed": pack(state.sizes)}
            circles |= {name: list(getattr(state, name)) for name in _OF_CIRCLES}
            _component(key=f"{key}-cercles", data=circles)
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
