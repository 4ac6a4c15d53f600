"""Bars for every page: French texts at their ends, the same colours everywhere, readable in grey.

Numbers reach a chart already written in French (column ``text``): no axis and no tooltip ever
formats one, so that nothing depends on the browser's language.
"""

import textwrap
from collections.abc import Mapping, Sequence
from html import escape

import altair as alt
import pandas as pd
import streamlit as st

from analysis import palette, wording
from analysis.palette import ACCENT, FALL, INK

# The pages take their colours here; they are those of the printed sheets.
GROUP_COLOURS = palette.GROUP_COLOURS
PALE = palette.PALE
group_colours = palette.group_colours

TABLE = "Mêmes chiffres dans le tableau « {} »."
_LABEL_CHARACTERS = 36
_CHARACTER = 6.2  # pixels, for a text of 13 pixels
_ROW = 26
_LINE = 13
_BAR = 16
_PAIRED_BAR = 13
# On a telephone a text stops at its first point: the amount, without its share or its projects.
# A pale bar is told from the ground by its edge; a bar of nothing has none.
_EDGE = alt.expr("datum.value == 0 ? 0 : 0.6")
_NARROW = 300  # pixels of the plot
_POINT = " · "
_HEAD = alt.expr(f"width < {_NARROW} ? split(datum.text, '{_POINT}')[0] : datum.text")


def bars(rows: pd.DataFrame) -> alt.LayerChart:
    """Draw horizontal bars in the order of the rows, each with its French text at its end.

    ``rows`` has ``label`` (distinct), ``value`` (positive number or missing), ``text`` and, if
    bars have colours of their own, ``colour``. A zero or missing value keeps its row and text.
    """
    data = _ready(rows if "colour" in rows else rows.assign(colour=ACCENT))
    base = alt.Chart(data).encode(y=_labels(data), tooltip=_tooltip())
    top = float(data["value"].max()) or 1.0
    x = alt.X("value:Q", axis=None, scale=_scale(top, _room(data), _room(_headed(data))))
    drawn = base.mark_bar(size=_BAR, stroke=INK, strokeWidth=_EDGE).encode(
        x=x, color=alt.Color("colour:N", scale=None)
    )
    texts = base.mark_text(text=_HEAD, align="left", dx=5, color=INK, fontSize=13).encode(x=x)
    return sized(drawn + texts, len(data) * _row_height(data))


def paired_bars(rows: pd.DataFrame, colours: Mapping[str, str]) -> alt.LayerChart:
    """Draw several bars a label, one a series: requested beside granted.

    ``rows`` has ``label``, ``series``, ``value`` and ``text``, one row a label and series;
    ``colours`` gives the series in order, with their colours (one dark, one pale).
    """
    data = _ready(rows)
    series = list(colours)
    colour = alt.Color(
        "series:N",
        sort=series,
        scale=alt.Scale(domain=series, range=list(colours.values())),
        legend=alt.Legend(
            title=None,
            orient="top",
            labelLimit=0,
            labelColor=INK,
            symbolType="square",
            symbolStrokeWidth=0.6,  # of a bar it would be an expression on data
        ),
    )
    top = float(data["value"].max()) or 1.0
    x = alt.X("value:Q", axis=None, scale=_scale(top, _room(data)))
    base = alt.Chart(data).encode(
        y=_labels(data),
        yOffset=alt.YOffset("series:N", sort=series, scale=alt.Scale(domain=series)),
        tooltip=[*_tooltip(), alt.Tooltip("series:N", title="Série")],
    )
    drawn = base.mark_bar(size=_PAIRED_BAR, stroke=INK, strokeWidth=_EDGE).encode(x=x, color=colour)
    texts = base.mark_text(align="left", dx=5, color=INK, fontSize=12).encode(x=x, text="text:N")
    return sized(drawn + texts, len(set(data["label"])) * len(series) * (_PAIRED_BAR + 5))


def change_bars(rows: pd.DataFrame) -> alt.LayerChart:
    """Draw differences on both sides of zero; the sign is in the text, not in the colour alone.

    ``rows`` has ``label`` (distinct), ``value`` (signed number) and ``text``.
    """
    data = _ready(rows)
    low, high = min(0.0, float(data["value"].min())), max(0.0, float(data["value"].max()))
    room = _room(data)
    left = room if low < 0 else 0
    # Where bars and texts do not both fit (a telephone), the table alone says the values.
    narrow = f"width < {left + room + 40:.0f}"
    ends = (f"{narrow} ? 0 : {left:.0f}", f"{narrow} ? width : width - {room:.0f}")
    scale = alt.Scale(
        domain=[low, high if high > low else low + 1],
        nice=False,
        range=[alt.expr(end) for end in ends],
    )
    x = alt.X("value:Q", axis=None, scale=scale)
    side = alt.condition("datum.value < 0", alt.value(FALL), alt.value(ACCENT))
    base = alt.Chart(data).encode(y=_labels(data), x=x, tooltip=_tooltip())
    zero = alt.Chart(data).mark_rule(color=INK).encode(x=alt.datum(0, axis=None, scale=scale))
    texts = base.mark_text(
        align=alt.expr("datum.value < 0 ? 'right' : 'left'"),
        dx=alt.expr("datum.value < 0 ? -5 : 5"),
        color=INK,
        fontSize=13,
        opacity=alt.expr(f"{narrow} ? 0 : 1"),
    ).encode(text="text:N")
    drawn = base.mark_bar(size=_BAR).encode(color=side)
    return sized(drawn + zero + texts, len(data) * _row_height(data))


