"""Figures and quarters across the change of perimeters: what may be carried, and how it is said."""

from collections.abc import Mapping

import pandas as pd

from analysis import wording
from analysis.indicators import Indicator, Vintage
from geo.crosswalk import TOLERANCE
from geo.errors import ArithmeticRefused
from geo.schema import GENERATIONS

RELATION_WORDS = {
    "identical": "périmètre inchangé",
    "moved": "même quartier, périmètre modifié",
    "continued": "même quartier ; la source ne dit pas si le périmètre a changé",
    "split": "quartier issu d'un partage",
    "merged": "quartier issu d'un regroupement",
    "split_and_merged": "quartier recomposé",
    "new": "nouveau quartier",
    "dropped": "sorti de la géographie prioritaire",
}
_NAMED = 20  # pairs of quarters named in one sentence
ESTIMATED = "estimation au prorata des surfaces"


def measured_on(vintage: Vintage | None, shown: int) -> str:
    """Say on which perimeter a figure was measured, and on which one it is shown if another.

    ``shown`` is the generation of the quarters on the screen; empty where none is known.
    """
    if vintage is None or vintage.generation is None:
        return ""
    if vintage.generation == shown:
        return f"mesuré sur le périmètre {shown}"
    return f"mesuré sur le périmètre {vintage.generation}, montré sur le quartier de {shown}"


def became(relations: pd.DataFrame, code: str) -> str:
    """Say in French which 2015 quarter(s) a 2024 quarter continues, and how; empty if unknown.

    ``relations`` comes from ``geo.crosswalk.relations_by_area`` or ``relations_by_code``.
    """
    rows = relations[relations["qpv_code"] == code]
    if rows.empty:
        return ""
    words = " et ".join(RELATION_WORDS[relation] for relation in rows["relation"].unique())
    former = rows["qpv_code_2015"].dropna()
    if former.empty:
        return words
    return f"{words} ({GENERATIONS[0]} : {wording.listing(list(former), most=len(former))})"


def dropped(relations: pd.DataFrame) -> list[str]:
    """Return the 2015 quarters that no 2024 quarter continues."""
    rows = relations[relations["relation"] == "dropped"]
    return [str(code) for code in rows["qpv_code_2015"]]


def unmeasured(relations: pd.DataFrame, crosswalk: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the pairs (2015, 2024) that the official correspondence joins and areas do not.

    ``relations`` comes from ``geo.crosswalk.relations_by_area``; only its 2024 quarters count.
    """
    official = crosswalk.dropna(subset=["qpv_code_2015", "qpv_code"])
    official = official[official["qpv_code"].isin(set(relations["qpv_code"].dropna()))]
    columns = ["qpv_code_2015", "qpv_code"]
    measured = set(relations[columns].dropna().itertuples(index=False, name=None))
    pairs: list[tuple[str, str]] = list(official[columns].itertuples(index=False, name=None))
    return [pair for pair in pairs if pair not in measured]


def overlap_sentence(pairs: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Say in French which quarters overlap, by how much, and what that does; empty if none does.

    ``pairs`` comes from ``geo.shapes.overlaps``; a quarter without a label is named by its code.
    """
    if pairs.empty:
        return ""
    named = [
        f"{labels.get(a, a)} et {labels.get(b, b)} ({_square_metres(area)})"
        for a, b, area in pairs[["qpv_code", "other_code", "area_m2"]].itertuples(index=False)
    ]
    count = wording.plural(len(named), "paire")
    return (
        f"{count} de quartiers dont les contours se recouvrent : "
        f"{wording.listing(named, most=_NAMED)}. Une position située dans les deux est donnée au "
        "plus petit code."
    )


def _square_metres(area: float) -> str:
    size = "moins de 1" if area < 1 else wording.number(area)
    return f"{size}{wording.NARROW}m²"


def estimate(indicator: Indicator, values: pd.Series, overlaps: pd.DataFrame) -> pd.DataFrame:
    """Estimate a count on 2024 perimeters from the 2015 ones, in proportion to the shared areas.

    ``values`` is indexed by 2015 code, ``overlaps`` comes from ``geo.crosswalk.overlap``. The rule
    supposes people evenly spread over a quarter, and counts nobody in what was no quarter in 2015:
    ``covered`` is the part (0 to 1) of the 2024 quarter that was. Result by 2024 code:
    ``value, covered, estimated``; False only where the perimeter is the same (TOLERANCE). A value
    missing in one of the quarters it needs is missing. Raises ArithmeticRefused for a median, a
    mean, a share or an index, which areas cannot carry.
    """
    if indicator.kind != "count":
        raise ArithmeticRefused(
            f"« {indicator.label} » ne se transpose pas d'un périmètre à l'autre : seul un "
            "effectif se partage au prorata des surfaces. Montrez le chiffre sur le périmètre où "
            "il a été mesuré."
        )
    pairs = overlaps.dropna(subset=["qpv_code_2015", "qpv_code"])
    parts = pairs.assign(
        value=pairs["qpv_code_2015"].map(values.astype("float64")) * pairs["share_of_old"],
        same=pairs[["share_of_old", "share_of_new"]].min(axis=1) >= TOLERANCE.identical,
    )
    by_quarter = parts.groupby("qpv_code")
    frame = pd.DataFrame(
        {
            "value": by_quarter["value"].sum(skipna=False),
            "covered": by_quarter["share_of_new"].sum(),
            "estimated": ~by_quarter["same"].any(),
        }
    )
    whole = overlaps["qpv_code"].dropna().unique()
    frame = frame.reindex(pd.Index(sorted(whole), name="qpv_code"))
    return frame.fillna({"covered": 0.0}).assign(estimated=frame["estimated"].ne(False))
