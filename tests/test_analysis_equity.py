"""Need against effort: shares, groups, conservation, and sentences that say what figures say."""

import re

import numpy as np
import pandas as pd
import pytest

from analysis import findings, wording
from analysis.equity import UNDECIDED, compare, poor_residents
from analysis.indicators import Vintage
from analysis.inequality import gini, theil
from analysis.need import DEFAULT, Measured, composite
from analysis.selection import Selection
from geo.errors import AtlasError
from store.equity import Choice, equity
from store.tables import quarter_table
from tests.samples import atlas

CODES = ["A", "B", "C", "D"]
INDICATORS = atlas().indicators
COUNTED = Vintage("x", 2018, None, 2015)
POVERTY = Vintage("y", 2021, None, 2015)
CHOICES = [
    Choice(),
    Choice(basis="poor"),
    Choice((("first_decile", 2.0), ("employment_rate", 1.0)), "rank"),
    Choice((("vacancy_rate", 1.0),)),
]


def need_of(values, codes=CODES):
    statuses = ["secret" if np.isnan(value) else "published" for value in values]
    index = pd.Index(codes, name="qpv_code")
    figures = pd.DataFrame({"value": values, "status": statuses}, index=index)
    one = Measured(INDICATORS[DEFAULT], POVERTY, figures)
    return composite({DEFAULT: one}, {DEFAULT: 1})


def effort_of(cents, people, poor=None):
    return pd.DataFrame(
        {
            "granted_cents": pd.array(cents, dtype="Int64"),
            "population": np.array(people, dtype="float64"),
            "poor": np.array(poor or [np.nan] * len(cents), dtype="float64"),
        },
        index=pd.Index(CODES, name="qpv_code"),
    )


def compared(cents, people, needs, **options):
    return compare(effort_of(cents, people), need_of(needs), INDICATORS, **options)


def test_quarters_above_the_median_need_against_the_others():
    found = compared([100_00, 300_00, 50_00, 150_00], [10, 10, 10, 20], [40.0, 50, 30, 20])
    assert list(found.table.index) == ["B", "A", "C", "D"]
    assert found.high == ("B", "A")
    assert found.low == ("C", "D")
    assert found.per_person(found.high) == 400_00 / 20
    assert found.per_person(found.low) == 200_00 / 30
    assert found.disparity
    assert found.disparity.estimate == pytest.approx(20_00 - 20000 / 30)
    assert found.table.loc["B", "share_cents"] == 50
    assert found.table.loc["B", "gap"] == pytest.approx(50 - 20)


def test_equal_needs_stand_on_the_same_side():
    found = compared([1, 2, 3, 4], [1, 1, 1, 1], [40.0, 40, 40, 30])
    assert found.high == ()
    assert found.disparity is None
    assert "rien ne les départage" in findings.summary(2025, found)[0]


def test_quarters_that_cannot_be_compared_are_named_with_the_reason():
    found = compare(
        effort_of([1_00, None, 3_00, 4_00], [10, 10, 10, np.nan]),
        need_of([np.nan, 40, 30, 20]),
        INDICATORS,
    )
    assert found.left_out.to_dict() == {
        "A": "taux de pauvreté : secret",
        "B": UNDECIDED,
        "D": "population inconnue",
    }
    assert list(found.table.index) == ["C"]
    assert "Trois quartiers ne sont pas comparés" in findings.left_out(found.left_out)


def test_poor_residents_need_both_figures_on_the_same_perimeters():
    people = pd.Series({"A": 1000, "B": 500, "C": 200})
    rates = pd.DataFrame(
        {"value": [40.0, np.nan, 10.0], "status": ["published", "secret", "published"]},
        index=["A", "B", "C"],
    )
    found = poor_residents(people, COUNTED, rates, POVERTY)
    assert found["A"] == 400
    assert found["C"] == 20
    assert np.isnan(found["B"])
    elsewhere = Vintage("z", 2021, None, 2024)
    assert poor_residents(people, elsewhere, rates, POVERTY).isna().all()
    assert poor_residents(people, None, rates, POVERTY).isna().all()


