"""The printed sheets, prepared when they are asked for: quarters, territory, year."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from analysis import wording
from analysis.selection import Selection
from reports.printing import EVERY, file_name, printed, zipped
from store.atlas import Atlas
from store.material import gather
from ui import frame, sharing

_READY = "printed"
_WORDS = {"territoire": "La fiche du territoire", "bilan": "Le bilan annuel de la programmation"}


@st.fragment
def button(atlas: Atlas, selection: Selection, asked: Sequence[str] = ()) -> None:
    """Draw the button that prepares sheets in PDF; ``asked`` are the quarters on the page.

    Several sheets come as one zip, with their progress. What is prepared stays in this session
    until another document or another selection is asked for.
    """
    with st.popover("Imprimer", icon=":material/print:", key="printing", on_change="rerun") as menu:
        if not menu.open:
            return
        choices = _choices(atlas, asked)
        chosen = st.radio(
            "Document", list(choices), format_func=choices.__getitem__, key="printed_what"
        )
        words = list(asked) if chosen == "" else [chosen]
        wanted = (atlas.edition, selection, tuple(words))
        if st.button("Préparer le PDF", type="primary", key="print"):
            st.session_state[_READY] = (wanted, *_prepared(atlas, selection, words))
        ready = st.session_state.get(_READY)
        if ready and ready[0] == wanted:
            _, name, content = ready
            st.download_button(
                f"Télécharger ({wording.number(len(content) / 1000)} ko)",
                content,
                file_name=name,
                icon=":material/download:",
                on_click="ignore",
                key="print_download",
            )
            st.caption(frame.plain(name))


def _choices(atlas: Atlas, asked: Sequence[str]) -> dict[str, str]:
    """Return the documents that can be asked for: key and words; "" stands for ``asked``."""
    labels = atlas.quarter_labels
    here = {}
    if asked:
        names = wording.listing([labels[code] for code in asked], most=4)
        here = {"": f"{'La fiche' if len(asked) == 1 else 'Les fiches'} : {names}"}
    every = f"Les fiches des {wording.plural(len(labels), 'quartier')} (zip)"
    return here | _WORDS | {EVERY: every}


def _prepared(atlas: Atlas, selection: Selection, words: list[str]) -> tuple[str, bytes]:
    """Print the documents, saying how far it is; return the name of the file and its bytes."""
    count = len(atlas.quarter_labels) if EVERY in words else len(words)
    bar = st.progress(0.0, "Préparation…")
    done: list[str] = []

    def tell(name: str) -> None:
        done.append(name)
        bar.progress(len(done) / count, f"{len(done)} sur {count} : {frame.plain(name)}")

    documents = printed(gather(atlas, selection, date.today(), sharing.home()), words)
    if count == 1:
        ((name, content),) = documents
    else:
        content = zipped(documents, tell)
        name = f"{file_name(atlas.territory, selection, 'quartiers').removesuffix('.pdf')}.zip"
    bar.empty()
    return name, content
