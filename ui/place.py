"""« Dans un QPV ? » : an address, coordinates or a click on the map, answered in words."""

import streamlit as st

from geo.errors import AtlasError
from geo.geocoding import Place, find
from store.atlas import Atlas
from store.places import answer, extent
from ui import frame

_NEAR_ZOOM = 15
_CLICK_STEPS = 2  # a hand does not aim better than this many steps of the mouse
_PLACE, _TYPED, _ASKING, _FAULT = "place_found", "place_typed", "place_asking", "place_fault"
_HELP = (
    "Coordonnées : « latitude, longitude » ou x y en mètres, lues sur ce serveur. Une adresse est "
    "envoyée au service de géocodage de l'IGN quand vous validez, jamais avant."
)


def controls(atlas: Atlas) -> None:
    """Draw the question and, once there is one, its answer."""
    with st.expander("Dans un QPV ?", icon=":material/location_searching:"):
        with st.form("place_form", border=False):
            left, right = st.columns([4, 1], vertical_alignment="bottom")
            left.text_input("Adresse ou coordonnées", key=_TYPED, max_chars=200)
            right.form_submit_button("Chercher", on_click=_search, args=(atlas,), width="stretch")
        st.caption(_HELP)
        st.toggle("Cliquer un point sur la carte", key=_ASKING)
        _told(atlas)


def asking() -> bool:
    """Say whether a click on the ground asks of a place."""
    return bool(st.session_state.get(_ASKING))


def marked() -> tuple[tuple[float, float] | None, int]:
    """Return the place to mark on the map, and the zoom it asks for (0 when it was clicked)."""
    place: Place | None = st.session_state.get(_PLACE)
    if place is None:
        return None, 0
    return (place.lon, place.lat), 0 if place.method == "clicked" else _NEAR_ZOOM


def pointed(lon: float, lat: float, step_m: float) -> None:
    """Keep a place clicked on the map (to be called from the map's callback)."""
    label = "Point cliqué ; zoomez pour un point plus précis"
    place = Place(lon, lat, "clicked", label, coarse_m=_CLICK_STEPS * step_m)
    st.session_state.update({_PLACE: place, _FAULT: ""})


def _search(atlas: Atlas) -> None:
    try:
        place = find(st.session_state[_TYPED], extent(atlas), atlas.territory.crs)
    except AtlasError as error:
        st.session_state.update({_PLACE: None, _FAULT: str(error)})
    else:
        st.session_state.update({_PLACE: place, _FAULT: ""})


def _told(atlas: Atlas) -> None:
    if st.session_state.get(_FAULT):
        st.warning(frame.plain(st.session_state[_FAULT]), icon=":material/error:")
    place: Place | None = st.session_state.get(_PLACE)
    if place is None:
        return
    state, *facts = answer(atlas, place)
    st.markdown(f"**{frame.plain(state)}**")
    st.markdown(frame.plain("\n".join([place.label, *facts])))
    st.button("Effacer", on_click=lambda: st.session_state.update({_PLACE: None, _FAULT: ""}))
