"""The history of an indicator as a line that stops at each break of the series."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from analysis.indicators import Indicator
from analysis.palette import GREY, QUIET
from ui.charts import ACCENT, INK

_CHARACTER = 5.6  # pixels, for a text of 11 pixels
_HEIGHT = 230
# Values reach the axis as numbers; this writes them the French way, whatever the browser.
_NUMBER = "replace(format(datum.value, ',.0f'), regexp(',', 'g'), '\u202f') + '{unit}'"


def trend(
    points: pd.DataFrame,
    indicator: Indicator,
    domain: tuple[float, float],
    *,
    others: pd.DataFrame | None = None,
    height: int = _HEIGHT,
) -> alt.LayerChart:
    """Draw one quarter's history: ``points`` are its rows of ``analysis.profile.history``.

    ``others`` are the rows of other quarters, with their ``name``: thin grey lines behind.

    A line joins years of one segment only, a dotted rule marks each break, and a year under
    statistical secrecy is a hollow mark at the foot. ``domain`` (lowest and highest value of all
    quarters) keeps one scale from a quarter to another; the axis does not start at zero.
    """
    low, high = _padded(domain)
    data = _ready(points, indicator, low)
    years = [int(year) for year in data["year"]]
    y = alt.Y(
        "height:Q",
        scale=alt.Scale(domain=[low, high], nice=False, zero=False),
        axis=alt.Axis(
            title=None, tickCount=5, labelExpr=_axis_text(indicator), labelColor=INK, grid=True
        ),
    )
    base = alt.Chart(data).encode(x=_time("year", years), y=y, tooltip=_tooltip())
    known = base.transform_filter("datum.status == 'published'")
    hidden = base.transform_filter("datum.status == 'secret'")
    # Where the texts of a series would touch (a telephone), the table alone says the values.
    most = max((len(text) for text in data["short"]), default=0)
    room = alt.expr(f"width > {len(years) * (most + 1) * _CHARACTER:.0f} ? 1 : 0")
    layers = [
        _breaks(points, years),
        *_behind(others, indicator, low, y, years),
        known.mark_line(color=ACCENT, strokeWidth=2).encode(detail="segment:N"),
        known.mark_point(color=ACCENT, filled=True, opacity=1, size=55),
        # A halo first: the text stays readable over the lines it crosses.
        known.mark_text(
            color="white", stroke="white", strokeWidth=4, dy=-12, fontSize=11, opacity=room
        ).encode(text="short:N"),
        known.mark_text(color=INK, dy=-12, fontSize=11, opacity=room).encode(text="short:N"),
        hidden.mark_point(shape="diamond", color=GREY, filled=False, size=70),
        hidden.mark_text(color=GREY, dy=-13, fontSize=11).encode(text="short:N"),
    ]
    return alt.LayerChart(layer=layers).properties(height=height).configure_view(stroke=None)


def _behind(
    others: pd.DataFrame | None, indicator: Indicator, low: float, y: alt.Y, years: Sequence[int]
) -> list[alt.Chart]:
    """Draw the other quarters behind: lines that stop at the breaks, and points to point at."""
    if others is None or others.empty:
        return []
    data = _ready(others, indicator, low)
    data["name"] = others["name"].to_numpy()
    data["line"] = data["name"] + data["segment"].astype(str)
    name = alt.Tooltip("name:N", title="Quartier")
    base = alt.Chart(data[data["status"] == "published"]).encode(x=_time("year", years), y=y)
    return [
        base.mark_line(color=QUIET, strokeWidth=1.2).encode(detail="line:N"),
        base.mark_point(color=QUIET, filled=True, opacity=1, size=16).encode(
            tooltip=[name, *_tooltip()]
        ),
    ]


def domain_of(every: pd.DataFrame) -> tuple[float, float]:
    """Return the lowest and highest published value of a history, all quarters and years."""
    known = every.loc[every["status"] == "published", "value"]
    return float(known.min()), float(known.max())


def _padded(domain: tuple[float, float]) -> tuple[float, float]:
    """Leave room under the lowest value for the marks of secrecy, above the highest for texts."""
    low, high = domain
    spread = (high - low) or 1.0
    return low - 0.25 * spread, high + 0.15 * spread


def _ready(points: pd.DataFrame, indicator: Indicator, foot: float) -> pd.DataFrame:
    cells = zip(points["year"], points["value"], points["status"], strict=True)
    texts = [indicator.in_year(int(year)).text(value, status) for year, value, status in cells]
    return pd.DataFrame(
        {
            "year": points["year"].astype(int).to_numpy(),
            "height": points["value"].fillna(foot + 0.0).to_numpy(),
            "status": points["status"].to_numpy(),
            "segment": points["segment"].to_numpy(),
            "text": texts,
            "short": [text.removesuffix("\u202f%").removesuffix("\u202f€") for text in texts],
        }
    )


def _time(field: str, years: Sequence[int]) -> alt.X:
    """Return the axis of years, the same for every layer: one label a year, never formatted."""
    axis = alt.Axis(
        title=None, values=list(years), format="d", grid=False, labelColor=INK, labelFontSize=12
    )
    scale = alt.Scale(domain=[min(years) - 0.4, max(years) + 0.6], nice=False)
    return alt.X(f"{field}:Q", scale=scale, axis=axis)


def _breaks(points: pd.DataFrame, years: Sequence[int]) -> alt.Chart:
    """Draw a rule before each year that cannot be compared with the one before, and why."""
    cuts = points[points["break_reason"] != ""]
    rules = pd.DataFrame({"cut": cuts["year"] - 0.5, "text": cuts["break_reason"]})
    return (
        alt.Chart(rules)
        .mark_rule(color=GREY, strokeDash=[3, 3])
        .encode(x=_time("cut", years), tooltip=[alt.Tooltip("text:N", title="Série")])
    )


def _axis_text(indicator: Indicator) -> str:
    unit = f"\u202f{indicator.unit}" if indicator.unit in ("%", "€") else ""
    return _NUMBER.format(unit=unit)


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("year:O", title="Année"),
        alt.Tooltip("text:N", title="Valeur"),
    ]
