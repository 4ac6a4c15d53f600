"""The page of the map, which folium writes once: scripts, layers' addresses, no data of ours."""

from collections.abc import Mapping

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: https://data.geopf.fr; connect-src 'self'; base-uri 'none'"
)
HEAD = (
    f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"/>'
    "<script>document.documentElement.lang='fr';addEventListener('error',function(e){"
    "if(e.target===window||/^(SCRIPT|LINK)$/.test(e.target.tagName))"
    "parent.postMessage({atlas:'failed'},location.origin)},true)</script>"
)


class _Start(MacroElement):
    """Starts our script on the folium map; its options are file names we made, never data."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "atlas.start({{ this._parent.get_name() }}, {{ this.files | tojson }});"
        "{% endmacro %}"
    )

    def __init__(self, files: Mapping[str, str]) -> None:
        super().__init__()
        self._name = "Atlas"
        self.files = dict(files)


def page_html(files: Mapping[str, str], scripts: Mapping[str, str]) -> str:
    """Return the page as HTML: ``files`` are the layers it fetches, ``scripts`` ours and Leaflet's.

    Both give the published name of each file.
    """
    # folium gives its own max_zoom to tile layers only, and clusters ask the map for one.
    page = folium.Map(tiles=None, zoom_control=False, zoom_snap=0.5, maxZoom=18)
    # On the instance: add_js_link would change folium's list for the whole process.
    page.default_js = [
        (name, scripts[name]) for name in ("leaflet.js", "leaflet.markercluster.js", "map.js")
    ]
    page.default_css = [
        (name, scripts[name]) for name in ("leaflet.css", "MarkerCluster.css", "map.css")
    ]
    page.add_child(_Start(files))
    figure = Figure(title="Carte des quartiers et des projets")
    early = f'<link rel="preload" href="{files["quarters"]}" as="fetch" crossorigin="anonymous"/>'
    figure.header.add_child(Element(HEAD + early), name="atlas_head", index=1)
    page.add_to(figure)
    return str(figure.render())
