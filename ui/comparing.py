"""What an import would change, shown before it is asked for; then the import."""

import pandas as pd
import streamlit as st

from analysis import wording
from analysis.difference import CHANGES
from analysis.fields import AMOUNT_FIELDS
from analysis.intake import STORED, Diagnosis
from analysis.mapping import ColumnMap
from geo.errors import AtlasError
from store.atlas import Atlas
from store.bringing import bring, difference
from store.imports import MOST_AUTHOR, Difference
from ui import frame, navigation, state
from ui.receiving import Job

_SAID, _FAULT, _LINK = "import_said", "import_fault", "import_link"
AUTHOR = "import_author"
_MOST_SHOWN = 2_000


def told() -> bool:
    """Show once what the last import or undoing did, or why it was refused; say if it did."""
    said, fault = st.session_state.pop(_SAID, ""), st.session_state.pop(_FAULT, "")
    words = st.session_state.pop(_LINK, None)
    if said:
        st.success(frame.plain(said), icon=":material/check:")
    if words:
        navigation.link("carte", "Voir sur la carte", words)
    if fault:
        st.error(frame.plain(fault), icon=":material/error:")
    return bool(said)


def say(said: str = "", fault: str = "", link: dict[str, str] | None = None) -> None:
    """Keep a message for the next run of the page."""
    st.session_state[_SAID], st.session_state[_FAULT] = said, fault
    st.session_state[_LINK] = link


def render(atlas: Atlas, job: Job, columns: ColumnMap, found: Diagnosis) -> None:
    """Draw what the last import did, else the difference and the confirmation.

    Raises AtlasError when there can be none.
    """
    done = told()
    if found.projects.empty:
        st.warning(
            "Aucun dossier ne peut être importé : corrigez d'abord ce qui bloque.",
            icon=":material/block:",
        )
        return
    with st.spinner("Comparaison avec le programme…", show_time=True):
        wanted = difference(atlas, found, job.programme, job.year)
    if wanted.is_empty and done:
        return
    st.markdown(frame.plain(f"Programme « {job.label} », {job.year} : {summary(wanted)}."))
    if wanted.is_empty:
        st.info("Rien ne change : ce fichier est déjà importé.", icon=":material/done_all:")
        return
    _changes(wanted, job)
    _confirm(atlas, job, columns, found, wanted)


def summary(wanted: Difference) -> str:
    """Say how many projects are added, changed, removed and unchanged."""
    counted = [
        f"{wording.plural(count, 'projet')} {CHANGES[word]}{'s' if count > 1 else ''}"
        for word, count in wanted.counts.items()
    ]
    return ", ".join(counted)


def _changes(wanted: Difference, job: Job) -> None:
    moved = wanted.changes[wanted.changes["change"] != "unchanged"].head(_MOST_SHOWN)
    shown = pd.DataFrame(
        {
            "Changement": moved["change"].map(CHANGES),
            "Référence": moved["reference"],
            "Intitulé": moved["title"],
            "Porteur": moved["operator"],
        }
    )
    st.dataframe(
        shown.fillna(""),
        hide_index=True,
        height=min(300, 37 + 35 * len(shown)),
        alt="Projets ajoutés, modifiés ou retirés",
        key=f"changes_{job.key}",
    )
    if len(wanted.cells):
        label = wording.plural(len(wanted.cells), "cellule modifiée", "cellules modifiées")
        with st.expander(label):
            st.dataframe(_cells(wanted, job), hide_index=True, height=260, alt="Cellules modifiées")


def _cells(wanted: Difference, job: Job) -> pd.DataFrame:
    cells = wanted.cells.head(_MOST_SHOWN)
    titles = {name: field.title for name, field in job.words.fields.items()}
    titles |= {f"{name}_cents": titles[name] for name in AMOUNT_FIELDS}
    titles |= {column: titles[name] for name, column in STORED.items()}
    money = cells["field"].str.endswith("_cents")
    return pd.DataFrame(
        {
            "Projet": cells["project_id"],
            "Financeur": cells["funder"],
            "Information": cells["field"].map(lambda name: titles.get(name, name)),
            "Avant": [_shown(*pair) for pair in zip(cells["old"], money, strict=True)],
            "Après": [_shown(*pair) for pair in zip(cells["new"], money, strict=True)],
        }
    )


def _shown(value: object, money: bool) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return wording.MISSING
    return wording.euros(int(str(value)), 2) if money else str(value)


def _confirm(
    atlas: Atlas, job: Job, columns: ColumnMap, found: Diagnosis, wanted: Difference
) -> None:
    refusal = atlas.database.refusal()
    if refusal:
        st.warning(frame.plain(refusal), icon=":material/lock:")
        return
    if found.rejected:
        rows = wording.plural(len(found.rejected), "ligne rejetée", "lignes rejetées")
        st.warning(
            f"{rows} : leurs dossiers ne sont pas importés ; ceux qui sont déjà dans le programme "
            "y restent comme ils sont.",
            icon=":material/warning:",
        )
    st.text_input("Votre nom", key=AUTHOR, max_chars=MOST_AUTHOR)
    st.button(
        "Importer",
        type="primary",
        icon=":material/publish:",
        on_click=_bring,
        args=(atlas, job, columns, found, wanted),
        key=f"import_{job.key}",
    )


def _bring(
    atlas: Atlas, job: Job, columns: ColumnMap, found: Diagnosis, wanted: Difference
) -> None:
    try:
        number = bring(
            atlas,
            wanted,
            job.received,
            found,
            columns,
            author=st.session_state.get(AUTHOR, ""),
            sha256=job.sha256,
            label=job.label,
        )
    except AtlasError as error:
        say(fault=str(error))
        return
    state.open_programme(job.programme, job.year)
    link = {"programme": job.programme, "annee": str(job.year)}
    say(f"Import n° {number} fait : {summary(wanted)}.", link=link)