def test_nothing_granted_is_said_and_nothing_is_computed():
    found = compared([0, 0, 0, 0], [1, 1, 1, 1], [4.0, 3, 2, 1])
    assert (found.curve, found.concentration, found.disparity) == (None, None, None)
    assert found.unevenness is None
    assert "aucun crédit accordé ne peut être comparé" in findings.summary(2025, found)[0]


@pytest.mark.parametrize("choice", CHOICES, ids=["poverty", "poor", "composite", "vacancy"])
@pytest.mark.parametrize("year", [2023, 2024, 2025])
def test_every_quarter_is_compared_or_left_out_and_its_euros_are_the_engine_s(choice, year):
    selection = Selection("demo", year)
    found = equity(atlas(), selection, choice)
    engine = quarter_table(atlas(), selection)
    assert set(found.table.index) | set(found.left_out.index) == set(engine.index)
    assert not set(found.table.index) & set(found.left_out.index)
    assert len(engine) == 16
    own = engine.loc[found.table.index]
    assert found.table["granted_cents"].equals(own["granted_cents"])
    each = found.table["per_inhabitant"].to_numpy()
    assert each == pytest.approx(own["granted_per_inhabitant"].to_numpy())
    for part in ("population", "cents"):
        assert found.table[f"share_{part}"].sum() == pytest.approx(100)
    assert found.table["gap"].sum() == pytest.approx(0)
    assert (*found.high, *found.low) == tuple(found.table.index)
    spread = engine[engine[["population", "granted_cents"]].notna().all(axis=1)]
    if choice.basis == "population":
        assert found.unevenness
        money = spread["granted_cents"].to_numpy(dtype="float64")
        people = spread["population"].to_numpy(dtype="float64")
        assert found.unevenness.gini == pytest.approx(gini(money, people))
        assert found.unevenness.theil == pytest.approx(theil(money, people))


@pytest.mark.parametrize("choice", CHOICES, ids=["poverty", "poor", "composite", "vacancy"])
@pytest.mark.parametrize("year", [2023, 2025])
def test_the_two_sentences_agree_with_the_figures(choice, year):
    found = equity(atlas(), Selection("demo", year), choice)
    first, second = findings.summary(year, found)
    high, low = (round(found.per_person(codes) / 100) for codes in (found.high, found.low))
    assert first.startswith(f"En {year}, ")
    money = [int(one.replace("−", "-").replace("\u202f", "")) for one in re.findall(
        r"([+−]?\d[\d\u202f]*)\u202f€", first)]  # fmt: skip
    interval = found.disparity
    assert interval
    assert money[:3] == [high, low, high - low]
    assert money[3:] == [
        round(interval.low / 100),
        round(interval.high / 100),
    ]
    established = not interval.low <= 0 <= interval.high
    assert (findings.NOT_ESTABLISHED in first) is not established
    cents = found.table.loc[list(found.high), "share_cents"].sum()
    assert f"{wording.percent(cents, 0)} des crédits" in second
    people = found.table.loc[list(found.high), "share_population"].sum()
    assert f"{wording.percent(people, 0)} des habitants" in second
    assert (len(found.left_out) > 0) == ("compar" in second.partition(";")[2])


def test_an_established_difference_is_said_so():
    found = compared([900_00, 910_00, 10_00, 11_00], [10, 10, 10, 10], [50.0, 40, 30, 20])
    first, _ = findings.summary(2025, found)
    assert first.endswith(f", {findings.ESTABLISHED}.")


def test_an_unknown_basis_is_refused():
    with pytest.raises(AtlasError, match="Base « ailleurs » inconnue"):
        equity(atlas(), Selection("demo", 2025), Choice(basis="ailleurs"))


def test_concentration_says_which_side_gets_more():
    more = compared([9_00, 1_00, 1_00, 1_00], [1, 1, 1, 1], [50.0, 40, 30, 20])
    less = compared([1_00, 1_00, 1_00, 9_00], [1, 1, 1, 1], [50.0, 40, 30, 20])
    even = compared([1_00, 1_00, 1_00, 1_00], [1, 1, 1, 1], [50.0, 40, 30, 20])
    assert "le plus fort plus que leur part" in findings.concentration(more)
    assert "le plus faible plus que leur part" in findings.concentration(less)
    assert "suivent la part des habitants" in findings.concentration(even)
