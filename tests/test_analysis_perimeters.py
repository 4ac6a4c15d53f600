"""Across the change of perimeters: what is carried, what is refused, and how it is said."""

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.indicators import Vintage, latest, quarter_figures, series_vintages, vintages
from analysis.perimeters import RELATION_WORDS, became, dropped, estimate, measured_on
from analysis.profile import history
from analysis.sources import Source
from geo.crosswalk import RELATIONS
from geo.errors import ArithmeticRefused
from tests.samples import atlas

COLUMNS = ["qpv_code_2015", "qpv_code", "area_m2", "share_of_old", "share_of_new"]
# QP1 is cut in two, a quarter of it left out; QP2 is as it was; QN4 is new.
SHARED = pd.DataFrame(
    [
        ("QP1", "QN1", 50.0, 0.5, 1.0),
        ("QP1", "QN2", 25.0, 0.25, 0.5),
        ("QP1", None, 25.0, 0.25, None),
        ("QP2", "QN3", 80.0, 1.0, 1.0),
        (None, "QN2", 25.0, None, 0.5),
        (None, "QN4", 60.0, None, 1.0),
    ],
    columns=COLUMNS,
).astype({"qpv_code_2015": "str", "qpv_code": "str"})


def indicator(code):
    return atlas().indicators[code]


# Estimates.


def test_a_count_is_shared_by_areas_and_labelled():
    found = estimate(indicator("population"), pd.Series({"QP1": 1000, "QP2": 300}), SHARED)
    assert found["value"].iloc[:3].to_dict() == {"QN1": 500, "QN2": 250, "QN3": 300}
    assert pd.isna(found["value"]["QN4"]), "nobody was measured there: missing, not zero"
    assert found["covered"].to_dict() == {"QN1": 1, "QN2": 0.5, "QN3": 1, "QN4": 0}
    assert found["estimated"].to_dict() == {"QN1": True, "QN2": True, "QN3": False, "QN4": True}


def test_a_missing_count_makes_the_estimate_missing():
    merged = SHARED.replace({"QN3": "QN1"})
    found = estimate(indicator("population"), pd.Series({"QP1": 1000.0}), merged)
    assert pd.isna(found["value"]["QN1"])
    assert found["value"]["QN2"] == 250


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_nobody_is_counted_twice(first, second):
    people = pd.Series({"QP1": first, "QP2": second})
    found = estimate(indicator("population"), people, SHARED)
    assert found["value"].sum() == pytest.approx(0.75 * first + second)


@pytest.mark.parametrize(
    "code", [code for code, one in atlas().indicators.items() if one.kind != "count"]
)
def test_medians_shares_and_indices_are_refused(code):
    with pytest.raises(ArithmeticRefused) as caught:
        estimate(indicator(code), pd.Series({"QP1": 1.0}), SHARED)
    assert str(caught.value) == (
        f"« {indicator(code).label} » ne se transpose pas d'un périmètre à l'autre : seul un "
        "effectif se partage au prorata des surfaces. Montrez le chiffre sur le périmètre où il a "
        "été mesuré."
    )


# Words.


def test_every_relation_has_its_french_words():
    assert set(RELATION_WORDS) == set(RELATIONS)


def test_what_became_of_a_quarter_in_words():
    relations = pd.DataFrame(
        [
            ("QP1", "QN1", "merged"),
            ("QP2", "QN1", "merged"),
            (None, "QN2", "new"),
            ("QP3", None, "dropped"),
        ],
        columns=["qpv_code_2015", "qpv_code", "relation"],
    ).astype("str")
    assert became(relations, "QN1") == "quartier issu d'un regroupement (2015 : QP1 et QP2)"
    assert became(relations, "QN2") == "nouveau quartier"
    assert became(relations, "QN9") == ""
    assert dropped(relations) == ["QP3"]


