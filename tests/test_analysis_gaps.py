"""A quarter against larger areas, over time, and beside its like: the engine's own answers."""

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import evolution
from analysis.gaps import TOGETHER, compare, gap_words
from analysis.indicators import Vintage
from analysis.likeness import left_out, nearest, ranks
from analysis.profile import Reading
from analysis.refusals import Refusal
from analysis.sources import Source
from store.comparisons import (
    areas_around,
    changes,
    comparison,
    proven,
    usual_span,
    usual_vintage,
    vintages_of,
)
from tests.samples import atlas

LE_CENTRE, LIEBAUT, MASKED, BEYOND = "QN06211M", "QN06208M", "QN06210M", "QN06216M"
ATLAS = atlas()
CODES = list(ATLAS.indicators)
QUARTERS = list(ATLAS.quarter_labels)


def rows_of(indicator, code, year=None):
    found = {one.data_year: one for one in vintages_of(ATLAS, indicator)}
    return comparison(ATLAS, indicator, code, found[year] if year else None)


def test_medians_of_2019_come_out_exactly():
    found = rows_of("median_income", LE_CENTRE)
    assert found.reading.vintage.data_year == 2019
    table = found.rows.set_index("level")
    assert table.loc["epci", "value"] == 19_400
    assert table.loc["department", "value"] == 19_560
    assert table.loc["region", "value"] == 20_360
    assert table.loc["country", "value"] == 21_930
    assert table.loc["epci", "gap"] == 13_630 / 19_400
    assert table.loc[TOGETHER, "refusal"] is Refusal.MEDIAN


@pytest.mark.parametrize(
    ("code", "year", "value"),
    [
        *((LIEBAUT, year, value) for year, value in [(2013, 44.5), (2018, 49.3), (2021, 48)]),
        *((LE_CENTRE, year, value) for year, value in [(2013, 41.1), (2018, 46.7), (2021, 44)]),
    ],
)
def test_published_poverty_comes_out_exactly(code, year, value):
    assert rows_of("poverty_rate", code, year).reading.quarters.loc[code, "value"] == value


def test_a_quarter_on_two_communes_is_beside_both():
    areas = areas_around(ATLAS, LE_CENTRE)
    assert [area.code for area in areas if area.level == "commune"] == ["62178", "62400"]
    found = rows_of("median_income", LE_CENTRE)
    communes = found.rows[found.rows["level"] == "commune"]
    assert communes["value"].tolist() == [16_350, 17_730]


def test_a_commune_outside_the_agglomeration_has_no_invented_figure():
    found = rows_of("median_income", BEYOND)
    row = found.rows[found.rows["label"] == "Hulluch"].iloc[0]
    assert (row["status"], row["refusal"]) == ("absent", Refusal.ABSENT)


def test_the_former_extent_of_the_agglomeration_is_not_compared():
    table = rows_of("median_income", LE_CENTRE, 2015).rows.set_index("level")
    assert table.loc["epci", "refusal"] is Refusal.NOT_COMPARABLE
    assert table.loc["country", "refusal"] is None


@pytest.mark.parametrize("indicator", CODES)
def test_every_row_has_a_gap_or_its_reason_and_never_both(indicator):
    for vintage in vintages_of(ATLAS, indicator)[-3:]:
        for code in (LE_CENTRE, MASKED):
            found = comparison(ATLAS, indicator, code, vintage)
            for _, row in found.rows.iterrows():
                assert pd.isna(row["gap"]) == (row["refusal"] is not None)
                assert pd.isna(row["value"]) == (row["status"] != "published")
                assert found.gap_text(row)
            assert found.reading.vintage == vintage
            if vintage.data_year is None:
                assert not (found.reading.areas["status"] == "published").any()


