"""What each column holds: the guess is shown, and can be changed column by column."""

import hashlib
from collections.abc import Mapping

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis import wording
from analysis.fields import LINE_FIELDS
from analysis.mapping import Column, ColumnMap, from_json, to_json
from geo.errors import AtlasError
from store.atlas import Atlas
from store.intake import columns_for
from store.mappings import Mappings
from ui import frame
from ui.receiving import Job
from ui.tables import html_table

_UNKNOWN = "import_unknown"  # words of a file that nobody recognised, by file
_LABELS = {"funder": "Financeur", "status": "Statut", "theme": "Thématique"}
_MOST_WORDS = 40


def render(atlas: Atlas, job: Job) -> ColumnMap:
    """Draw the matching of columns and return what is settled."""
    start, remembered = _start(atlas, job)
    known, total = len(start.columns), job.received.cells.shape[1]
    origin = (
        "retrouvées : ce format a déjà été importé"
        if remembered
        else f"devinées pour {wording.number(known)} colonnes sur {wording.number(total)}"
    )
    st.markdown(f"Correspondances {origin}. Vérifiez-les, surtout les montants.")
    summary = st.container(key="import_words_columns")
    with st.expander("Changer une correspondance", icon=":material/edit:"):
        columns = {
            header: column
            for k, header in enumerate(map(str, job.received.cells.columns))
            if (column := _one(atlas, job, k, header, start.columns.get(header))) is not None
        }
    summary.html(_summary(atlas, job, columns))
    whole = _whole(atlas, job, ColumnMap(columns, start.source, start.funder, start.status))
    settled = ColumnMap(columns, start.source, *whole, _words(atlas, job, start.values))
    _files(job, settled)
    return settled


def _summary(atlas: Atlas, job: Job, columns: Mapping[str, Column]) -> str:
    """Return the matching as a table: what is not taken is said too."""
    funders = {one.code: one.short for one in atlas.territory.funders}
    rows = []
    for header in map(str, job.received.cells.columns):
        one = columns.get(header)
        content = job.words.fields[one.field].title if one else "— non repris —"
        rows.append(
            (header, content, funders.get(one.funder, "") if one else "", _sample(job, header))
        )
    headers = ("Colonne du fichier", "Contenu", "Financeur", "Exemple")
    return html_table("Ce que contient chaque colonne", headers, rows, height="20rem")


def _sample(job: Job, header: str) -> str:
    known = job.received.cells[header].dropna()
    return str(known.iloc[0])[:60] if len(known) else "colonne vide"


def _start(atlas: Atlas, job: Job) -> tuple[ColumnMap, bool]:
    """Return the map to start from: a file given, else the one kept, else a guess."""
    given = st.session_state.get(f"given_{job.key}")
    if given is not None:
        return given, False
    try:
        kept = Mappings(atlas.database, atlas.territory.code).recall(
            map(str, job.received.cells.columns), job.words
        )
    except AtlasError:
        kept = None  # a database that cannot be read is told where something is to be written
    if kept is not None:
        return kept, True
    return columns_for(job.received, job.words, job.year), False


def _one(atlas: Atlas, job: Job, place: int, header: str, guessed: Column | None) -> Column | None:
    name, field, funder = st.columns([3, 3, 2], vertical_alignment="center")
    shown = _sample(job, header)
    name.markdown(f"**{frame.plain(header)}**  \n:small[:gray[{frame.plain(shown)}]]")
    fields = {code: one.title for code, one in job.words.fields.items()}
    chosen = _choose(
        field,
        f"Contenu de « {header} »",
        fields,
        "— non repris —",
        guessed.field if guessed else "",
        f"field_{job.key}_{place}",
        hidden=True,
    )
    if chosen not in LINE_FIELDS:
        return Column(chosen) if chosen else None
    whose = _choose(
        funder,
        f"Financeur de « {header} »",
        {one.code: one.short for one in atlas.territory.funders},
        "selon la ligne",
        guessed.funder if guessed else "",
        f"funder_{job.key}_{place}",
        hidden=True,
    )
    return Column(chosen, whose)


