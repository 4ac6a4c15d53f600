"""Official layers on the page of data: update them, and put a former edition back."""

from threading import Lock

import streamlit as st

from analysis import wording
from geo.errors import AtlasError
from store.atlas import Atlas
from store.official import Installer, official_origin
from ui import frame, state

_TOLD = "official_told"
_NOTED = "official_noted"
_ONE_AT_A_TIME = Lock()


def render(atlas: Atlas) -> None:
    """Draw the button that downloads the official layers, and what became of the last asking."""
    if atlas.installed is None:
        return
    told = st.session_state.pop(state.key(_TOLD), [])
    title = "Données officielles : mettre à jour"
    with st.expander(title, icon=":material/cloud_download:", expanded=bool(told)):
        st.caption(_explained())
        for line in told:
            st.markdown(frame.plain(line))
        _notes(st.session_state.pop(state.key(_NOTED), []))
        installer = Installer(atlas.directory, atlas.installed, atlas.territory.epci_siren)
        st.markdown(frame.plain(_installed_figures(installer)))
        if st.button("Mettre à jour les données officielles", icon=":material/cloud_download:"):
            _fetch(installer)
        for key, layer in installer.official.layers.items():
            former = installer.former(key)
            if former is not None:
                words = f"Remettre la version du {former.installed} : {layer.title}"
                if st.button(frame.plain(words), key=f"restore_{key}", icon=":material/history:"):
                    _restore(installer, key)


def _explained() -> str:
    return (
        "Télécharge la couche nationale des quartiers, les communes du territoire (contours, "
        "population, codes postaux) et les revenus des territoires de comparaison (Filosofi) "
        "depuis leurs producteurs (ou le miroir réglé par ATLAS\\_OFFICIAL\\_FROM), les vérifie "
        "en entier, puis les met en place ; la version précédente est conservée. Sans internet, "
        "ou si un fichier n'est pas bon, rien ne change. Les chiffres de l'Insee par quartier "
        "n'ont pas d'adresse directe établie : téléchargez-les sur insee.fr, mettez-les dans un "
        "dossier, puis lancez « cli.py fetch --from DOSSIER »."
    )


def _installed_figures(installer: Installer) -> str:
    figures = [key for key, one in installer.official.layers.items() if one.kind == "figures"]
    found = [one for key in figures if (one := installer.current(key))]
    told = " ; ".join(f"{one.title} ({one.vintage}, le {one.installed})" for one in found)
    return f"Chiffres installés : {told or 'aucun ; ceux de l’atlas sont en place'}."


def _notes(notes: list[str]) -> None:
    if not notes:
        return
    st.caption(f"{wording.plural(len(notes), 'remarque')} sur les fichiers de chiffres :")
    with st.container(height=180):
        for note in notes:
            st.caption(frame.plain(note))


def _fetch(installer: Installer) -> None:
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        st.info("Une mise à jour est déjà en cours ; rechargez la page dans un instant.")
        return
    bar = st.progress(0.0, text="Connexion…")

    def far(title: str, done: int, total: int) -> None:
        words = f"{title} : {done / 2**20:.1f} Mo".replace(".", ",")
        bar.progress(min(done / total, 1.0) if total else 0.0, frame.plain(words))

    try:
        outcomes = installer.fetch(official_origin(), progress=far)
    finally:
        _ONE_AT_A_TIME.release()
    lines = [wording.stopped(f"{one.layer.title} : {one.word}, {one.words}") for one in outcomes]
    st.session_state[state.key(_NOTED)] = [note for one in outcomes for note in one.notes]
    st.session_state[state.key(_TOLD)] = lines
    st.rerun()


def _restore(installer: Installer, key: str) -> None:
    try:
        one = installer.restore(key)
        lines = [wording.stopped(f"{one.layer.title} : {one.words}")]
    except AtlasError as error:
        lines = [str(error)]
    st.session_state[state.key(_TOLD)] = lines
    st.rerun()