@pytest.mark.parametrize("indicator", CODES)
def test_the_quarters_together_are_a_sum_of_all_or_a_refusal(indicator):
    one = ATLAS.indicators[indicator]
    for vintage in vintages_of(ATLAS, indicator)[-3:]:
        found = comparison(ATLAS, indicator, None, vintage)
        row = found.rows[found.rows["level"] == TOGETHER].iloc[0]
        quarters = found.reading.quarters
        if row["refusal"] is None:
            assert (quarters["status"] == "published").all()
            assert one.operation != "none"
            if one.operation == "sum":
                assert row["value"] == quarters["value"].sum()
        else:
            assert one.operation == "none" or (quarters["status"] != "published").any()


def test_a_masked_member_withholds_the_total_of_the_quarters():
    figures = ATLAS.figures.copy()
    latest = vintages_of(ATLAS, "population")[-1]
    one = (
        (figures["variable"] == "POP_MUN")
        & (figures["file_year"] == latest.file_year)
        & (figures["area_code"] == "QP062006")
    )
    figures.loc[one, "value"] = float("nan")
    figures.loc[one, "status"] = "secret"
    indicator = ATLAS.indicators["population"]
    found = compare(indicator, figures, ATLAS.crosswalk, [], latest, LE_CENTRE)
    assert found.rows["refusal"].tolist() == [Refusal.SECRET]
    assert found.value_text(found.rows.iloc[0]) == "non calculé"


def counted_share():
    """A share whose two counts are published: job seekers under 25 among all."""
    source = Source("insee", ATLAS.dataset("insee").key, "ABC_25/ABC", table="IPRO")
    return replace(
        ATLAS.indicators["employment_rate"],
        sources=(source,),
        operation="weighted_mean",
        comparators=(),
    )


def test_a_share_of_published_counts_is_pooled_and_carries_its_interval():
    indicator = counted_share()
    vintage = vintages_of(ATLAS, "job_seekers")[-1]
    found = compare(indicator, ATLAS.figures, ATLAS.crosswalk, [], vintage, LE_CENTRE)
    rows = ATLAS.figures[ATLAS.figures["file_year"] == vintage.file_year]
    counts = {
        name: rows[(rows["variable"] == name) & (rows["table"] == "IPRO")]["value"].sum()
        for name in ("ABC_25", "ABC")
    }
    whole = found.rows.iloc[0]
    assert whole["value"] == pytest.approx(100 * counts["ABC_25"] / counts["ABC"])
    own = found.reading.quarters
    assert (own["low"] < own["value"]).all()
    assert (own["value"] < own["high"]).all()
    for code in QUARTERS:
        one = compare(indicator, ATLAS.figures, ATLAS.crosswalk, [], vintage, code)
        inside = own.loc[code, "low"] <= whole["value"] <= own.loc[code, "high"]
        assert one.rows["significant"].iloc[0] == (not inside)
        assert (one.gap_text(one.rows.iloc[0]) == "écart non significatif") == inside


def test_a_share_without_published_counts_has_no_interval():
    found = rows_of("poverty_rate", LE_CENTRE)
    assert found.reading.quarters[["low", "high"]].isna().all(axis=None)
    assert found.interval_text(LE_CENTRE) == ""


@pytest.mark.parametrize(
    ("indicator", "gap", "other", "words"),
    [
        ("median_income", 0.7, 20_000, "−6\u202f000\u202f€ (30,0\u202f% de moins)"),
        ("mean_rent", 1.1, 5.0, "+0,50\u202f€/m² (10,0\u202f% de plus)"),
        ("poverty_rate", 1.96, 20, "+2,0\u202fpoints"),
        ("poverty_rate", -1.5, 20, "−1,5\u202fpoint"),
        ("gini", 0.05, 0.2, "+0,05"),
        ("population", 12.34, 900, "12,3\u202f% de l'ensemble"),
    ],
)
def test_gaps_in_words(indicator, gap, other, words):
    assert gap_words(ATLAS.indicators[indicator], gap, other) == words


def test_the_usual_vintage_is_the_latest_with_an_area_beside():
    shown = {code: usual_vintage(ATLAS, code, LE_CENTRE) for code in CODES}
    years = {code: vintage.data_year for code, vintage in shown.items() if vintage}
    assert years["median_income"] == 2019
    assert years["social_dwellings"] == 2022


