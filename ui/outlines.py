"""The outlines of the quarters: what was repaired in them, what became of those of 2015."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from analysis import wording
from analysis.perimeters import RELATION_WORDS, dropped, overlap_sentence, unmeasured
from geo.crosswalk import TOLERANCE
from geo.errors import AtlasError
from geo.repair import sentence
from geo.schema import GENERATIONS
from store.atlas import Atlas
from ui import frame
from ui.tables import html_table


def render(atlas: Atlas) -> None:
    """Write the repairs of the layers, their overlaps, and the table of the two generations.

    A file at fault is told where it stands, among the sources: here its absence is only noted.
    """
    try:
        _repairs(atlas.repairs, atlas.quarter_labels, atlas.territory.generation)
        if atlas.relations_are_measured:
            _repairs(atlas.former_layer[1], {}, GENERATIONS[0])
        _overlaps(atlas)
        _generations(atlas)
    except AtlasError as error:
        st.caption(frame.plain(f"Contours non décrits. {error}"))


def _overlaps(atlas: Atlas) -> None:
    told = overlap_sentence(atlas.overlaps, atlas.quarter_labels)
    if told:
        st.warning(frame.plain(told), icon=":material/layers:")
    else:
        st.caption("Aucun contour n'en recouvre un autre.")


def _repairs(repairs: pd.DataFrame, labels: Mapping[str, str], generation: int) -> None:
    if repairs.empty:
        st.caption(f"Aucun contour de {generation} n'a dû être réparé à la lecture.")
        return
    st.markdown(frame.plain(sentence(repairs)))
    rows = [
        (
            labels.get(row["qpv_code"], row["qpv_code"]),
            row["reason"],
            wording.number(row["area_before_m2"]),
            wording.number(row["area_after_m2"]),
            wording.signed(row["difference_m2"]),
            f"{wording.number(row['vertices_before'])} → {wording.number(row['vertices_after'])}",
        )
        for row in repairs.to_dict("records")
    ]
    headers = ("Quartier", "Défaut", "m² avant", "m² après", "Écart (m²)", "Sommets")
    st.html(html_table(f"Contours de {generation} réparés à la lecture", headers, rows))


def _generations(atlas: Atlas) -> None:
    relations, names = atlas.relations, atlas.quarter_labels
    if relations.empty:
        st.caption("Ce que sont devenus les quartiers de 2015 n'est pas connu de ce territoire.")
        return
    known = relations[relations["qpv_code"].isin(list(names))]
    rows = [
        (
            names[row["qpv_code"]],
            "aucun" if row["relation"] == "new" else row["qpv_code_2015"],
            RELATION_WORDS[row["relation"]],
        )
        for row in known.to_dict("records")
    ]
    st.html(
        html_table(
            "Ce que sont devenus les quartiers de 2015",
            (f"Quartier de {atlas.territory.generation}", "Quartier de 2015", "Changement"),
            rows,
        )
    )
    former = atlas.quarters_2015.set_index("qpv_code")["qpv_name"]
    left = [f"{former.get(code, '')} ({code})".strip() for code in dropped(relations)]
    words = f"Sortis de la géographie prioritaire : {', '.join(left)}. " if left else ""
    st.caption(frame.plain(words + _how(atlas)))


def _how(atlas: Atlas) -> str:
    if atlas.relations_are_measured:
        pairs = unmeasured(atlas.relations, atlas.crosswalk)
        joined = ", ".join(f"{before} → {now}" for before, now in pairs)
        official = (
            f" La correspondance officielle dit aussi : {joined}, sans surface commune qui "
            "compte ; codes et chiffres suivent la correspondance officielle."
            if pairs
            else ""
        )
        return f"Mesuré par les surfaces communes des deux couches.{official} {TOLERANCE.reason}"
    return (
        "D'après la table de correspondance officielle : sans les contours de 2015, l'ampleur des "
        "changements n'est pas mesurée."
    )
