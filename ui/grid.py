"""A sortable table in which a row can be chosen, its amounts written in French.

A styled frame shows the written text and still sorts by the number, whatever the language of the
browser; Streamlit's own number formats follow the browser.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial

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
    in cents, ``widths`` in pixels; ``title`` names the table for a screen reader. A row is ticked
    in the table, or chosen in a list above it (by keyboard too) under the words of its first two
    columns; the last gesture wins. A choice does not outlive a change of the rows.
    """
    table = frame[list(headers)].reset_index(drop=True)
    table[list(euros)] = table[list(euros)].astype("Float64") / 100
    styled = table.style.format(_euros, subset=list(euros), na_rep=wording.MISSING)
    digest = hashlib.sha256("\n".join(map(str, frame.index)).encode()).hexdigest()[:12]
    name = f"{key}_{digest}"
    picked = _pick(frame, list(headers)[:2], name, title)
    chosen = st.dataframe(
        styled,
        hide_index=True,
        height=min(height, 37 + 35 * max(len(table), 1)),
        column_config={
            name: (NumberColumn if name in euros else Column)(label, width=(widths or {}).get(name))
            for name, label in headers.items()
        },
        key=f"{name}_{st.session_state.get(f'{name}_turn', 0)}",
        on_select=partial(_unpick, name),
        selection_mode="single-row",
        placeholder=wording.MISSING,
        alt=title,
    )
    rows = chosen["selection"]["rows"]
    row = rows[0] if rows else picked
    return None if row is None or row >= len(frame) else frame.index[row]


def _pick(frame: pd.DataFrame, columns: list[str], name: str, title: str) -> int | None:
    """Offer the rows as a list: the boxes of the table are out of reach of a keyboard."""
    lines = zip(*(frame[column].fillna("").astype(str) for column in columns), strict=True)
    words = [f"{rank}. {' – '.join(filter(None, cells))}" for rank, cells in enumerate(lines, 1)]
    return st.selectbox(
        f"Choisir une ligne : {title}",
        range(len(frame)),
        index=None,
        format_func=words.__getitem__,
        key=f"{name}_pick",
        label_visibility="collapsed",
        placeholder="Choisissez une ligne ici, ou cochez-la dans le tableau",
        on_change=_unticked,
        args=(name,),
    )


def _unpick(name: str) -> None:
    """Forget the line of the list when a row of the table is ticked: the last gesture wins."""
    st.session_state[f"{name}_pick"] = None


def _unticked(name: str) -> None:
    """Forget the ticked row when a line of the list is chosen: another key is another table."""
    turn = f"{name}_turn"
    st.session_state[turn] = st.session_state.get(turn, 0) + 1


def _euros(value: object) -> str:
    return wording.euros(round(float(str(value)) * 100))
