"""Importer: a file of projects read, matched, checked, compared, then brought in; and undone."""

import streamlit as st

from analysis import summaries
from analysis.selection import Selection
from store.atlas import Atlas
from ui import comparing, frame, imports_journal, matching, profile, receiving, verdict

_VIEWS = ("Nouveau fichier", "Journal")


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw what was brought in, then the steps of an import one under the other, or the journal."""
    profile.lead(summaries.imported(atlas.imports.entries()))
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
    job = receiving.render(atlas)
    if job is None:
        return
    above = st.empty()  # in view while the file is checked: the columns are a long table
    st.subheader("Correspondances", anchor=False)
    columns = matching.render(atlas, job)
    st.subheader("Contrôle", anchor=False)
    found = verdict.render(atlas, job, columns, above)
    st.subheader("Ce que l'import changerait", anchor=False)
    frame.guarded(lambda: comparing.render(atlas, job, columns, found))
