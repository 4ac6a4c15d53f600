"""The glossary, one gesture away on every page."""

from pathlib import Path

import streamlit as st

from geo.errors import AtlasError
from store.glossary import glossary, matching
from ui.tables import fact_list


@st.fragment
def button(directory: Path) -> None:
    """Draw the button that opens the glossary; its content is sent only once it is open."""
    with st.popover(
        "Lexique", icon=":material/dictionary:", type="tertiary", key="lexicon", on_change="rerun"
    ) as opened:
        if not opened.open:
            return
        try:
            terms = glossary(directory)
        except AtlasError as error:
            st.text(str(error))
            return
        query = st.text_input(
            "Chercher un mot", key="lexicon_query", placeholder="médiane, secret…", max_chars=60
        )
        found = matching(terms, query or "")
        if found:
            st.html(listed(found))
        else:
            st.caption("Aucun mot ne correspond.")


def listed(terms: list[tuple[str, str]]) -> str:
    """Return the terms as HTML, each over its meaning: a telephone has no room for two columns."""
    return f'<div class="words">{fact_list(terms)}</div>'
