"""A quarter's figure beside larger areas, only where the two were measured the same year."""

from collections.abc import Mapping, Sequence
from math import nan

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
    cells: dict[tuple[str, str], tuple[float, str]] = {}
    if year and len(published):
        of_year = published[published["data_year"].eq(year).fillna(False)]
        names = ("area_level", "area_code", "value", "status")
        for level, code, *cell in zip(*(of_year[name] for name in names), strict=True):
            cells.setdefault((level, code), (cell[0], cell[1]))  # in the first data set named
    found = [_area(cells, area) for area in comparators]
    return pd.DataFrame(
        {
            "level": [area.level for area in comparators],
            "label": [area.label for area in comparators],
            "value": pd.array([value for value, _ in found], dtype="float64"),
            "status": pd.array([status for _, status in found], dtype="str"),
        }
    )


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
    if rows.empty:
        return set()
    rows = rows[(rows["status"] == "published") & rows["data_year"].notna()]
    # By level and code: region 32 is not department 32.
    asked = {(area.level, area.code) for area in comparators}
    found = zip(rows["area_level"], rows["area_code"], rows["data_year"], strict=True)
    return {int(year) for level, code, year in found if (level, code) in asked}


def _comparator_rows(indicator: Indicator, figures: pd.DataFrame) -> pd.DataFrame:
    found = [select(figures, source) for source in indicator.comparators]
    found = [rows[rows["area_level"] != "quarter"] for rows in found if len(rows)]
    if len(found) < 2:
        return found[0] if found else figures.iloc[:0]
    return pd.concat(found)


def _area(
    cells: Mapping[tuple[str, str], tuple[float, str]], area: Comparator
) -> tuple[float, str]:
    former = any((area.level, code) in cells for code in area.former_codes)
    unknown = (nan, "not_comparable" if former else "absent")
    return cells.get((area.level, area.code), unknown)
