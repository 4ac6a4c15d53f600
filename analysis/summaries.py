"""Two sentences a page opens with, written by rules from the very figures it shows.

Every function returns exactly two sentences. What a figure does not allow is said, never guessed.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis import wording
from analysis.arithmetic import apart
from analysis.evolution import change_text
from analysis.gaps import TOGETHER, Comparison
from analysis.indicators import Indicator, Vintage
from analysis.refusals import Refusal

_SAID = ("epci", "country")


def compared(comparison: Comparison, names: Mapping[str, str]) -> str:
    """Say where a quarter stands, or how far apart quarters are, and beside what.

    ``names`` are those of the quarters, by code.
    """
    code = comparison.code
    if code is None:
        return f"{_spread(comparison, names)} {_beside(comparison)}"
    return f"{_standing(comparison, names[code])} {_gaps(comparison)}"


def _when(comparison: Comparison) -> str:
    vintage = comparison.reading.vintage
    return f" ({vintage.label})" if vintage else ""


def _standing(comparison: Comparison, name: str) -> str:
    reading, code = comparison.reading, str(comparison.code)
    status, short = reading.status(code), comparison.indicator.short
    if status == "secret":
        return f"{name} : « {short} »{_when(comparison)} est couvert par le secret statistique."
    if status != "published":
        return f"{name} : « {short} »{_when(comparison)} n'est pas disponible."
    rank = f"{reading.rank(code)} quartiers publiés"
    return f"{name} : « {short} » est de {reading.text(code)}{_when(comparison)}, {rank}."


def _gaps(comparison: Comparison) -> str:
    rows = comparison.rows
    told = rows[rows["refusal"].isna()]
    if told.empty:
        reasons = rows.loc[~rows["level"].isin([TOGETHER]), "refusal"]
        reason = reasons.iloc[0] if len(reasons) else rows["refusal"].iloc[0]
        return f"Aucun écart n'est calculé : {reason.sentence}."
    kept = told[told["level"].isin(_SAID)]
    parts = [
        f"{row['label']} {comparison.value_text(row)}, {comparison.gap_text(row)}"
        for _, row in (kept if len(kept) else told).iterrows()
    ]
    return f"À côté : {' ; '.join(parts)}."


def _spread(comparison: Comparison, names: Mapping[str, str]) -> str:
    quarters, short = comparison.reading.quarters, comparison.indicator.short
    known = quarters.loc[quarters["status"] == "published", "value"]
    if known.empty:
        return f"« {short} » n'est publié pour aucun quartier."
    low, high = str(known.idxmin()), str(known.idxmax())
    count = f"{len(known)} quartiers publiés sur {len(quarters)}"
    if known.min() == known.max():
        return f"« {short} »{_when(comparison)} est de {comparison.reading.text(low)} dans {count}."
    return (
        f"« {short} »{_when(comparison)} va de {comparison.reading.text(low)} ({names[low]}) à "
        f"{comparison.reading.text(high)} ({names[high]}), parmi {count}."
    )


def _beside(comparison: Comparison) -> str:
    rows = comparison.rows
    rows = rows[(rows["status"] == "published") & rows["level"].isin((*_SAID, TOGETHER))]
    if rows.empty:
        return "Aucun territoire plus large n'est publié pour cette année-là."
    parts = [f"{row['label']} {comparison.value_text(row)}" for _, row in rows.iterrows()]
    return f"À côté : {' ; '.join(parts)}."


def evolved(
    indicator: Indicator,
    span: tuple[Vintage, Vintage],
    changes: pd.DataFrame,
    latest: Vintage,
    code: str | None,
    names: Mapping[str, str],
) -> str:
    """Say what moved between two vintages in a quarter, then in all; or why nothing is computed.

    ``changes`` comes from ``analysis.evolution.changes``, between the two vintages of ``span``;
    ``latest`` is the last vintage there is: the reader is told when it cannot be reached.
    """
    years = f"de {span[0].data_year} à {span[1].data_year}"
    quarters = f"{_moved(indicator, changes, years)}{_since(indicator, span[1], latest)}."
    if code is None:
        return f"{_extent(indicator, span)} {quarters}"
    row: Any = changes.loc[code]
    told = change_text(indicator, row)
    if row["refusal"] is not None:
        return f"{names[code]} : pas d'évolution calculée {years}, {told}. {quarters}"
    then, now = indicator.in_year(span[0].data_year), indicator.in_year(span[1].data_year)
    return (
        f"{names[code]} : « {indicator.short} » passe de {then.text(row['before'])} en "
        f"{span[0].data_year} à {now.text(row['now'])} en {span[1].data_year}, {told}. {quarters}"
    )


def _extent(indicator: Indicator, span: tuple[Vintage, Vintage]) -> str:
    return (
        f"« {indicator.short} » est comparé entre {span[0].data_year} et {span[1].data_year}, sur "
        f"le périmètre {span[1].generation}."
    )


def _moved(indicator: Indicator, changes: pd.DataFrame, years: str) -> str:
    known = changes["change"].dropna()
    whole = wording.plural(len(changes), "quartier")
    if known.empty:
        reason: Refusal = changes["refusal"].iloc[0]
        return f"Sur {whole}, aucune évolution n'est calculée {years} : {reason.sentence}"
    # The sign that is printed: a change that rounds to zero is neither a rise nor a fall.
    known = known.map(lambda value: wording.rounded(value, indicator.decimals))
    up, down = int((known > 0).sum()), int((known < 0).sum())
    sure = changes.loc[known.index, "significant"]
    doubt = int((sure == False).sum())  # noqa: E712 - missing is not False
    counted = {
        "en hausse": up,
        "en baisse": down,
        "sans changement": len(known) - up - down,
        "sans évolution calculée": len(changes) - len(known),
    }
    parts = [f"{count} {words}" for words, count in counted.items() if count]
    end = f" ; écart non significatif dans {doubt} d'entre eux" if doubt else ""
    return f"Sur {whole}, {', '.join(parts)}{end}"


def _since(indicator: Indicator, last: Vintage, latest: Vintage) -> str:
    """Say why the latest vintage is not compared with the last one of the period, if it is not."""
    refusal = apart(indicator, last, latest)
    if last == latest or refusal is None:
        return ""
    years = f"de {last.data_year} à {latest.data_year}"
    return f" ; {years}, rien n'est calculé : {refusal.sentence}"
