"""Every figure of every quarter, one row each: what the screens show, to take away."""

from collections.abc import Callable, Collection, Mapping

import pandas as pd

from analysis.indicators import Indicator, Vintage, narrowed, quarter_figures, series_vintages

COLUMNS = (
    *("quarter", "indicator", "data_year", "file_year", "value", "status", "unit", "perimeter"),
    "source",
)


def listing(
    indicators: Mapping[str, Indicator],
    figures: pd.DataFrame,
    crosswalk: pd.DataFrame,
    source: Callable[[Indicator, Vintage], str],
    quarters: Collection[str] | None = None,
) -> pd.DataFrame:
    """Return the long table of COLUMNS, then ``text``, by quarter, indicator and vintage.

    Frames are FIGURES and CROSSWALK; ``source`` credits a vintage and ``quarters`` keeps those 2024
    codes. A year that is not proven is missing, and so is a value that is not published (``status``
    says why). An indicator of which nothing is installed has one row a quarter, "absent". ``text``
    is the figure as a screen writes it.
    """
    found = [
        (indicator, vintage, quarter_figures(indicator, own, crosswalk, vintage))
        for indicator, own in narrowed(indicators, figures)
        for vintage in _vintages(indicator, own)
    ]
    if not found:
        return pd.DataFrame(columns=[*COLUMNS, "text"])
    words = [_words(indicator, vintage, source) for indicator, vintage, _ in found]
    told = pd.DataFrame(words).astype({"data_year": "Int64", "file_year": "Int64"})
    cells = pd.concat([frame for _, _, frame in found]).rename_axis("quarter").reset_index()
    cells["text"] = [
        text
        for indicator, vintage, frame in found
        for text in _texts(indicator.in_year(vintage.data_year if vintage else None), frame)
    ]
    ranks = [rank for rank, (_, _, frame) in enumerate(found) for _ in range(len(frame))]
    whole = cells.join(told.iloc[ranks].reset_index(drop=True))[[*COLUMNS, "text"]]
    if quarters is not None:
        whole = whole[whole["quarter"].isin(list(quarters))]
    order = whole["quarter"].rank(method="dense")  # stable: the catalogue's order within a quarter
    return whole.loc[order.sort_values(kind="stable").index].reset_index(drop=True)


def _vintages(indicator: Indicator, figures: pd.DataFrame) -> list[Vintage | None]:
    return [*series_vintages(indicator, figures)] or [None]


def _words(
    indicator: Indicator,
    vintage: Vintage | None,
    source: Callable[[Indicator, Vintage], str],
) -> dict[str, str | int | None]:
    return {
        "indicator": indicator.code,
        "data_year": vintage.data_year if vintage else None,
        "file_year": vintage.file_year if vintage else None,
        "unit": indicator.unit,
        "perimeter": _perimeter(vintage),
        "source": source(indicator, vintage) if vintage else "",
    }


def _texts(written: Indicator, frame: pd.DataFrame) -> list[str]:
    cells = zip(frame["value"], frame["status"], strict=True)
    return [written.text(value, status) for value, status in cells]


def _perimeter(vintage: Vintage | None) -> str:
    if vintage is None or vintage.generation is None:
        return ""
    return f"quartiers prioritaires, génération {vintage.generation}"
