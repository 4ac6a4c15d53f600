"""Plots of two measures: a scatter and cumulated shares, readable in grey, never formatting.

As in ``ui.charts``, numbers come already written in French: an axis only looks its texts up.
"""

import json
from collections.abc import Callable, Sequence

import altair as alt
import numpy as np
import pandas as pd

from analysis.palette import GREY
from analysis.wording import percent
from ui.charts import ACCENT, INK, PALE

_HEIGHT = 430
_TICKS = 5
_DASHES = [5, 4]
# On a telephone the words of the rules would run over the discs: the caption says them.
_ROOMY = alt.expr("width > 420 ? 1 : 0")


def ticks(low: float, high: float, count: int = _TICKS) -> list[float]:
    """Return about ``count`` round values from below ``low`` to above ``high`` (steps 1, 2, 5)."""
    spread = (high - low) or abs(high) or 1.0
    rough = spread / count
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= rough * 0.999)
    first, last = np.floor(low / step), np.ceil(high / step)
    return [round(float(k * step), 10) for k in np.arange(first, last + 1)]


def axis(title: str, values: Sequence[float], write: Callable[[float], str]) -> alt.Axis:
    """Return an axis whose texts are looked up among those written here, in French."""
    texts = json.dumps([write(value) for value in values], ensure_ascii=False)
    places = json.dumps(list(values))
    return alt.Axis(
        title=title,
        values=list(values),
        labelExpr=f"{texts}[indexof({places}, datum.value)]",
        labelColor=INK,
        titleColor=INK,
        labelFontSize=12,
        titleFontSize=13,
        titleFontWeight="normal",
        grid=True,
        gridColor="#e6e1d6",
    )


def scatter(
    points: pd.DataFrame,
    x: tuple[str, Callable[[float], str]],
    y: tuple[str, Callable[[float], str]],
    marks: tuple[float, float, str],
) -> alt.LayerChart:
    """Draw one numbered disc a quarter: need to the right, effort upwards.

    ``points`` has ``number`` (its rank in the table), ``label``, ``x``, ``y``, ``x_text``,
    ``y_text``, ``high`` (bool: dark disc, else pale), ``chosen`` (bool: its name is written) and
    ``side`` ("left", "center", "right": how the name is aligned on its disc).
    ``x`` and ``y`` are the title of each axis and how its values are written; ``marks`` the median
    of x, the mean of y and the text of the latter.
    """
    median, mean, _ = marks
    across, up = _padded(points["x"], median, zero=False), _padded(points["y"], mean, zero=True)
    xs = alt.X("x:Q", scale=_domain(across), axis=axis(x[0], _ticks_in(across), x[1]))
    ys = alt.Y("y:Q", scale=_domain(up), axis=axis(y[0], _ticks_in(up), y[1]))
    tooltip = [
        alt.Tooltip("label:N", title="Quartier"),
        alt.Tooltip("x_text:N", title=x[0]),
        alt.Tooltip("y_text:N", title=y[0]),
    ]
    base = alt.Chart(points).encode(x=xs, y=ys, tooltip=tooltip)
    discs = base.mark_circle(size=420, opacity=1, stroke=INK, strokeWidth=1).encode(
        color=alt.condition("datum.high", alt.value(ACCENT), alt.value(PALE))
    )
    numbers = base.mark_text(fontSize=11, fontWeight="bold").encode(
        text="number:N", color=alt.condition("datum.high", alt.value("white"), alt.value(INK))
    )
    # Centred on its disc, but never out of the plot; above the mean line, or below it.
    names = base.mark_text(
        align=alt.expr("datum.side"),
        dx=alt.expr("datum.side == 'right' ? 8 : datum.side == 'left' ? -8 : 0"),
        dy=alt.expr(f"datum.y > {mean} ? -19 : 20"),
        fontSize=12,
        color=INK,
    ).encode(text="name:N")
    layers = [*_rules(marks, xs, ys), discs, numbers, names.transform_filter("datum.chosen")]
    return _framed(layers)


def cumulated(steps: pd.DataFrame, x_title: str, y_title: str) -> alt.LayerChart:
    """Draw a curve of cumulated shares against the line of proportion.

    ``steps`` has ``x`` and ``y`` (0 to 1), in order, and ``text`` for the tooltip of each step.
    """
    tens = [0, 0.2, 0.4, 0.6, 0.8, 1.0]

    def write(share: float) -> str:
        return percent(100 * share, 0)

    whole = alt.Scale(domain=[0, 1], nice=False)
    xs = alt.X("x:Q", scale=whole, axis=axis(x_title, tens, write))
    ys = alt.Y("y:Q", scale=whole, axis=axis(y_title, tens, write))
    base = alt.Chart(steps).encode(x=xs, y=ys)
    even = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})
    line = alt.Chart(even).mark_line(color=GREY, strokeDash=_DASHES).encode(x=xs, y=ys)
    word = pd.DataFrame({"x": [0.72], "y": [0.66], "text": ["à proportion"]})
    text = alt.Chart(word).mark_text(color=GREY, fontSize=12, align="left")
    layers = [
        line,
        text.encode(x=xs, y=ys, text="text:N"),
        base.mark_line(color=ACCENT, strokeWidth=2.5),
        base.mark_point(color=ACCENT, filled=True, size=60, opacity=1).encode(
            tooltip=[alt.Tooltip("text:N", title="Cumul")]
        ),
    ]
    return _framed(layers)


def _rules(marks: tuple[float, float, str], xs: alt.X, ys: alt.Y) -> list[alt.Chart]:
    """Draw the median need and the mean effort as dashed rules, each with its word."""
    median, mean, words = marks
    upright = (
        alt.Chart(pd.DataFrame({"x": [median]}))
        .mark_rule(color=GREY, strokeDash=_DASHES)
        .encode(x=xs)
    )
    level = pd.DataFrame({"y": [mean], "text": [words]})
    flat = alt.Chart(level).encode(y=ys)
    edge = alt.value("width")
    return [
        upright,
        flat.mark_rule(color=GREY, strokeDash=_DASHES),
        flat.mark_text(align="right", dy=-8, dx=-4, color=GREY, fontSize=12, opacity=_ROOMY).encode(
            x=edge, text="text:N"
        ),
        alt.Chart(pd.DataFrame({"x": [median], "text": ["médiane"]}))
        .mark_text(align="left", dx=5, dy=10, color=GREY, fontSize=12, opacity=_ROOMY)
        .encode(x=xs, y=alt.value(0), text="text:N"),
    ]


def _padded(values: pd.Series, mark: float, *, zero: bool) -> tuple[float, float]:
    """Return the ends of an axis: room for a whole disc, and for the mark."""
    low = 0.0 if zero else min(float(values.min()), mark)
    high = max(float(values.max()), mark)
    spread = (high - low) or 1.0
    return (low if zero else low - 0.06 * spread, high + 0.08 * spread)


def _ticks_in(ends: tuple[float, float]) -> list[float]:
    return [tick for tick in ticks(*ends) if ends[0] <= tick <= ends[1]]


def _domain(ends: tuple[float, float]) -> alt.Scale:
    return alt.Scale(domain=list(ends), nice=False)


def _framed(layers: Sequence[alt.Chart]) -> alt.LayerChart:
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    chart = alt.layer(*layers).properties(height=_HEIGHT, autosize=fit)
    return chart.configure_view(stroke=None)
