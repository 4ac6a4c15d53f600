"""Measures of unevenness against published worked examples and an independent library."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import trapezoid

from analysis.inequality import concentration, curve, disparity, gini, theil

# Worked example of the R package "ineq" (incomes of the USA in 1968, ten classes): Gini 0.4620911.
INCOMES = np.array([541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261], dtype="float64")
ONES = np.ones(10)
# World Bank, Analyzing Health Equity (2008), table 8.1: births and deaths before five a thousand
# births in India by wealth group, poorest first: concentration index -0.1694.
BIRTHS = np.array([29_939, 28_776, 26_528, 24_689, 19_739], dtype="float64")
DEATHS = BIRTHS * np.array([154.7, 152.9, 119.5, 86.9, 54.3]) / 1000
WEALTH = np.arange(5.0)

amounts = st.floats(0, 1e6).map(lambda value: 0.0 if value < 1e-3 else value)
units = st.lists(st.tuples(amounts, st.floats(1, 1e5), st.integers(0, 4)), min_size=1, max_size=16)


def arrays(rows):
    found = np.array(rows, dtype="float64").T
    return found[0], found[1], found[2]


def some(rows):
    return sum(row[0] for row in rows) > 0


shared = units.filter(some)


def test_gini_of_the_published_example():
    assert gini(INCOMES, ONES) == pytest.approx(0.4620911, abs=5e-8)


def test_theil_is_the_relative_entropy_of_an_independent_library():
    assert theil(INCOMES, ONES) == pytest.approx(stats.entropy(INCOMES, ONES), abs=1e-12)
    assert theil(DEATHS, BIRTHS) == pytest.approx(stats.entropy(DEATHS, BIRTHS), abs=1e-12)


def test_theil_when_one_of_n_has_all_is_ln_n():
    assert theil(np.array([0.0, 0, 0, 7]), np.ones(4)) == pytest.approx(np.log(4))


def test_concentration_index_and_curve_of_the_published_example():
    assert concentration(DEATHS, BIRTHS, WEALTH) == pytest.approx(-0.1694, abs=5e-5)
    x, y = curve(DEATHS, BIRTHS, WEALTH)
    # The cumulated percentages printed in the table.
    assert np.round(100 * x).astype(int).tolist() == [0, 23, 45, 66, 85, 100]
    assert np.round(100 * y).astype(int).tolist() == [0, 30, 59, 79, 93, 100]


def test_a_weight_counts_as_so_many_equal_units():
    values, times = np.array([3.0, 1, 8]), np.array([2, 5, 1])
    alone = np.repeat(values, times)
    assert gini(values * times, times.astype(float)) == pytest.approx(gini(alone, np.ones(8)))
    assert theil(values * times, times.astype(float)) == pytest.approx(theil(alone, np.ones(8)))


@settings(max_examples=50, deadline=None)
@given(shared)
def test_index_is_twice_the_area_that_an_independent_library_measures(rows):
    values, weights, order = arrays(rows)
    x, y = curve(values, weights, order)
    assert concentration(values, weights, order) == pytest.approx(1 - 2 * trapezoid(y, x), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(shared, st.randoms(use_true_random=False), st.floats(0.01, 100))
def test_scale_and_order_of_the_units_change_nothing(rows, rng, factor):
    again = list(rows)
    rng.shuffle(again)
    values, weights, order = arrays(rows)
    other, heavier, reordered = arrays(again)
    for measure in (gini, theil):
        assert measure(other * factor, heavier / factor) == pytest.approx(
            measure(values, weights), abs=1e-9
        )
    found = concentration(other * factor, heavier, reordered)
    assert found == pytest.approx(concentration(values, weights, order), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(shared)
def test_bounds(rows):
    values, weights, order = arrays(rows)
    assert -1e-12 <= gini(values, weights) < 1
    assert 0 <= theil(values, weights) <= np.log(weights.sum() / weights.min()) + 1e-9
    assert abs(concentration(values, weights, order)) <= gini(values, weights) + 1e-9
    x, y = curve(values, weights, order)
    assert x[0] == y[0] == 0
    assert x[-1] == pytest.approx(1)
    assert y[-1] == pytest.approx(1)
    assert (np.diff(x) > 0).all()
    assert (np.diff(y) >= 0).all()


@settings(max_examples=30, deadline=None)
@given(units, st.floats(0.1, 1000))
def test_the_same_for_everyone_is_no_inequality(rows, each):
    _, weights, order = arrays(rows)
    assert gini(each * weights, weights) == pytest.approx(0, abs=1e-9)
    assert theil(each * weights, weights) == pytest.approx(0, abs=1e-9)
    assert concentration(each * weights, weights, order) == pytest.approx(0, abs=1e-9)


def test_equals_are_one_step_so_that_their_order_plays_no_part():
    assert curve(np.array([1.0, 9]), np.ones(2), np.zeros(2)).x.tolist() == [0, 1]
    assert concentration(np.array([1.0, 9]), np.ones(2), np.zeros(2)) == 0


@pytest.mark.parametrize(
    ("values", "weights"), [([0, 0], [1, 1]), ([1, 2], [1, 0]), ([-1, 2], [1, 1]), ([], [])]
)
def test_what_cannot_be_shared_is_refused(values, weights):
    with pytest.raises(ValueError, match="positive"):
        theil(np.array(values, dtype="float64"), np.array(weights, dtype="float64"))


# The interval.

FIRST = (np.array([4.0, 9, 2, 7, 30, 1]), np.array([2.0, 3, 1, 4, 3, 2]))
SECOND = (np.array([3.0, 6, 5, 2, 8, 7, 1]), np.array([3.0, 2, 4, 2, 3, 5, 1]))


def test_interval_is_that_of_an_independent_library():
    def statistic(one, two, axis=-1):
        ratios = [
            group[0][np.asarray(picked, dtype=int)].sum(axis=axis)
            / group[1][np.asarray(picked, dtype=int)].sum(axis=axis)
            for group, picked in ((FIRST, one), (SECOND, two))
        ]
        return ratios[0] - ratios[1]

    theirs = stats.bootstrap(
        (np.arange(6), np.arange(7)),
        statistic,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    ours = disparity(FIRST, SECOND)
    assert ours
    assert ours.estimate == pytest.approx(53 / 15 - 32 / 20)
    # Two different draws: equal within the noise of the draw.
    assert ours.low == pytest.approx(theirs.low, abs=0.1)
    assert ours.high == pytest.approx(theirs.high, abs=0.25)


def test_interval_of_two_units_is_that_of_all_their_draws():
    # Each group is drawn among (a, a), (a, b), (b, a), (b, b): the ends are those of the extremes.
    found = disparity((np.array([2.0, 6]), np.ones(2)), (np.array([1.0, 3]), np.ones(2)))
    assert found == (2, -1, 5)


def test_interval_is_the_same_again_whatever_the_order_of_the_units():
    turned = (FIRST[0][::-1].copy(), FIRST[1][::-1].copy())
    assert disparity(FIRST, SECOND) == disparity(FIRST, SECOND) == disparity(turned, SECOND)


def test_interval_says_whether_it_covers_no_difference():
    far = disparity((np.array([90.0, 91, 92]), np.ones(3)), (np.ones(3), np.ones(3)))
    none = disparity(SECOND, SECOND)
    assert far
    assert not far.covers_zero
    assert none
    assert none.covers_zero


def test_one_unit_in_a_group_has_no_interval():
    assert disparity((np.ones(1), np.ones(1)), SECOND) is None