def show(chart: alt.LayerChart, description: str, *, table: str) -> None:
    """Draw a chart over the whole width; a screen reader says ``description``, then its table.

    ``table`` is the caption of the table that says the same on the page: a test looks for it. The
    marks stay silent: one by one, in English and without their table, they would say less.
    """
    silent = chart.configure_mark(aria=False)
    silent.config["aria"] = False  # axes and legends too
    words = f"{description.removesuffix('.')}. {TABLE.format(table)}"
    st.altair_chart(silent, width="stretch", alt=words)


def bar_table(
    caption: str,
    rows: Sequence[tuple[str, int]],
    *,
    whole: int | None = None,
    colours: Sequence[str] = (),
) -> str:
    """Return a light HTML table of amounts in cents: label, bar, euros, share of ``whole``.

    ``whole`` is the sum of the rows unless given; ``colours`` gives a colour to each bar, the
    accent colour otherwise. Every text is escaped; to be shown with ``st.html``, its style is in
    ``ui/assets/atlas.css``.
    """
    total = sum(cents for _, cents in rows) if whole is None else whole
    longest = max((cents for _, cents in rows), default=0) or 1
    paints = [*colours, *[""] * len(rows)]
    body = "".join(
        f'<tr><th scope="row">{escape(label)}<i style="width:{100 * cents / longest:.0f}%'
        f'{f";background:{escape(paint)}" if paint else ""}"></i></th>'
        f"<td>{wording.euros(cents)}</td><td>{wording.share(cents, total)}</td></tr>"
        for (label, cents), paint in zip(rows, paints, strict=False)
    )
    return f'<div class="bt"><table><caption>{escape(caption)}</caption>{body}</table></div>'


def _ready(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns a chart needs, labels folded, missing values drawn at 0."""
    data = pd.DataFrame({"label": [str(label) for label in rows["label"]]})
    data["lines"] = [folded(label) for label in data["label"]]
    data["value"] = rows["value"].astype("Float64").fillna(0).to_numpy(dtype="float64")
    data["text"] = [str(text) for text in rows["text"]]
    for name in ("series", "colour"):
        if name in rows:
            data[name] = rows[name].to_numpy()
    return data


def folded(label: str, characters: int = _LABEL_CHARACTERS) -> str:
    """Fold a label into lines of so many characters at most."""
    return "\n".join(textwrap.wrap(label, characters, break_on_hyphens=False))


def label_axis(data: pd.DataFrame) -> alt.Axis:
    """Return the axis of labels folded into lines (column ``lines``), never cut."""
    return alt.Axis(
        title=None,
        ticks=False,
        labelLimit=0,
        labelPadding=8,
        labelColor=INK,
        labelFontSize=13,
        labelExpr="split(datum.label, '\\n')",
        labelLineHeight=_LINE,
        labelOffset=_half_a_line_up(data),
    )


def _labels(data: pd.DataFrame) -> alt.Y:
    """Return the axis of labels, in the order of the rows."""
    return alt.Y("lines:N", axis=label_axis(data), sort=list(dict.fromkeys(data["lines"])))


def _half_a_line_up(data: pd.DataFrame) -> dict[str, object]:
    """Return the shift that centres a label of several lines on its bar."""
    most = _most_breaks(data)
    shifts = [
        {"test": f"length(split(datum.value, '\\n')) == {more + 1}", "value": -more * _LINE / 2}
        for more in range(1, most + 1)
    ]
    return {"condition": shifts, "value": 0}


def _tooltip() -> list[alt.Tooltip]:
    return [alt.Tooltip("label:N", title="Libellé"), alt.Tooltip("text:N", title="Valeur")]


def _room(data: pd.DataFrame) -> float:
    """Return the pixels that the longest text needs beside its bar."""
    return 12 + _CHARACTER * max((len(text) for text in data["text"]), default=0)


def _headed(data: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with what a narrow plot keeps of their texts."""
    return data.assign(text=[text.split(_POINT)[0] for text in data["text"]])


def _scale(top: float, room: float, narrow: float | None = None) -> alt.Scale:
    """Return a scale from 0 to ``top`` that keeps ``room`` pixels on the right for the texts.

    ``narrow`` pixels are kept in a narrow plot, where texts are cut short.
    """
    kept = room if narrow is None else narrow
    end = f"max(width - (width < {_NARROW} ? {kept:.0f} : {room:.0f}), 40)"
    return alt.Scale(domain=[0, top], nice=False, range=[0, alt.expr(end)])


def _row_height(data: pd.DataFrame) -> int:
    """Return the height in pixels of a row: the longest label must fit, never cut."""
    return max(_ROW, _LINE * (_most_breaks(data) + 1) + 8)


def _most_breaks(data: pd.DataFrame) -> int:
    return max((lines.count("\n") for lines in data["lines"]), default=0)


def sized(chart: alt.LayerChart, height: int) -> alt.LayerChart:
    """Give the plot its height in pixels: axes and legend come on top, nothing is squeezed."""
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    edges = {"left": 0, "right": 0, "top": 4, "bottom": 4}
    return chart.properties(height=height, autosize=fit, padding=edges).configure_view(stroke=None)