def test_the_perimeter_of_a_figure_is_always_said():
    made = Vintage("x", 2021, None, 2015)
    assert measured_on(made, 2024) == (
        "mesuré sur le périmètre 2015, montré sur le quartier de 2024"
    )
    assert measured_on(replace(made, generation=2024), 2024) == "mesuré sur le périmètre 2024"
    assert measured_on(made, 2015) == "mesuré sur le périmètre 2015"
    assert measured_on(None, 2024) == measured_on(replace(made, generation=None), 2024) == ""


# A series over two generations; the figures of 2024 perimeters are made up for the test.

POVERTY = replace(
    indicator("poverty_rate"),
    sources=(Source("essai", "essai_2024", "TP60"), *indicator("poverty_rate").sources),
)


def both_generations(*years):
    codes = list(atlas().quarters["qpv_code"])
    rows = pd.DataFrame(
        [(code, year, 30.0 + year - 2020) for code in codes for year in years],
        columns=["area_code", "data_year", "value"],
    ).assign(
        area_level="quarter",
        table="",
        variable="TP60",
        file_year=None,
        status="published",
        generation=2024,
        dataset="essai_2024",
    )
    figures = atlas().figures
    return pd.concat([figures, rows[list(figures.columns)].astype(figures.dtypes)])


def test_a_series_breaks_where_the_perimeter_changes_and_says_so():
    every = history(POVERTY, both_generations(2022, 2023), atlas().crosswalk)
    rows = every[every["qpv_code"] == "QN06208M"].set_index("year")
    assert list(rows.index) == list(range(2012, 2024))
    assert rows["generation"].to_dict() == {
        **dict.fromkeys(range(2012, 2022), 2015),
        2022: 2024,
        2023: 2024,
    }
    assert rows["segment"][2021] + 1 == rows["segment"][2022] == rows["segment"][2023]
    assert rows["break_reason"][2022] == "changement de périmètre : 2015, puis 2024"
    assert rows["break_reason"][[2020, 2021, 2023]].tolist() == ["rupture", "", ""]
    assert (rows["value"][2021], rows["value"][2022]) == (48.0, 32.0)


def test_no_segment_holds_two_generations():
    every = history(POVERTY, both_generations(2016, 2020, 2023), atlas().crosswalk)
    parts = every.groupby(["qpv_code", "segment"])["generation"].nunique()
    assert (parts == 1).all()
    assert set(every["generation"]) == {2015, 2024}


def test_the_latest_figure_is_that_of_the_new_perimeter():
    figures = both_generations(2022)
    vintage, frame = latest(POVERTY, figures, atlas().crosswalk)
    assert vintage
    assert (vintage.generation, vintage.data_year) == (2024, 2022)
    assert set(frame["value"]) == {32.0}
    assert len(vintages(POVERTY, figures)) == 1
    assert [one.generation for one in series_vintages(POVERTY, figures)] == [2015] * 10 + [2024]


def test_a_second_source_of_the_same_perimeter_never_mixes_into_a_series():
    twice = replace(
        indicator("poverty_rate"),
        sources=(*indicator("poverty_rate").sources, Source("x", "x", "y")),
    )
    own = atlas().figures
    other = own[own["variable"] == "revenu_median"].assign(dataset="x", variable="y")
    figures = pd.concat([own, other])
    assert series_vintages(twice, figures) == series_vintages(indicator("poverty_rate"), own)


def test_a_split_or_merged_quarter_has_no_figure_of_its_own():
    crosswalk = atlas().crosswalk
    merged = pd.concat(
        [crosswalk, pd.DataFrame([("QN06208M", "QP069999", "MODIFIE")], columns=crosswalk.columns)]
    )
    vintage = vintages(indicator("poverty_rate"), atlas().figures)[-1]
    found = quarter_figures(indicator("poverty_rate"), atlas().figures, merged, vintage)
    assert len(found) == 16
    assert found["status"]["QN06208M"] == "not_comparable"
    assert pd.isna(found["value"]["QN06208M"])
    assert found["status"]["QN06211M"] == "published"
