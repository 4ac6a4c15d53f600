"""A quarter's figure beside larger areas, only where the two were measured the same year."""

from collections.abc import Sequence

import pandas as pd

from analysis.indicators import Indicator, Vintage, quarter_figures, vintages
from analysis.sources import select
from geo.territory import Comparator


def comparable_vintage(
    indicator: Indicator, figures: pd.DataFrame, comparators: Sequence[Comparator]
) -> Vintage | None:
    """Return the latest vintage of the quarters for which a comparator is published, if any."""
    years = _published_years(indicator, figures, comparators)
    if not years:
        return None
    common = [vintage for vintage in vintages(indicator, figures) if vintage.data_year in years]
    return common[-1] if common else None


def beside(
    indicator: Indicator,
    figures: pd.DataFrame,
    crosswalk: pd.DataFrame,
    comparators: Sequence[Comparator],
    code: str,
) -> pd.DataFrame:
    """Put a quarter's figure beside the comparators' figures of the same year.

    One row an area, the quarter first: ``label, value, status, data_year``. The year is the latest
    common to both; without one, the quarter's latest figure stands alone and the comparators are
    "absent". An area whose published figure bears a former code (another extent) is
    "not_comparable".
    """
    common = comparable_vintage(indicator, figures, comparators)
    found = vintages(indicator, figures)
    vintage = common or (found[-1] if found else None)
    own = quarter_figures(indicator, figures, crosswalk, vintage).loc[code]
    year = vintage.data_year if vintage else None
    frame = areas_of_year(indicator, figures, comparators, year if common else None)
    frame.loc[-1] = pd.Series({"level": "quarter", "label": "Quartier", **own[["value", "status"]]})
    frame = frame.sort_index(ignore_index=True)
    frame["data_year"] = pd.array([year] * len(frame), dtype="Int64")
    return frame


def areas_of_year(
    indicator: Indicator,
    figures: pd.DataFrame,
    comparators: Sequence[Comparator],
    year: int | None,
) -> pd.DataFrame:
    """Return the comparators' figures of one year: ``level, label, value, status``, one row each.

    Without a year, or where nothing is published for it, an area is "absent"; where only a former
    extent of it is published, "not_comparable".
    """
    published = _comparator_rows(indicator, figures)
    rows = [_area(published, area, year) for area in comparators]
    frame = pd.DataFrame(rows, columns=["level", "label", "value", "status"])
    return frame.astype({"value": "float64"})


def area_datasets(indicator: Indicator, figures: pd.DataFrame, year: int | None) -> list[str]:
    """Return the data sets from which the larger areas' figures of a data year are read.

    The same figure in two data sets is read in the first one named.
    """
    rows = _comparator_rows(indicator, figures)
    rows = rows[rows["data_year"].eq(year).fillna(False)] if year else rows.iloc[:0]
    return list(rows.drop_duplicates(["area_level", "area_code"])["dataset"].unique())


def _published_years(
    indicator: Indicator, figures: pd.DataFrame, comparators: Sequence[Comparator]
) -> set[int]:
    rows = _comparator_rows(indicator, figures)
    # By level and code: region 32 is not department 32.
    areas = pd.MultiIndex.from_frame(rows[["area_level", "area_code"]])
    asked = areas.isin([(area.level, area.code) for area in comparators])
    rows = rows[asked & (rows["status"] == "published")]
    return {int(year) for year in rows["data_year"].dropna()}


def _comparator_rows(indicator: Indicator, figures: pd.DataFrame) -> pd.DataFrame:
    found = [select(figures, source) for source in indicator.comparators]
    rows = pd.concat(found) if found else figures.iloc[:0]
    return rows[rows["area_level"] != "quarter"]


def _area(rows: pd.DataFrame, area: Comparator, year: int | None) -> dict[str, object]:
    words: dict[str, object] = {"level": area.level, "label": area.label}
    if year is None:
        return {**words, "value": None, "status": "absent"}
    rows = rows[(rows["area_level"] == area.level) & (rows["data_year"] == year).fillna(False)]
    exact = rows[rows["area_code"] == area.code]
    if len(exact):
        return {**words, "value": exact["value"].iloc[0], "status": exact["status"].iloc[0]}
    former = rows["area_code"].isin(area.former_codes).any()
    return {**words, "value": None, "status": "not_comparable" if former else "absent"}
