"""Lawful arithmetic: what is computed is right, what is not is refused by name, always."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import arithmetic, intervals
from analysis.definitions import KINDS, OPERATIONS
from analysis.indicators import Vintage
from analysis.refusals import Outcome, Refusal
from geo.schema import FIGURE_STATUSES
from tests.samples import atlas

STATUSES = FIGURE_STATUSES
COUNT = atlas().indicators["population"]
SHARE = atlas().indicators["poverty_rate"]
MEDIAN = atlas().indicators["median_income"]


# A share whose sources are ratios of published counts.
AVERAGED = replace(SHARE, operation="weighted_mean")


def of_kind(kind, allowed=False):
    return replace(SHARE, kind=kind, operation=OPERATIONS[kind][0 if allowed else -1])


def frame(cells):
    values = [value if status == "published" else math.nan for value, status in cells]
    index = [f"Q{k}" for k in range(len(cells))]
    statuses = [status for _, status in cells]
    return pd.DataFrame({"value": values, "status": statuses}, index=index)


cells = st.lists(
    st.tuples(st.floats(0, 1e6, allow_nan=False), st.sampled_from(STATUSES)), min_size=1, max_size=8
)
open_cells = st.lists(st.tuples(st.integers(0, 10**6), st.just("published")), min_size=1)


def vintage(year, generation=2015):
    return Vintage("x", year, None, generation)


def test_every_refusal_has_its_own_sentence():
    sentences = [refusal.sentence for refusal in Refusal]
    assert len(set(sentences)) == len(sentences)
    assert all(sentence[0].islower() and sentence[-1] not in "." for sentence in sentences)


@pytest.mark.parametrize("given", [{}, {"value": 1.0, "refusal": Refusal.BREAK}])
def test_an_outcome_is_a_value_or_a_refusal(given):
    with pytest.raises(ValueError, match="value or a refusal"):
        Outcome(**given)


@settings(max_examples=50)
@given(cells, st.sampled_from(KINDS))
def test_a_sum_is_given_only_for_counts_all_published(rows, kind):
    figures = frame(rows)
    outcome = arithmetic.total(of_kind(kind, allowed=True), figures)
    if kind == "count" and (figures["status"] == "published").all():
        assert outcome.value == pytest.approx(math.fsum(figures["value"]))
    else:
        assert outcome.value is None
        assert outcome.refusal is not None


@settings(max_examples=30)
@given(open_cells)
def test_a_sum_is_conserved_and_does_not_depend_on_the_order(rows):
    figures = frame(rows)
    whole = arithmetic.total(COUNT, figures).value
    assert whole == sum(value for value, _ in rows)
    assert arithmetic.total(COUNT, figures[::-1]).value == whole


@settings(max_examples=40)
@given(cells)
def test_a_secret_figure_is_named_before_any_other_reason(rows):
    figures = frame([*rows, (0, "secret")])
    assert arithmetic.total(COUNT, figures).refusal is Refusal.SECRET
    assert arithmetic.pooled(figures, frame([(1, "published")] * len(figures))).refusal is (
        Refusal.SECRET
    )


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 500)), min_size=1))
def test_a_pooled_share_is_the_weighted_mean_of_the_shares(pairs):
    pairs = [(min(part, whole), whole) for part, whole in pairs]
    parts = frame([(part, "published") for part, _ in pairs])
    wholes = frame([(whole, "published") for _, whole in pairs])
    outcome = arithmetic.pooled(parts, wholes)
    shares = [100 * part / whole for part, whole in pairs]
    expected = np.average(shares, weights=[whole for _, whole in pairs])
    assert outcome.value == pytest.approx(expected)
    assert min(shares) - 1e-9 <= outcome.value <= max(shares) + 1e-9
    assert arithmetic.together(AVERAGED, parts, (parts, wholes)) == outcome


def test_numerators_and_denominators_of_other_quarters_are_a_mistake():
    with pytest.raises(ValueError, match="same quarters"):
        arithmetic.pooled(frame([(1, "published")]), frame([(1, "published")] * 2))


def test_a_share_of_nobody_is_refused():
    nobody = frame([(0, "published")])
    assert arithmetic.pooled(nobody, nobody).refusal is Refusal.NO_BASE


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "count"])
def test_without_numerator_and_denominator_no_mean_of_quarters(kind):
    whole = frame([(40, "published"), (50, "published")])
    outcome = arithmetic.together(of_kind(kind, allowed=True), whole)
    assert outcome == Outcome(refusal=Refusal[kind.upper()])


@pytest.mark.parametrize("kind", KINDS)
def test_an_operation_that_is_not_allowed_is_refused_even_with_parts(kind):
    parts = frame([(1, "published")])
    outcome = arithmetic.together(of_kind(kind), parts, (parts, parts))
    assert outcome.refusal is Refusal[kind.upper()]


@pytest.mark.parametrize(
    ("first", "last", "refusal"),
    [
        ((2012, 2015), (2013, 2015), Refusal.CONSECUTIVE),
        ((2015, 2015), (2016, 2015), Refusal.BREAK),
        ((2012, 2015), (2021, 2015), Refusal.BREAK),
        ((2012, 2015), (2014, 2024), Refusal.PERIMETER),
        ((None, 2015), (2014, 2015), Refusal.UNPROVEN_YEAR),
        ((2012, 2015), (None, 2015), Refusal.UNPROVEN_YEAR),
        ((2013, 2015), (2013, 2015), Refusal.SAME_YEAR),
    ],
)
def test_two_vintages_that_do_not_measure_a_change_say_why(first, last, refusal):
    outcome = arithmetic.change(
        SHARE, (vintage(*first), 40.0, "published"), (vintage(*last), 42.0, "published")
    )
    assert outcome == Outcome(refusal=refusal)


@settings(max_examples=50)
@given(
    st.integers(2010, 2024),
    st.integers(2010, 2024),
    st.sampled_from([2015, 2024]),
    st.sampled_from(STATUSES),
)
def test_a_change_is_never_given_across_a_break_a_year_or_a_perimeter(a, b, generation, status):
    value = 40.0 if status == "published" else None
    outcome = arithmetic.change(
        SHARE, (vintage(a), value, status), (vintage(b, generation), 43.0, "published")
    )
    broken = any(min(a, b) < year <= max(a, b) for year in SHARE.breaks)
    lawful = abs(a - b) > 1 and not broken and generation == 2015 and status == "published"
    assert (outcome.value is not None) == lawful
    if lawful:
        assert outcome.value == pytest.approx(3.0)


def test_censuses_that_share_years_of_survey_do_not_measure_a_change():
    near, far = (vintage(2013), 900.0, "published"), (vintage(2018), 950.0, "published")
    assert COUNT.least_years == 5
    assert arithmetic.change(COUNT, near, far).value == 50
    between = (vintage(2016), 950.0, "published")
    assert arithmetic.change(COUNT, near, between).refusal is Refusal.CONSECUTIVE


def test_a_lawful_change_is_in_points():
    now, before = (vintage(2015), 43.9, "published"), (vintage(2012), 41.0, "published")
    assert arithmetic.change(SHARE, before, now).value == pytest.approx(2.9)


def test_gaps_are_points_for_a_share_and_a_ratio_for_a_median():
    assert arithmetic.gap(SHARE, (44.0, "published"), Outcome(20.0)).value == 24
    assert arithmetic.gap(MEDIAN, (14_000.0, "published"), Outcome(20_000.0)).value == 0.7
    assert arithmetic.gap(COUNT, (900, "published"), Outcome(9000.0)).refusal is Refusal.SIZE
    assert arithmetic.gap(MEDIAN, (1.0, "published"), Outcome(0.0)).refusal is Refusal.NO_BASE


@settings(max_examples=30)
@given(st.sampled_from(KINDS), st.sampled_from(STATUSES[1:]), st.sampled_from(list(Refusal)))
def test_no_gap_with_a_figure_that_is_not_there(kind, status, refusal):
    assert arithmetic.gap(of_kind(kind), (None, status), Outcome(2.0)).refusal is not None
    assert arithmetic.gap(of_kind(kind), (2.0, "published"), Outcome(refusal=refusal)).refusal


@settings(max_examples=50)
@given(st.integers(0, 3000), st.integers(1, 3000))
def test_wilson_is_the_interval_of_an_independent_library(count, whole):
    from statsmodels.stats.proportion import proportion_confint

    count = min(count, whole)
    expected = proportion_confint(count, whole, alpha=0.05, method="wilson")
    found = intervals.wilson(count, whole)
    assert found == pytest.approx(expected, abs=1e-9)
    assert 0 <= found[0] <= count / whole <= found[1] <= 1


def test_wilson_agrees_with_a_published_example():
    # R. G. Newcombe, Statistics in Medicine 17 (1998), table I: 15/148 and 0/20, method 3.
    assert intervals.wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert intervals.wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


@pytest.mark.parametrize(("count", "whole"), [(0, 0), (5, 4), (-1, 4)])
def test_wilson_refuses_what_is_no_share(count, whole):
    with pytest.raises(ValueError, match="people"):
        intervals.wilson(count, whole)


def test_few_people_do_not_differ_and_many_do():
    assert not intervals.differs(intervals.wilson(6, 12), 0.4)
    assert intervals.differs(intervals.wilson(600, 1200), 0.4)
    assert not intervals.counts_differ(12, 17)
    assert intervals.counts_differ(120, 170)
