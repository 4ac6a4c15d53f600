"""Few classes for a map: quantiles, with breaks rounded so that a legend can be read."""

from dataclasses import dataclass
from math import floor, log10

import numpy as np
import pandas as pd

MOST_CLASSES = 5
FINEST_DECIMALS = 10


@dataclass(frozen=True)
class Classes:
    """Breaks of a map: class ``k`` holds ``breaks[k] <= value < breaks[k+1]``, the last closed."""

    breaks: tuple[float, ...]

    @property
    def count(self) -> int:
        """Return the number of classes (0 when there is nothing to classify)."""
        return max(len(self.breaks) - 1, 0)

    def index(self, value: float) -> int:
        """Return the class of a value between the first and the last break."""
        inner = self.breaks[1:-1]
        return int(np.searchsorted(inner, value, side="right"))


def quantile_classes(
    values: pd.Series, most: int = MOST_CLASSES, decimals: int = FINEST_DECIMALS
) -> Classes:
    """Cut values into at most ``most`` classes of about equal numbers.

    Inner breaks are quantiles rounded to two significant figures of the spread, and never finer
    than ``decimals``, so that a legend prints them exactly; breaks that
    rounding makes equal, or that would leave a class empty, are merged. The outer breaks are the
    exact minimum and maximum. Missing values are ignored.
    """
    known = values.dropna().astype("float64").to_numpy()
    if len(known) == 0:
        return Classes(())
    low, high = float(known.min()), float(known.max())
    if low == high:
        return Classes((low, high))
    count = min(most, len(np.unique(known)))
    raw = np.quantile(known, np.linspace(0, 1, count + 1)[1:-1])
    step = 10.0 ** max(floor(log10(high - low)) - 1, -decimals)
    inner = sorted({round(round(edge / step) * step, FINEST_DECIMALS) for edge in raw})
    return Classes(_merge_empty((low, *[edge for edge in inner if low < edge < high], high), known))


def _merge_empty(breaks: tuple[float, ...], known: np.ndarray) -> tuple[float, ...]:
    kept = [breaks[0]]
    for edge in breaks[1:-1]:
        if ((known >= kept[-1]) & (known < edge)).any():
            kept.append(edge)
    return (*kept, breaks[-1])
