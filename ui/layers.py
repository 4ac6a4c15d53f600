"""What the map draws of an atlas, prepared once for everyone: its published base, its projects."""

from pathlib import Path

import streamlit as st

from reports.map_state import Points, project_points
from store.atlas import Atlas
from store.material import map_layers
from ui import maps

STATIC = Path(__file__).resolve().parent.parent / "static"


@st.cache_resource(show_spinner="Préparation de la carte…")
def base(_atlas: Atlas, fingerprint: str) -> maps.MapBase:
    """Publish the open layers of a territory, once a ``fingerprint`` of its data."""
    one = map_layers(_atlas)
    crs = _atlas.territory.crs.to_string()
    return maps.publish_base(
        one.quarters, one.bands, one.communes, STATIC, crs=crs, lived=one.lived
    )


@st.cache_resource(show_spinner="Préparation des projets…", max_entries=8)
def points(_atlas: Atlas, fingerprint: str, programme: str) -> Points:
    """Prepare the located projects of a programme, once a ``fingerprint`` of the data.

    Only for the programmes of the data directory, which every user may see.
    """
    return project_points(_atlas.territory, _atlas.programme(programme))