def _choose(
    place: DeltaGenerator,
    label: str,
    labels: Mapping[str, str],
    nothing: str,
    before: str,
    key: str,
    *,
    hidden: bool = False,
) -> str:
    """Ask for a code by its label; "" is ``nothing``."""
    codes = ["", *labels]
    chosen = place.selectbox(
        frame.plain(label),
        codes,
        index=codes.index(before) if before in codes else 0,
        format_func=lambda code: labels.get(code, nothing),
        key=key,
        label_visibility="collapsed" if hidden else "visible",
    )
    return chosen or ""


def _whole(atlas: Atlas, job: Job, columns: ColumnMap) -> tuple[str, str]:
    """Ask for the funder of a whole file, and for its status, where no column tells them."""
    funder = status = ""
    place = st.container()
    if columns.layout == "single":
        funders = {one.code: one.label for one in atlas.territory.funders}
        label, key = "Financeur de tout le fichier", f"whole_funder_{job.key}"
        funder = _choose(place, label, funders, "à choisir", columns.funder, key)
    if not any(one.field == "status" for one in columns.columns.values()):
        statuses = atlas.territory.nomenclature.statuses
        label, key = "Statut de toutes les lignes", f"whole_status_{job.key}"
        nothing = "selon le montant accordé"
        status = _choose(place, label, statuses, nothing, columns.status, key)
    return funder, status


def note_unknown(job: Job, faults: pd.DataFrame) -> None:
    """Keep the words of a file that were not recognised, so that they can be matched by hand."""
    kept = st.session_state.setdefault(_UNKNOWN, {}).setdefault(job.key, {})
    for kind in _LABELS:
        words = faults.loc[faults["kind"] == kind, "value"].dropna().unique()
        some = kept.setdefault(kind, [])
        some += [word for word in words if word not in some]


def _words(atlas: Atlas, job: Job, start: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Ask what the words of a file stand for, those that nobody recognised."""
    unknown = st.session_state.get(_UNKNOWN, {}).get(job.key, {})
    asked = {
        kind: list(dict.fromkeys([*start.get(kind, {}), *unknown.get(kind, [])]))[:_MOST_WORDS]
        for kind in _LABELS
    }
    count = sum(map(len, asked.values()))
    if not count:
        return {}
    codes = _codes(atlas)
    settled: dict[str, dict[str, str]] = {}
    title = f"Valeurs à rapprocher ({wording.number(count)})"
    with st.expander(title, icon=":material/link:", expanded=bool(unknown)):
        for kind, words in asked.items():
            for word in words:
                code = _choose(
                    st.container(),
                    f"{_LABELS[kind]} « {word} »",
                    codes[kind],
                    "non reconnu",
                    start.get(kind, {}).get(word, ""),
                    f"word_{job.key}_{kind}_{hashlib.sha256(word.encode()).hexdigest()[:12]}",
                )
                if code:
                    settled.setdefault(kind, {})[word] = code
    return settled


def _codes(atlas: Atlas) -> dict[str, dict[str, str]]:
    words = atlas.territory.nomenclature
    return {
        "funder": {one.code: one.label for one in atlas.territory.funders},
        "status": dict(words.statuses),
        "theme": {one.code: f"{one.code} {one.label}" for one in words.themes},
    }


def _files(job: Job, columns: ColumnMap) -> None:
    with st.popover("Correspondances en fichier", icon=":material/save:"):
        st.download_button(
            "Enregistrer",
            to_json(columns),
            file_name="correspondances.json",
            mime="application/json",
            on_click="ignore",
            key=f"save_map_{job.key}",
        )
        st.caption("Sert aussi à « cli.py import FICHIER --mapping correspondances.json ».")
        st.file_uploader(
            "Reprendre",
            key=f"load_map_{job.key}",
            on_change=_load,
            args=(job,),
        )
        if fault := st.session_state.get(f"map_fault_{job.key}"):
            st.error(frame.plain(fault), icon=":material/error:")


def _load(job: Job) -> None:
    state, file = st.session_state, st.session_state.get(f"load_map_{job.key}")
    state[f"map_fault_{job.key}"] = ""
    if file is None:
        return
    try:
        state[f"given_{job.key}"] = from_json(file.getvalue(), file.name, job.words)
    except AtlasError as error:
        state[f"map_fault_{job.key}"] = str(error)
        return
    for name in [name for name in state if str(name).startswith(("field_", "funder_", "whole_"))]:
        del state[name]
