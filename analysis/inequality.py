"""How unevenly an amount is shared: curves of cumulated shares, Gini, concentration, Theil.

Arrays in, numbers out. Each unit (a quarter) has an amount and a weight (its inhabitants). Every
measure is unchanged by the order of the units and by the scale of amounts and weights.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

DRAWS = 9_999
LEVEL = 95  # per cent
SEED = 147  # any fixed number: the same figures give the same interval


class Curve(NamedTuple):
    """Cumulated shares, from 0 to 1, of the weights (``x``) and of the amounts (``y``)."""

    x: Values
    y: Values


class Interval(NamedTuple):
    """An estimate and the two ends of its interval, in the unit of the estimate."""

    estimate: float
    low: float
    high: float

    @property
    def covers_zero(self) -> bool:
        """Say whether no difference at all is among the plausible values."""
        return self.low <= 0 <= self.high


def curve(amounts: Values, weights: Values, order: Values) -> Curve:
    """Cumulate the shares of weights and amounts by increasing ``order``; equals are one step.

    The Lorenz curve when ``order`` is amount per weight, a concentration curve when it is another
    variable (Kakwani 1977). Grouping equals keeps the curve from depending on how ties are sorted.
    Raises ValueError unless weights are positive, amounts positive or nil, one of them positive.
    """
    _require(amounts, weights)
    _, step = np.unique(order, return_inverse=True)
    shares = []
    for values in (weights, amounts):
        cumulated = np.cumsum(np.bincount(step, weights=values))
        shares.append(np.concatenate([[0.0], cumulated / cumulated[-1]]))
    return Curve(*shares)


def concentration(amounts: Values, weights: Values, order: Values) -> float:
    """Return the concentration index, from -1 to 1: 1 - sum of (x_k - x_k-1)(y_k + y_k-1).

    Positive when the amounts go to the units of high ``order`` more than their weight, 0 when each
    gets its share. Source: Kakwani, Wagstaff and van Doorslaer 1997; formula of O'Donnell et al.,
    Analyzing Health Equity Using Household Survey Data, World Bank 2008, chapter 8.
    """
    x, y = curve(amounts, weights, order)
    return float(1 - np.sum(np.diff(x) * (y[1:] + y[:-1])))


def gini(amounts: Values, weights: Values) -> float:
    """Return the Gini coefficient of the amount per weight, from 0 (same for all) to below 1.

    The concentration index of the amounts ordered by themselves (Gini 1912), without correction
    for small numbers.
    """
    return concentration(amounts, weights, np.asarray(amounts) / np.asarray(weights))


def theil(amounts: Values, weights: Values) -> float:
    """Return Theil's T: the sum of s ln(s/p), s a share of amounts and p of weights; 0 if equal.

    At most ln(1/p) of the lightest unit. A unit without amount adds nothing (limit of s ln s).
    Source: Theil, Economics and Information Theory, 1967.
    """
    _require(amounts, weights)
    s, p = np.asarray(amounts) / np.sum(amounts), np.asarray(weights) / np.sum(weights)
    some = s > 0
    # Rounding alone could bring a perfect equality below zero.
    return max(0.0, float(np.sum(s[some] * np.log(s[some] / p[some]))))


def disparity(first: tuple[Values, Values], second: tuple[Values, Values]) -> Interval | None:
    """Return the amount per weight of one group of units less that of another, with its interval.

    Each group is ``(amounts, weights)``. The interval is the percentile one at 95 % of 9,999 draws
    with replacement of as many units in each group (Efron and Tibshirani 1993, chapters 8 and 13),
    from a fixed seed. It says how far the difference depends on a few units; it is no sampling
    error, since every unit is known. None unless each group has two units.
    """
    if min(len(first[0]), len(second[0])) < 2:
        return None
    generator = np.random.default_rng(SEED)
    draws = _redrawn(*first, generator) - _redrawn(*second, generator)
    tail = (100 - LEVEL) / 200
    low, high = np.quantile(draws, [tail, 1 - tail])
    estimate = np.sum(first[0]) / np.sum(first[1]) - np.sum(second[0]) / np.sum(second[1])
    return Interval(float(estimate), float(low), float(high))


def _redrawn(amounts: Values, weights: Values, generator: np.random.Generator) -> Values:
    # Sorted, so that the draws do not depend on the order in which the units come.
    order = np.lexsort((amounts, weights))
    picked = order[generator.integers(len(order), size=(DRAWS, len(order)))]
    ratio: Values = amounts[picked].sum(axis=1) / weights[picked].sum(axis=1)
    return ratio


def _require(amounts: Values, weights: Values) -> None:
    if not (np.min(weights, initial=1) > 0 and np.min(amounts, initial=0) >= 0):
        raise ValueError("weights must be positive and amounts positive or nil")
    if not np.sum(amounts) > 0:
        raise ValueError("an amount must be positive: nothing is shared")
