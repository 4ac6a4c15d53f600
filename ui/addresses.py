"""Addresses that wait for a place: what would be sent, and the button that sends it."""

from urllib.parse import urlsplit

import streamlit as st

from analysis import wording
from analysis.selection import Selection
from geo.errors import AtlasError
from geo.geocoding import service
from store.atlas import Atlas
from store.geocoding import Census
from ui import frame, state

_TOLD = "addresses_told"
_WAITING = "Situer les adresses en attente"
_AGAIN = "Redemander celles sans réponse sûre"
_WHY = (
    "Utile quand la base d'adresses a été complétée. Une adresse corrigée dans le programme, ou un "
    "autre service d'adresses, attend déjà d'elle-même ; le seuil s'applique aux réponses gardées."
)


def render(atlas: Atlas, selection: Selection) -> None:
    """Say how many projects only an address can place, and offer to ask for those that wait."""
    projects = atlas.addressed(selection.programme)
    census = atlas.addresses.census(projects)
    fault = st.session_state.pop(state.key(_TOLD), "")
    if fault:
        st.warning(
            frame.plain(f"{fault} Les adresses restantes attendent."), icon=":material/error:"
        )
    if not census.total:
        return
    with st.expander("Adresses à situer", icon=":material/pin_drop:", expanded=census.waiting > 0):
        st.markdown(frame.plain(sentence(census)))
        if census.waiting or census.unsure:
            _ask(atlas, selection, census)


def sentence(census: Census) -> str:
    """Say what is known of the projects without coordinates, all years."""
    have = "n'a" if census.total == 1 else "n'ont"
    return (
        f"{wording.plural(census.total, 'projet')} du programme, toutes années, {have} pas de "
        f"coordonnées mais une adresse : {wording.number(census.placed)} situés par elle, "
        f"{wording.number(census.unsure)} sans réponse sûre (non situés), "
        f"{wording.number(census.waiting)} en attente."
    )


def _ask(atlas: Atlas, selection: Selection, census: Census) -> None:
    try:
        host = urlsplit(service()).hostname or ""
    except AtlasError as error:
        st.caption(frame.plain(str(error)))
        return
    st.caption(
        frame.plain(
            f"Ces adresses, avec commune ou code postal, seront envoyées à {host}, "
            "et rien d'autre : ni projet, ni porteur, ni montant. Rien n'est envoyé sans ce "
            "bouton. Une position trouvée est indicative."
        )
    )
    with st.container(horizontal=True):
        asked = bool(census.waiting) and st.button(_WAITING, icon=":material/pin_drop:")
        again = bool(census.unsure) and st.button(_AGAIN, icon=":material/refresh:", help=_WHY)
    if asked or again:
        _send(atlas, selection, again=again)


def _send(atlas: Atlas, selection: Selection, *, again: bool) -> None:
    bar = st.progress(0.0, text="Adresses envoyées…")

    def far(done: int, total: int) -> None:
        bar.progress(min(done / max(total, 1), 1.0), f"{done} adresses sur {total}")

    projects = atlas.addressed(selection.programme)
    done = atlas.addresses.resume(projects, again=again, progress=far)
    st.session_state[state.key(_TOLD)] = done.fault
    st.rerun()
