"""The diagnosis on the screen: counts first, then every fault, and the files to take away."""

from html import escape

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis import wording
from analysis.faults import SEVERITIES, counts, table
from analysis.intake import Diagnosis
from analysis.mapping import ColumnMap, to_json
from analysis.values import BLOCKING, FOR_INFORMATION, TO_CHECK
from geo.writers import to_csv
from store.atlas import Atlas
from store.exports import MIME_TYPES
from store.intake import diagnose, mended_file, setting
from ui import frame, matching
from ui.receiving import Job
from ui.tables import html_table

_KEPT = "import_diagnosis"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MOST_SHOWN = 300


def render(atlas: Atlas, job: Job, columns: ColumnMap, above: DeltaGenerator) -> Diagnosis:
    """Draw the counts, the faults by severity and the downloads; return the diagnosis.

    ``above`` is where the page says how far the diagnosis is.
    """
    found = _diagnosed(atlas, job, columns, above)
    st.html(_figures(job, found))
    if found.faults.empty:
        st.success("Aucun défaut : tout le fichier peut être importé.", icon=":material/check:")
    else:
        _list(job, found.faults)
    _downloads(job, found)
    return found


def _diagnosed(atlas: Atlas, job: Job, columns: ColumnMap, above: DeltaGenerator) -> Diagnosis:
    """Return the diagnosis, kept in the session while file, columns, year and programme hold."""
    wanted = (job.key, to_json(columns), job.year, job.programme)
    kept = st.session_state.get(_KEPT)
    if kept and kept[0] == wanted:
        return kept[1]
    where = setting(atlas, job.words, job.programme, job.year)
    bar = above.progress(0.0, "Contrôle du fichier…")
    try:
        found = diagnose(job.received, columns, where, frame.teller(bar))
    finally:
        above.empty()
    st.session_state[_KEPT] = (wanted, found)
    before = st.session_state.get("import_unknown", {}).get(job.key, {})
    known = sum(map(len, before.values()))
    matching.note_unknown(job, found.faults)
    after = st.session_state["import_unknown"][job.key]
    if sum(map(len, after.values())) > known:
        st.rerun()  # the words to match are drawn above
    return found


def _figures(job: Job, found: Diagnosis) -> str:
    """Return the counts as one line of figures, rows first."""
    row = job.received.upload.row
    some = counts(found.faults)
    labels = {BLOCKING: "bloquant", TO_CHECK: "à vérifier", FOR_INFORMATION: "pour information"}
    counted = [
        (found.rows, f"{row} lue", f"{row}s lues"),
        (len(found.accepted), "acceptée", "acceptées"),
        (len(found.rejected), "rejetée", "rejetées"),
        (len(found.projects), "projet", "projets"),
    ]
    figures = [(wording.number(n), one if n < 2 else many) for n, one, many in counted]
    figures += [
        (_euros(found.funding["requested_cents"]), "demandés"),
        (_euros(found.funding["granted_cents"]), "accordés"),
    ]
    figures += [
        (wording.number(count), f"{labels[one]}s" if one == BLOCKING and count > 1 else labels[one])
        for one, count in some.items()
    ]
    items = "".join(
        f"<div><b>{escape(value)}</b><span>{escape(label)}</span></div>" for value, label in figures
    )
    return f'<div class="counts">{items}</div>'


def _euros(cents: pd.Series) -> str:
    total = cents.sum(min_count=1)
    return wording.euros(None if pd.isna(total) else int(total), 2)


def _list(job: Job, faults: pd.DataFrame) -> None:
    some = counts(faults)
    kinds = [one for one in SEVERITIES if some[one]]
    chosen = st.pills(
        "Gravité",
        kinds,
        selection_mode="multi",
        default=kinds,
        format_func=lambda one: f"{SEVERITIES[one]} ({wording.number(some[one])})",
        key=f"severity_{job.key}",
        label_visibility="collapsed",
    )
    shown = faults[faults["severity"].isin(chosen)]
    if len(shown) > _MOST_SHOWN:
        st.caption(
            f"Les {wording.number(_MOST_SHOWN)} premiers sur {wording.number(len(shown))} ; la "
            "liste à télécharger les a tous."
        )
    with st.container(key="import_words"):
        st.html(_table(shown.head(_MOST_SHOWN), job.received.upload.row))


def _table(faults: pd.DataFrame, row: str) -> str:
    """Return the faults as a table whose long texts wrap, one section a severity."""
    listed = table(faults, row).fillna("")
    severities = listed["Gravité"].tolist()
    starts = [k for k, one in enumerate(severities) if k == 0 or one != severities[k - 1]]
    shown = listed.drop(columns=["Gravité", "Corrigé"])
    return html_table(
        "Défauts du fichier",
        list(shown.columns),
        shown.to_numpy().tolist(),
        height="28rem",
        sections={k: severities[k] for k in starts},
    )


def _downloads(job: Job, found: Diagnosis) -> None:
    stem = "".join(sign if sign.isalnum() else "-" for sign in job.received.name.rsplit(".", 1)[0])
    with st.container(horizontal=True):
        st.download_button(
            "Fichier corrigé (XLSX)",
            lambda: mended_file(job.received, found),
            file_name=f"{stem[:60]}_corrige.xlsx",
            mime=_XLSX,
            on_click="ignore",
            icon=":material/download:",
            help="Votre fichier, avec ce qui peut l'être sans risque corrigé et surligné.",
            key=f"mended_{job.key}",
        )
        if len(found.faults):
            st.download_button(
                "Liste des défauts (CSV)",
                lambda: to_csv(table(found.faults, job.received.upload.row)),
                file_name=f"{stem[:60]}_defauts.csv",
                mime=MIME_TYPES["csv"],
                on_click="ignore",
                icon=":material/download:",
                key=f"list_{job.key}",
            )
