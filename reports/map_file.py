"""The map of a selection as one HTML file that asks nothing of anyone: it opens with no internet.

Leaflet, our script and the content are in the file. Its policy allows no request at all and no
script but those, named by their fingerprints: a text of the data that held one would not run.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from html import escape

from analysis import wording
from analysis.material import FICTITIOUS, MapMaterial
from analysis.selection import Selection
from analysis.vocabulary import file_stem, selection_words, what_if
from geo.catalogue import Dataset
from geo.location import INDICATIVE
from geo.territory import Territory
from reports import legend, map_state, map_table
from reports.map_content import open_layers
from reports.map_scripts import ASSETS, own_files, vendor_files

_START = (
    "atlas.start(L.map('carte',{zoomControl:false,zoomSnap:0.5,maxZoom:18,center:[47,2],zoom:6}),"
    "{quarters:'quarters',bands:'bands',lived:'lived'},"
    "JSON.parse(document.getElementById('contenu').textContent))"
)
_CITED = re.compile(r"url\([^)]*\)")  # pictures of controls that this map does not have


def map_name(territory: Territory, selection: Selection) -> str:
    """Return the name of the file: territory, year, and flags."""
    return f"{file_stem(territory, selection, 'carte')}.html"


def map_file(material: MapMaterial, day: date, switches: map_state.Layers | None = None) -> bytes:
    """Return the map of a selection as an HTML file; the same material and ``day``, the same bytes.

    ``switches`` are the layers drawn, those of a first visit unless given.
    """
    territory, chosen, layers = material.territory, material.measure, material.layers()
    kept = set(material.rows["project_id"])
    drawn = map_state.project_points(territory, material.programme, kept)
    switches = switches or map_state.Layers()
    look = map_state.state(material, list(layers.quarters["qpv_code"]), drawn, switches)
    content = {
        "layers": open_layers(
            layers.quarters, layers.bands, layers.communes, territory.crs.to_string(), layers.lived
        ),
        "state": vars(look) | {"kind": "state", "projects": drawn.layer.digest, "sizes": ""},
        "sizes": {
            "digest": "",
            "codes": look.sizes,
            "theme_colours": look.theme_colours,
            "theme_letters": look.theme_letters,
        },
        "projects": {"digest": drawn.layer.digest, **drawn.layer.content},
    }
    title = f"{chosen.label} · {territory.name}"
    notes = (legend.quarters_legend(chosen, map_state.classes_of(chosen)),) + (
        (legend.projects_legend(territory, drawn, switches.clusters),) if switches.projects else ()
    )
    programme = material.programme.programme
    keys = (material.quarters_key, *chosen.datasets, *programme.datasets.values())
    body = [
        f"<header><h1>{escape(title)}</h1>{_said(material, day)}</header>",
        '<main><div id="carte" role="region" aria-label="Carte des quartiers et des projets">'
        "<noscript>La carte demande JavaScript ; le tableau dit les mêmes chiffres.</noscript>"
        "</div>",
        *notes,
        map_table.not_drawn(material.rows, drawn),
        map_table.quarters_table(material),
        map_table.projects_table(material),
        f"</main>{_sources(material.catalogue, keys, chosen.perimeter)}",
    ]
    return _page(title, "".join(body), content)


def _said(material: MapMaterial, day: date) -> str:
    selection, vintage = material.selection, material.measure.vintage
    words = selection_words(selection, material.territory, material.labels)
    fictitious = material.programme.programme.fictitious
    banners = [FICTITIOUS if fictitious else "", what_if(selection.rules)]
    lines = "".join(f'<p class="demo" role="note">{escape(one)}</p>' for one in banners if one)
    facts = " · ".join(filter(None, (words, vintage, f"carte faite le {wording.day(day)}")))
    return f"{lines}<p>{escape(facts)}</p>"


def _sources(catalogue: Mapping[str, Dataset], keys: Iterable[str], perimeter: str) -> str:
    credits = [
        f"Source : {catalogue[key].credit} ; licence : {catalogue[key].licence}."
        for key in dict.fromkeys(keys)
    ]
    remarks = [*credits, f"Indicateur : {perimeter}." if perimeter else "", INDICATIVE]
    lines = "<br>".join(escape(line) for line in remarks if line)
    return f'<footer><p class="sources">{lines}</p></footer>'


def _page(title: str, body: str, content: object) -> bytes:
    own, vendor = own_files(), {name: data for name, (_, data) in vendor_files().items()}
    files = {name: data.decode("utf-8") for name, data in (vendor | own).items() if name[-1] != "g"}
    scripts = [files[name] for name in ("leaflet.js", "leaflet.markercluster.js", "map.js")]
    scripts = [one.replace("</script", "<\\/script") for one in (*scripts, _START)]
    styles = [files[name] for name in ("leaflet.css", "MarkerCluster.css", "map.css")]
    styles += [(ASSETS / name).read_text(encoding="utf-8") for name in ("legend.css", "file.css")]
    style = _CITED.sub("none", "\n".join(styles[:-1])) + styles[-1]
    allowed = " ".join(f"'sha256-{_fingerprint(one)}'" for one in scripts)
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    told = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # In a script element only "<" could end it: written otherwise, no text can leave the JSON.
    told = told.replace("<", "\\u003c")
    page = (
        '<!doctype html><html lang="fr"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{style}</style>'
        f'</head><body>{body}<script type="application/json" id="contenu">{told}</script>'
        f"{''.join(f'<script>{one}</script>' for one in scripts)}</body></html>"
    )
    return page.encode("utf-8")


def _fingerprint(script: str) -> str:
    # A browser reads every end of line as \\n before it computes its own.
    plain = script.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8")
    return base64.b64encode(hashlib.sha256(plain).digest()).decode("ascii")
