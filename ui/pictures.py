"""Take a chart away: its picture as SVG or PNG, and its table as CSV."""

from collections.abc import Callable, Sequence
from functools import partial

import altair as alt
import pandas as pd
import streamlit as st

from geo.writers import to_csv
from reports.pictures import to_png, to_svg

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


def _picture(extension: str, chart: alt.LayerChart, title: str, notes: Sequence[str]) -> bytes:
    draw = to_svg if extension == "svg" else to_png
    return draw(chart.to_dict(), title, notes)
