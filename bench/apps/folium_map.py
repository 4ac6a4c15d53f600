"""The usual way, to compare with: folium rebuilt at each run and embedded whole.

ATLAS_BENCH_MODE is "empty" (a map with nothing on it) or "rebuild" (quarters and projects redrawn
by folium at each change). Leaflet is the atlas's own copy, so that only the way differs.
"""

import os
from pathlib import Path

import folium
import streamlit as st
from branca.element import MacroElement
from folium.template import Template
from xstatic.pkg import leaflet

from tests import app_map

VENDOR = f"/app/static/vendor/leaflet-{leaflet.VERSION}"


class Drawn(MacroElement):
    """Leaves a mark once the page's script has run to its end."""

    _template = Template(
        "{% macro script(this, kwargs) %}document.documentElement.dataset.drawn = "
        "{{ this.mark | tojson }};{% endmacro %}"
    )

    def __init__(self, mark: str) -> None:
        super().__init__()
        self.mark = mark


def page(mode: str, indicator: int) -> str:
    chart = folium.Map(location=(50.48, 2.6), zoom_start=11, tiles=None)
    chart.default_js = [("leaflet_js", f"{VENDOR}/leaflet.js")]
    chart.default_css = [("leaflet_css", f"{VENDOR}/leaflet.css")]
    if mode == "rebuild":
        add_layers(chart, indicator)
    chart.add_child(Drawn(str(indicator + 1)))
    return str(chart.get_root().render())


def add_layers(chart: folium.Map, indicator: int) -> None:
    layer, points = content()
    marks = app_map.classes(len(layer), indicator)
    fills = {
        code: app_map.BLUES[int(mark)] if mark.isdigit() else "#ffffff"
        for code, mark in zip(layer["qpv_code"], marks, strict=True)
    }

    def style(feature: dict) -> dict:
        return {"fillColor": fills[feature["properties"]["qpv_code"]], "weight": 1}

    tip = folium.GeoJsonTooltip(["qpv_name", "commune_names"])
    folium.GeoJson(layer, style_function=style, tooltip=tip).add_to(chart)
    for row in points.itertuples():
        colour = app_map.THEMES[row.theme_index]
        text = f"{row.title}, {row.operator}, {row.amount_label}"
        folium.CircleMarker((row.lat, row.lon), radius=6, color=colour, tooltip=text).add_to(chart)


@st.cache_resource
def content() -> tuple:
    layer = app_map.quarters(int(os.environ["ATLAS_MAP_QUARTERS"]), "")
    return layer, app_map.points(layer, int(os.environ["ATLAS_MAP_POINTS"]), "")


def main() -> None:
    st.set_page_config(layout="wide")
    static = Path(__file__).parent / "static"
    st.cache_resource(app_map.publish)(16, "", static)
    indicator = st.columns(5)[0].number_input("Indicateur", 0, 9, 0)
    st.iframe(page(os.environ["ATLAS_BENCH_MODE"], indicator), height=620)


if __name__ == "__main__":
    main()
