"""Sums and ratios of published counts: a figure only where every term is one."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.sources import Source, select, with_computed
from geo.published import contracted
from geo.schema import FIGURE_STATUSES

RATIO = Source("p", "d", "X/Y", "T")


def figures(**columns):
    """One quarter, one edition; each column is a value, or the status it has instead."""
    rows = [
        {
            "area_level": "quarter",
            "area_code": "QP062001",
            "table": table,
            "variable": name.rpartition("__")[2],
            "data_year": None,
            "file_year": 2021,
            "value": None if isinstance(cell, str) else float(cell),
            "status": cell if isinstance(cell, str) else "published",
            "generation": 2015,
            "dataset": "d",
        }
        for name, cell in columns.items()
        for table in [name.partition("__")[0] if "__" in name else "T"]
    ]
    years = dict.fromkeys(("data_year", "file_year", "generation"), "Int64")
    return contracted(pd.DataFrame(rows).astype(years))


def only(rows):
    assert len(rows) == 1
    value, status = rows[["value", "status"]].iloc[0]
    return (None if pd.isna(value) else value), status


def test_a_column_is_found_in_its_table_only():
    frame = figures(X=3, Z__X=4)
    assert only(select(frame, Source("p", "d", "X", "T"))) == (3, "published")
    assert only(select(frame, Source("p", "d", "Z.X", "T"))) == (4, "published")
    assert select(frame, Source("p", "autre", "X", "T")).empty


def test_sums_and_ratios_of_two_tables():
    frame = figures(X=3, Y=12, Z__Y=6)
    assert only(select(frame, Source("p", "d", "X+Y", "T"))) == (15, "published")
    assert only(select(frame, RATIO)) == (25, "published")
    assert only(select(frame, Source("p", "d", "X/Z.Y", "T"))) == (50, "published")
    assert only(select(frame, Source("p", "d", "X+Z.Y/Y", "T"))) == (75, "published")


def test_a_share_of_nobody_is_absent_and_a_term_missing_from_the_file_gives_nothing():
    assert only(select(figures(X=0, Y=0), RATIO)) == (None, "absent")
    assert select(figures(X=3), RATIO).empty
    assert select(figures(Y=3), RATIO).empty
    assert only(select(figures(X=0, Y=5), RATIO)) == (0, "published")


@given(st.sampled_from(FIGURE_STATUSES), st.sampled_from(FIGURE_STATUSES))
def test_a_masked_term_masks_the_ratio(over, under):
    def cell(status):
        return 10 if status == "published" else status

    value, status = only(select(figures(X=cell(over), Y=cell(under)), RATIO))
    if over == under == "published":
        assert (value, status) == (100, "published")
    else:
        assert value is None
        assert status in {over, under} - {"published"}
        assert status == "absent" or "absent" not in {over, under}


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [(None, None, 1), (2021, None, 1), (2022, None, 0), (None, 2020, 0), (2017, 2021, 1)],
)
def test_a_column_counts_in_the_years_it_bears_its_name(since, until, found):
    source = Source("p", "d", "X", "T", since, until)
    assert len(select(figures(X=3), source)) == found


def test_computed_figures_are_found_as_they_were_made():
    frame = figures(X=3, Y=12)
    whole = with_computed(frame, [RATIO, RATIO, Source("p", "d", "X", "T")])
    assert len(whole) == 3
    assert only(select(whole, RATIO)) == only(select(frame, RATIO))
    assert with_computed(frame, []) is frame


def test_the_weights_of_a_mean_are_the_denominator():
    assert RATIO.numerator == Source("p", "d", "X", "T")
    assert RATIO.denominator == Source("p", "d", "Y", "T")
    assert Source("p", "d", "X").denominator is None
