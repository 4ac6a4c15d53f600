"""A sortable table in which a row can be chosen, its amounts written in French.

A styled frame shows the written text and still sorts by the number, whatever the language of the
browser; Streamlit's own number formats follow the browser.
"""

import hashlib
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st
from streamlit.column_config import Column, NumberColumn

from analysis import wording


def choose_row(
    frame: pd.DataFrame,
    headers: Mapping[str, str],
    *,
    key: str,
    title: str,
    euros: Sequence[str] = (),
    widths: Mapping[str, int] | None = None,
    height: int = 390,
) -> object | None:
    """Draw a frame and return the index label of the chosen row, or None.

    ``headers`` gives the French header of each column shown, in order; ``euros`` are the columns
    in cents, ``widths`` in pixels; ``title`` names the table for a screen reader. A choice does
    not outlive a change of the rows.
    """
    table = frame[list(headers)].reset_index(drop=True)
    table[list(euros)] = table[list(euros)].astype("Float64") / 100
    styled = table.style.format(_euros, subset=list(euros), na_rep=wording.MISSING)
    digest = hashlib.sha256("\n".join(map(str, frame.index)).encode()).hexdigest()[:12]
    chosen = st.dataframe(
        styled,
        hide_index=True,
        height=min(height, 37 + 35 * max(len(table), 1)),
        column_config={
            name: (NumberColumn if name in euros else Column)(label, width=(widths or {}).get(name))
            for name, label in headers.items()
        },
        key=f"{key}_{digest}",
        on_select="rerun",
        selection_mode="single-row",
        placeholder=wording.MISSING,
        alt=title,
    )
    rows = chosen["selection"]["rows"]
    return frame.index[rows[0]] if rows and rows[0] < len(frame) else None


def _euros(value: object) -> str:
    return wording.euros(round(float(str(value)) * 100))