def test_the_longest_lawful_period_stops_at_the_break():
    first, last = span("poverty_rate")
    assert (first.data_year, last.data_year) == (2012, 2015)
    reasons = {(a, b): why for a, b, why in evolution.steps(*series("poverty_rate"))}
    assert reasons[2015, 2016] is reasons[2017, 2018] is reasons[2019, 2020] is Refusal.BREAK
    assert reasons[2016, 2017] is reasons[2020, 2021] is Refusal.CONSECUTIVE


def span(code):
    found = usual_span(ATLAS, code)
    assert found
    return found


def series(code):
    return ATLAS.indicators[code], proven(ATLAS, code)


def test_a_change_is_the_difference_of_the_two_published_figures():
    table = changes(ATLAS, "poverty_rate", span("poverty_rate"))
    assert table.loc[LE_CENTRE, "change"] == pytest.approx(42.5 - 41.2)
    assert table["refusal"].isna().all()
    words = evolution.change_text(ATLAS.indicators["poverty_rate"], table.loc[LE_CENTRE])
    assert words == "+1,3\u202fpoint"


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["poverty_rate", "median_income", "population", "gini"]), st.data())
def test_no_pair_of_real_years_gives_an_unlawful_change(code, data):
    found = proven(ATLAS, code)
    before, now = (data.draw(st.sampled_from(found)) for _ in range(2))
    table = changes(ATLAS, code, (before, now))
    years = sorted((before.data_year, now.data_year))
    indicator = ATLAS.indicators[code]
    broken = any(years[0] < year <= years[1] for year in indicator.breaks)
    near = years[1] - years[0] < indicator.least_years
    assert table["change"].isna().equals(table["refusal"].notna())
    if broken or near:
        assert table["change"].isna().all()
    else:
        known = (table["before_status"] == "published") & (table["now_status"] == "published")
        assert table["change"].notna().equals(known)


def test_few_people_more_or_fewer_are_not_significant():
    indicator = ATLAS.indicators["population"]
    table = changes(ATLAS, "population", span("population"))
    row = table.loc["QN06206M"]
    assert (row["before"], row["now"], row["significant"]) == (994, 919, False)
    assert evolution.change_text(indicator, row).endswith("(non significatif)")
    assert table["significant"].eq(True).any()


def reading(code, values):
    quarters = pd.DataFrame({"value": pd.Series(values, dtype="float64")})
    quarters["status"] = quarters["value"].notna().map({True: "published", False: "secret"})
    indicator = replace(ATLAS.indicators["poverty_rate"], code=code)
    return Reading(indicator, Vintage("x", 2020, None, 2015), False, quarters, pd.DataFrame())


def test_likeness_is_the_mean_difference_of_ranks():
    first = reading("a", {"Q1": 10, "Q2": 20, "Q3": 30, "Q4": 40})
    second = reading("b", {"Q1": 5, "Q2": 8, "Q3": 7, "Q4": 6})
    found = nearest([first, second], "Q1")
    assert found["distance"].to_dict() == {"Q2": 2.0, "Q4": 2.0, "Q3": 2.0}
    assert dict(found.loc["Q2"]) == {"distance": 2.0, "a": 1.0, "b": 3.0}
    assert list(ranks([first])["a"]) == [1, 2, 3, 4]


def test_likeness_leaves_out_a_quarter_without_a_figure_and_says_so():
    first = reading("a", {"Q1": 10, "Q2": None, "Q3": 30})
    assert list(nearest([first], "Q1").index) == ["Q3"]
    assert left_out([first], "Q1") == ["Q2"]
    assert nearest([first], "Q2").empty


@settings(max_examples=40)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=8), st.data())
def test_likeness_is_symmetrical_and_zero_for_the_same_places(values, data):
    codes = [f"Q{k}" for k in range(len(values))]
    one = reading("a", dict(zip(codes, values, strict=True)))
    a, b = data.draw(st.permutations(codes))[:2]
    gap = nearest([one], a).loc[b, "distance"]
    assert gap == nearest([one], b).loc[a, "distance"]
    assert (gap == 0) == (values[codes.index(a)] == values[codes.index(b)])
