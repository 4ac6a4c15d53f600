"""How sure a figure made of few people is: intervals, and when a difference is not significant."""

from math import sqrt
from statistics import NormalDist

LEVEL = 0.95


def wilson(count: float, whole: float, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of a share (0 to 1): ``count`` out of ``whole`` people.

    Wilson's score interval, without correction (E. B. Wilson, JASA 22, 1927): it stays within 0
    and 1 and holds for few people, where the usual one does not. Raises ValueError when the count
    is not between 0 and the whole, or the whole is zero.
    """
    if not 0 <= count <= whole or not whole:
        raise ValueError("a share counts some people out of a whole that is not zero")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, spread = count / whole, z * z / whole
    centre = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / whole + spread / (4 * whole)) / (1 + spread)
    # Rounding must not push an end of nothing or of everything outside the shares there are.
    low = 0.0 if not count else max(0.0, centre - half)
    high = 1.0 if count == whole else min(1.0, centre + half)
    return low, high


def differs(interval: tuple[float, float], other: float) -> bool:
    """Say whether a share, known by its interval, differs from another one."""
    return not interval[0] <= other <= interval[1]


def counts_differ(before: float, now: float, level: float = LEVEL) -> bool:
    """Say whether two counts differ by more than chance, each taken as a Poisson count.

    The normal test of two Poisson counts, ``|now - before| > z √(before + now)``: few people move
    by chance alone. (Przyborowski and Wilenski, Biometrika 31, 1940, give the exact one.)
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    return abs(now - before) > z * sqrt(before + now)
