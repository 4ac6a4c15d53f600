"""The small charts of a sheet, drawn as SVG: a strip of all quarters, a trend, need and effort."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.indicators import Indicator
from analysis.palette import ACCENT, INK, QUIET, SOFT
from reports import svg

_PALE = "#d9d4c7"
_CHARACTER = 4.2  # points, for a text of 8


@dataclass(frozen=True)
class Scale:
    """From values to points of the paper, along one axis."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return where a value stands; the middle when all values are equal."""
        spread = self.high - self.low
        part = (value - self.low) / spread if spread else 0.5
        return self.start + part * (self.end - self.start)


def strip(
    figures: pd.DataFrame, code: str, write: Callable[[float], str], width: float = 112
) -> str:
    """Draw every published quarter on one axis, the quarter ``code`` larger, the ends written.

    ``figures`` is indexed by code with ``value`` and ``status``. Empty without a published value.
    """
    known = figures.loc[figures["status"] == "published", "value"].astype("float64")
    if known.empty:
        return ""
    low, high = float(known.min()), float(known.max())
    scale = Scale(low, high, 5, width - 5)
    marks = [svg.line((2, 7), (width - 2, 7), stroke=_PALE, width=1)]
    marks += [svg.circle((scale.at(value), 7), 2.4, fill=QUIET) for value in known]
    if code in known.index:
        marks.append(svg.circle((scale.at(float(known[code])), 7), 4.6, fill=ACCENT))
    marks.append(svg.text((2, 21), write(low), fill=SOFT))
    if high > low:
        marks.append(svg.text((width - 2, 21), write(high), anchor="end", fill=SOFT))
    return svg.picture(width, 24, marks)


def trend(
    points: pd.DataFrame,
    indicator: Indicator,
    domain: tuple[float, float],
    width: float = 250,
    height: float = 104,
) -> str:
    """Draw one quarter's history: no line crosses a break, a secret year is hollow at the foot.

    ``points`` are its rows of ``analysis.profile.history``; ``domain`` is the lowest and highest
    value of all quarters, so that two sheets have one scale.
    """
    low, high = domain
    years = [int(year) for year in points["year"]]
    across = Scale(min(years), max(years), 20, width - 22)
    up = Scale(low, high, height - 36, 18)
    marks = [svg.line((8, height - 16), (width - 8, height - 16), stroke=_PALE)]
    for year in points["year"][points["break_reason"] != ""]:
        x = across.at(float(year) - 0.5)
        marks.append(svg.line((x, 4), (x, height - 16), dash="2 2"))
    for _, part in points[points["status"] == "published"].groupby("segment"):
        ring = [
            (across.at(float(y)), up.at(float(v)))
            for y, v in zip(part["year"], part["value"], strict=True)
        ]
        marks.append(svg.path([ring], stroke=ACCENT, width=1.6, closed=False))
    marks += _dots(points, indicator, across, up, height)
    return svg.picture(width, height, marks)


def _dots(
    points: pd.DataFrame, indicator: Indicator, across: Scale, up: Scale, height: float
) -> list[str]:
    """Draw the values and the years."""
    texts = [
        indicator.in_year(int(y)).text(v, s).split("\u202f%")[0].split("\u202f€")[0]
        for y, v, s in zip(points["year"], points["value"], points["status"], strict=True)
    ]
    step = (across.end - across.start) / max(len(texts) - 1, 1)
    # Where two texts would touch, every other one goes under its point.
    apart = max(map(len, texts)) * _CHARACTER + 2 <= step
    marks = []
    told = zip(points["year"], points["value"], points["status"], strict=True)
    for rank, (year, value, status) in enumerate(told):
        x = across.at(float(year))
        above = apart or (len(points) - 1 - rank) % 2 == 0
        marks.append(
            svg.text(
                (x, height - 5),
                str(int(year))[-2:].rjust(2, "0"),
                anchor="middle",
                fill=SOFT,
            )
        )
        if status == "published":
            y = up.at(float(value))
            marks.append(svg.circle((x, y), 2.2, fill=ACCENT))
            place = (x, y - 6 if above else y + 12)
            marks.append(svg.text(place, texts[rank], anchor="middle", halo=True))
        elif status == "secret":
            marks.append(svg.circle((x, height - 22), 2.4, stroke=SOFT, width=1))
    return marks


def scatter(
    points: pd.DataFrame,
    code: str,
    axes: tuple[str, str],
    writers: Sequence[Callable[[float], str]],
    width: float = 250,
    height: float = 128,
) -> str:
    """Draw need (across) against effort (up) for all quarters, ``code`` larger.

    ``points`` is indexed by code with ``need`` and ``effort``; ``axes`` names them and ``writers``
    write their values. Effort starts at zero.
    """
    left, foot = 40.0, height - 24
    most = float(points["effort"].max())
    across = Scale(float(points["need"].min()), float(points["need"].max()), left + 12, width - 14)
    up = Scale(0, most or 1, foot, 20)
    marks = [
        svg.line((left, foot), (width - 4, foot)),
        svg.line((left, 14), (left, foot)),
        svg.text((2, 8), axes[1], fill=INK),
        svg.text((width - 4, height - 3), axes[0], anchor="end"),
        svg.text((left - 4, foot + 2), writers[1](0), anchor="end", fill=SOFT),
        svg.text((left - 4, 23), writers[1](most), anchor="end", fill=SOFT),
        svg.text((across.start, foot + 11), writers[0](across.low), anchor="middle", fill=SOFT),
        svg.text((across.end, foot + 11), writers[0](across.high), anchor="end", fill=SOFT),
    ]
    places = {key: (across.at(row["need"]), up.at(row["effort"])) for key, row in points.iterrows()}
    marks += [svg.circle(place, 2.8, fill=QUIET) for place in places.values()]
    if code in places:
        marks.append(svg.circle(places[code], 5, fill=ACCENT))
    return svg.picture(width, height, marks)
