"""Need: a composite of published indicators that a user chooses and weighs, every step kept.

A quarter without one of the chosen figures (secret, absent, not comparable) is left out and named;
nothing is filled. A greater score is a greater need, whatever the direction of each indicator.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.indicators import Indicator, Vintage
from geo.errors import AtlasError

DEFAULT = "poverty_rate"
METHODS = {"zscore": "écarts à la moyenne (cote Z)", "rank": "rangs"}


class NeedRefused(AtlasError):
    """An indicator cannot take part in a measure of need; the message says why."""


@dataclass(frozen=True)
class Measured:
    """An indicator, the vintage used and its figures: ``value`` and ``status`` by quarter."""

    indicator: Indicator
    vintage: Vintage | None
    figures: pd.DataFrame

    @property
    def writing(self) -> Callable[[float], str]:
        """Return how a published value is written, with no decimal that is not published."""
        return self.indicator.in_year(self.vintage.data_year if self.vintage else None).text


@dataclass(frozen=True)
class Need:
    """A measure of need and how it was made.

    ``score`` is by quarter, only those that have every figure. ``steps`` has one row a quarter and
    indicator: ``value``, ``standardised`` (greater is worse), ``weight`` (they add up to 1) and
    ``contribution`` (their product; a quarter's contributions add up to its score). ``left_out``
    has ``qpv_code``, ``indicator`` and ``status`` of every figure that is missing.
    """

    method: str
    measured: tuple[Measured, ...]
    score: pd.Series
    steps: pd.DataFrame
    left_out: pd.DataFrame

    @property
    def alone(self) -> Measured | None:
        """Return the only indicator chosen, if there is one: its own values can be shown."""
        return self.measured[0] if len(self.measured) == 1 else None


def refusal(indicator: Indicator) -> str:
    """Say in French why an indicator cannot measure a need; empty when it can."""
    if indicator.kind == "count":
        return "un effectif dépend de la taille du quartier, il ne mesure pas une intensité"
    if indicator.kind == "evolution":
        return "une évolution ne dit pas le niveau du besoin"
    if indicator.direction not in ("more", "less"):
        return "rien ne dit si une valeur élevée est un besoin plus fort ou plus faible"
    return ""


def composite(
    measured: Mapping[str, Measured], weights: Mapping[str, float], method: str = "zscore"
) -> Need:
    """Return the need of each quarter from the chosen indicators (codes of ``weights``).

    Each indicator is standardised over the quarters that have every figure, turned so that greater
    is worse, and multiplied by its weight (a positive number; only their proportions count).
    "zscore": distance to the plain mean of these quarters in standard deviations (divisor n),
    0 for all where none differs. "rank": (rank - 1) / (n - 1), equals sharing their mean rank.
    Raises NeedRefused, naming each, for an indicator that cannot measure a need, an unknown method
    or a weight that is not positive.
    """
    chosen = _checked(measured, weights, method)
    left_out = _left_out(chosen)
    first = chosen[0].figures
    kept = [code for code in first.index if code not in set(left_out["qpv_code"])]
    total = sum(weights[one.indicator.code] for one in chosen)
    steps = pd.concat(
        [_steps(one, kept, weights[one.indicator.code] / total, _SCALES[method]) for one in chosen],
        ignore_index=True,
    )
    score = steps.groupby("qpv_code")["contribution"].sum().reindex(kept).rename("need")
    return Need(method, tuple(chosen), score, steps, left_out)


def _checked(
    measured: Mapping[str, Measured], weights: Mapping[str, float], method: str
) -> list[Measured]:
    faults = [] if weights else ["choisissez au moins un indicateur"]
    if method not in METHODS:
        faults.append(f"méthode « {method} » inconnue ; attendu : {', '.join(METHODS)}")
    for code, weight in weights.items():
        if code not in measured:
            faults.append(f"indicateur « {code} » inconnu ; attendu : {', '.join(measured)}")
        elif reason := refusal(measured[code].indicator):
            faults.append(f"« {measured[code].indicator.label} » : {reason}")
        # Not "<= 0": a weight that is no number must be refused too.
        if not 0 < weight < float("inf"):
            faults.append(f"poids de « {code} » : {weight} ; attendu : un nombre positif")
    if faults:
        raise NeedRefused("Mesure du besoin : " + " ; ".join(faults) + ".")
    return [measured[code] for code in weights]


def _left_out(chosen: list[Measured]) -> pd.DataFrame:
    missing = []
    for one in chosen:
        rows = one.figures[one.figures["status"] != "published"]
        codes = rows.index.to_series(name="qpv_code")
        missing.append(pd.DataFrame({"qpv_code": codes, "status": rows["status"]}))
        missing[-1].insert(1, "indicator", one.indicator.code)
    return pd.concat(missing, ignore_index=True)


def _steps(
    one: Measured, kept: list[str], weight: float, scale: Callable[[pd.Series], pd.Series]
) -> pd.DataFrame:
    value = one.figures["value"].reindex(kept).astype("float64")
    standardised = scale(value if one.indicator.direction == "more" else -value)
    frame = pd.DataFrame({"value": value, "standardised": standardised, "weight": weight})
    frame["contribution"] = frame["standardised"] * weight
    frame.insert(0, "indicator", one.indicator.code)
    return frame.rename_axis("qpv_code").reset_index()


def _zscore(value: pd.Series) -> pd.Series:
    if value.nunique() < 2:  # a deviation of rounding errors alone must not be divided by
        return value * 0.0
    return (value - value.mean()) / value.std(ddof=0)


def _rank(value: pd.Series) -> pd.Series:
    return (value.rank(method="average") - 1) / max(len(value) - 1, 1)


_SCALES = {"zscore": _zscore, "rank": _rank}
