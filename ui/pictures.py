"""Take a chart away: its picture as SVG or PNG, and its table as CSV."""

import re
from collections.abc import Callable, Sequence
from functools import partial

import altair as alt
import pandas as pd
import streamlit as st

from analysis.search import fold
from analysis.selection import Selection
from analysis.vocabulary import file_stem
from geo.writers import to_csv
from reports.pictures import to_png, to_svg
from store.atlas import Atlas
from ui import state

_PICTURES = {"svg": ("Image (SVG)", "image/svg+xml"), "png": ("Image (PNG)", "image/png")}


def downloads(
    chart: alt.LayerChart,
    table: Callable[[], pd.DataFrame],
    *,
    name: str,
    title: str,
    notes: Sequence[str] = (),
) -> None:
    """Draw three buttons: the chart as SVG and PNG with its title and notes, its table as CSV.

    ``name`` is the file's name without extension; ``notes`` say source, year and perimeter. Files
    are made when they are asked for, not before.
    """
    with st.container(horizontal=True, gap="small"):
        for extension, (label, mime) in _PICTURES.items():
            st.download_button(
                label,
                data=partial(_picture, extension, chart, title, notes),
                file_name=f"{name}.{extension}",
                mime=mime,
                key=f"picture_{name}_{extension}",
                on_click="ignore",
                type="tertiary",
                icon=":material/image:",
            )
        st.download_button(
            "Tableau (CSV)",
            data=lambda: to_csv(table()),
            file_name=f"{name}.csv",
            mime="text/csv",
            key=f"picture_{name}_csv",
            on_click="ignore",
            type="tertiary",
            icon=":material/table:",
        )


def slug(text: str) -> str:
    """Return a text as a part of a file's name: small letters, figures and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")


def _picture(extension: str, chart: alt.LayerChart, title: str, notes: Sequence[str]) -> bytes:
    draw = to_svg if extension == "svg" else to_png
    return draw(chart.to_dict(), title, notes)


def of_money(
    atlas: Atlas,
    selection: Selection,
    chart: alt.LayerChart,
    rows: pd.DataFrame,
    name: str,
    title: str,
) -> None:
    """Draw the buttons of a chart of the programme; files say when its money is invented.

    ``rows`` has ``label`` and some of the amounts of _EUROS, in cents.
    """
    programme = atlas.territory.programme(selection.programme)
    credits = [atlas.catalogue[key].credit for key in programme.datasets.values()]
    downloads(
        chart,
        lambda: _money(rows),
        name=file_stem(atlas.territory, selection, name),
        title=f"{title} ({selection.year})",
        notes=[
            *(["Données fictives : programme de démonstration."] if programme.fictitious else []),
            state.in_words(selection, atlas),
            f"Source : {' ; '.join(credits)}",
        ],
    )


_EUROS = {
    "requested_cents": "demande_eur",
    "granted_cents": "accorde_eur",
    "before": "annee_precedente_eur",
    "now": "annee_eur",
    "difference": "ecart_eur",
}


def _money(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a chart as they leave the atlas: French columns, euros."""
    frame = pd.DataFrame({"libelle": rows["label"]})
    if "projects" in rows:
        frame["projets"] = rows["projects"]
    for column, word in _EUROS.items():
        if column in rows:
            frame[word] = rows[column].astype("Float64") / 100
    return frame
