"""Importer: a file of projects read, matched, checked, compared, then brought in; and undone."""

import streamlit as st

from analysis.selection import Selection
from store.atlas import Atlas
from ui import comparing, frame, imports_journal, matching, receiving, verdict

_VIEWS = ("Nouveau fichier", "Journal")


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw the steps of an import, one under the other, or the journal of imports."""
    view = st.segmented_control(
        "Vue",
        _VIEWS,
        default=_VIEWS[0],
        required=True,
        key="import_view",
        label_visibility="collapsed",
    )
    if view == _VIEWS[1]:
        comparing.told()
        imports_journal.render(atlas)
    else:
        _new_file(atlas)


def _new_file(atlas: Atlas) -> None:
    st.markdown(
        "Déposez le fichier tel qu'il est : rien n'est écrit avant votre accord, et personne "
        "d'autre ne le voit avant l'import."
    )
    job = receiving.render(atlas)
    if job is None:
        return
    st.subheader("Correspondances", anchor=False)
    columns = matching.render(atlas, job)
    st.subheader("Contrôle", anchor=False)
    found = verdict.render(atlas, job, columns)
    st.subheader("Ce que l'import changerait", anchor=False)
    frame.guarded(lambda: comparing.render(atlas, job, columns, found))
