"""All the quarters on one strip, and under it the chosen one and the larger areas, on one scale."""

import altair as alt
import pandas as pd

from analysis import wording
from analysis.gaps import Comparison
from analysis.palette import GREY
from ui.charts import ACCENT, INK, folded, label_axis, sized

_ROW = 34
_CHARACTER = 6.4  # pixels, for a text of 13 pixels
_LABELS = 20  # characters of a line of label: a telephone has room for the scale beside
_TICK = 24


def strip(comparison: Comparison, names: dict[str, str]) -> alt.LayerChart | None:
    """Draw the published quarters as ticks and each area as a mark with its French figure.

    ``names`` are those of the quarters by code. A dotted rule drops the chosen quarter's value
    through every row. None where nothing is published.
    """
    data = _rows(comparison, names)
    if data.empty:
        return None
    order = list(dict.fromkeys(data["lines"]))
    x = alt.X("value:Q", axis=None, scale=_scale(data))
    y = alt.Y("lines:N", axis=label_axis(data), sort=order)
    base = alt.Chart(data).encode(x=x, tooltip=_tooltip())
    rows = base.encode(y=y)
    ticks = rows.transform_filter("datum.kind == 'quarter'")
    marks = rows.transform_filter("datum.kind != 'quarter'")
    own = marks.transform_filter("datum.kind == 'own'")
    areas = marks.transform_filter("datum.kind == 'area'")
    texts = marks.mark_text(align="left", dx=10, color=INK, fontSize=13).encode(text="text:N")
    layers = [
        base.transform_filter("datum.kind == 'own'").mark_rule(color=ACCENT, strokeDash=[2, 3]),
        ticks.mark_tick(color=GREY, thickness=2, size=_TICK, opacity=0.85),
        areas.mark_point(shape="diamond", color=INK, filled=False, size=90, strokeWidth=2),
        own.mark_point(color=ACCENT, filled=True, size=150, opacity=1),
        texts,
    ]
    return sized(alt.LayerChart(layer=layers), _ROW * len(order))


def _rows(comparison: Comparison, names: dict[str, str]) -> pd.DataFrame:
    """Return one row a mark: ``label, lines, kind, value, text, name``."""
    reading, code = comparison.reading, comparison.code
    known = reading.quarters[reading.quarters["status"] == "published"]
    count = f"{wording.plural(len(known), 'quartier publié', 'quartiers publiés')}"
    rows = [
        (count, "quarter", value, reading.text(str(one)), names[str(one)])
        for one, value in known["value"].items()
    ]
    if code in known.index:
        rows.append((names[str(code)], "own", known["value"].at[code], reading.text(str(code)), ""))
    # The sum of the quarters, or a larger area's, would push them all to one end of the scale.
    beside = comparison.indicator.kind != "count"
    areas = comparison.rows[(comparison.rows["status"] == "published") & beside]
    rows += [
        (row["label"], "area", row["value"], comparison.value_text(row), "")
        for _, row in areas.iterrows()
    ]
    data = pd.DataFrame(rows, columns=["label", "kind", "value", "text", "name"])
    data["name"] = data["name"].where(data["name"] != "", data["label"])
    data["lines"] = [folded(label, _LABELS) for label in data["label"]]
    return data


def _scale(data: pd.DataFrame) -> alt.Scale:
    """Return the scale of all the rows, with room on the right for the texts."""
    low, high = float(data["value"].min()), float(data["value"].max())
    room = 18 + _CHARACTER * max(len(text) for text in data["text"])
    return alt.Scale(
        domain=[low, high if high > low else low + 1],
        nice=False,
        zero=False,
        range=[8, alt.expr(f"max(width - {room:.0f}, 40)")],
    )


def _tooltip() -> list[alt.Tooltip]:
    return [alt.Tooltip("name:N", title="Territoire"), alt.Tooltip("text:N", title="Valeur")]
