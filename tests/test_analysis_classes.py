import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.classes import MOST_CLASSES, Classes, quantile_classes
from analysis.indicators import latest
from tests.samples import atlas

VALUES = st.lists(st.integers(-(10**9), 10**9).map(lambda n: n / 1000), max_size=60)


@given(VALUES, st.integers(1, 7))
def test_every_value_falls_in_a_class_and_no_class_is_empty(values, most):
    classes = quantile_classes(pd.Series(values, dtype="float64"), most)
    assert classes.count <= most
    if not values:
        assert classes == Classes(())
        return
    assert (classes.breaks[0], classes.breaks[-1]) == (min(values), max(values))
    if min(values) == max(values):
        assert classes.count == 1
    else:
        assert all(
            low < high for low, high in zip(classes.breaks, classes.breaks[1:], strict=False)
        )
    found = [classes.index(value) for value in values]
    assert set(found) == set(range(classes.count))
    for value, k in zip(values, found, strict=True):
        assert classes.breaks[k] <= value <= classes.breaks[k + 1]
        assert value < classes.breaks[k + 1] or k == classes.count - 1


@given(VALUES)
def test_neither_order_nor_missing_values_matter(values):
    series = pd.Series(values, dtype="float64")
    mixed = pd.concat([series.iloc[::-1], pd.Series([np.nan, np.nan])])
    assert quantile_classes(mixed) == quantile_classes(series)


def test_a_value_on_a_break_belongs_to_the_upper_class():
    classes = Classes((0.0, 10.0, 20.0))
    assert [classes.index(value) for value in (0, 9.99, 10, 20)] == [0, 0, 1, 1]


def test_inner_breaks_are_round():
    classes = quantile_classes(pd.Series(np.linspace(13_017.0, 19_983.0, 50)))
    assert classes.count == MOST_CLASSES
    assert all(edge % 100 == 0 for edge in classes.breaks[1:-1])


def test_real_indicators_make_readable_maps():
    found = [
        (indicator, latest(indicator, atlas().figures, atlas().crosswalk))
        for indicator in atlas().indicators.values()
    ]
    shown = [(indicator, frame) for indicator, (vintage, frame) in found if vintage]
    assert len(shown) >= 35
    for indicator, frame in shown:
        classes = quantile_classes(frame["value"])
        assert 3 <= classes.count <= MOST_CLASSES, indicator.code
        numbers = frame["value"].dropna().map(classes.index).value_counts()
        assert numbers.max() <= 8, indicator.code


@pytest.mark.parametrize(("values", "breaks"), [([], ()), ([5.0, 5.0], (5.0, 5.0))])
def test_nothing_to_cut(values, breaks):
    assert quantile_classes(pd.Series(values, dtype="float64")).breaks == breaks
