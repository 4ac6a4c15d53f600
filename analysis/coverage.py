"""Coverage: which quarter has a supported project of each theme or dispositif, and how far it is.

A cell is a quarter and a code. It is "covered" when a supported project of the code serves the
quarter, "pending" when only requests under examination do, else "empty". What serves the whole
territory, or nobody knows whom, fills no cell and is counted apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from analysis import wording
from analysis.effort import supported
from analysis.sentences import counted
from geo.proximity import nearest_of

# A position that may be farther off than this says nothing of a distance between streets.
MOST_UNCERTAIN_M = 100.0
STATES = {"covered": "couvert", "pending": "demandes en cours", "empty": "vide"}
CHANGES = {"gained": "gagnée", "lost": "perdue", "waiting": "en attente de réponse"}
UNKNOWN_SERVED = (
    "En {year}, aucun projet n'est rattaché à un quartier : rien ne dit ce qui manque à chacun."
)


@dataclass(frozen=True)
class Grid:
    """The matrix of a selection: cells, names of its columns, and what serves no quarter.

    ``cells`` is ``changed``'s answer without the ``unused`` codes, which are
    named apart; ``elsewhere`` counts the supported projects of each code that fill no cell.
    """

    cells: pd.DataFrame
    words: dict[str, str]
    unused: list[str]
    elsewhere: pd.Series


def matrix(
    rows: pd.DataFrame, quarters: Sequence[str], codes: Sequence[str], column: str
) -> pd.DataFrame:
    """Return one row a cell: ``qpv_code, code, projects, pending, state``.

    ``rows`` are those of the ledger, ``column`` the one that holds the codes (``theme``,
    ``group``, ``dispositif``). ``projects`` counts the supported projects that serve the quarter,
    ``pending`` those that wait for every answer. A project that serves several quarters counts in
    each.
    """
    served = rows[rows["target"] == "quarter"]
    paid = supported(served)
    waiting = served[
        (served["status"] == "pending") & ~served["project_id"].isin(paid["project_id"])
    ]
    cells = pd.MultiIndex.from_product([quarters, codes], names=["qpv_code", "code"])
    frame = pd.DataFrame(index=cells)
    for name, part in (("projects", paid), ("pending", waiting)):
        counts = part.groupby(["qpv_code", column])["project_id"].nunique()
        frame[name] = counts.reindex(cells, fill_value=0).to_numpy(dtype="int64")
    states = np.where(frame["pending"] > 0, "pending", "empty")
    frame["state"] = np.where(frame["projects"] > 0, "covered", states)
    return frame.reset_index()


def changed(now: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    """Add to a matrix the supported projects of the year ``before`` and what changed.

    Same cells in both. ``change``: "gained" (covered now, not before), "lost" (the reverse, and
    nothing pending), "waiting" (covered before, only pending now), "" otherwise; ``before`` is
    missing without a year before.
    """
    if before is None:
        return now.assign(before=pd.array([pd.NA] * len(now), dtype="Int64"), change="")
    then = before["projects"].to_numpy()
    covered = (now["state"] == "covered").to_numpy()
    waiting = (now["state"] == "pending").to_numpy()
    change = np.select(
        [covered & (then == 0), ~covered & (then > 0) & waiting, ~covered & (then > 0)],
        ["gained", "waiting", "lost"],
        default="",
    )
    return now.assign(before=pd.array(then, dtype="Int64"), change=change)


def unused(cells: pd.DataFrame) -> list[str]:
    """Return the codes without any project for any quarter, this year or the year before.

    Such a code (engineering, shared services…) is run for the whole territory: its empty cells are
    not gaps of the quarters.
    """
    known = cells["before"].fillna(0).astype("int64")
    seen = cells.assign(seen=cells["projects"] + cells["pending"] + known).groupby("code")["seen"]
    return [str(code) for code, total in seen.sum().items() if total == 0]


def elsewhere(rows: pd.DataFrame, column: str) -> pd.Series:
    """Count the supported projects that serve no identified quarter, by code.

    They may well serve a quarter whose cell is empty: the whole territory, a place that cannot be
    told, a project outside.
    """
    paid = supported(rows)
    with_quarter = paid.loc[paid["target"] == "quarter", "project_id"]
    lost = paid[~paid["project_id"].isin(with_quarter)]
    return lost.groupby(column)["project_id"].nunique().rename("projects")


def nearest(quarters: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the place nearest to each quarter: ``distance_m``, ``project_id``, ``uncertainty_m``.

    Both layers are in the territory's metric CRS; ``places`` are points with ``project_id`` and
    ``uncertainty_m``, those less certain than MOST_UNCERTAIN_M left out. Straight metres from the
    edge of the quarter, 0 within it; not a path on foot. Missing without a place. Raises ValueError
    when the two are not in the same metric CRS.
    """
    if places.crs != quarters.crs or not quarters.crs.is_projected:
        raise ValueError("quarters and places must be in the same metric CRS")
    sure = places[places["uncertainty_m"] <= MOST_UNCERTAIN_M]
    row, metres = nearest_of(quarters.geometry.to_numpy(), sure.geometry.to_numpy())
    found = sure[["project_id", "uncertainty_m"]].reset_index(drop=True)
    found = found.reindex(pd.Index(row).where(row >= 0, -1))
    return pd.DataFrame(
        {
            "distance_m": metres,
            "project_id": found["project_id"].to_numpy(),
            "uncertainty_m": found["uncertainty_m"].to_numpy(dtype="float64"),
        },
        index=pd.Index(quarters["qpv_code"], name="qpv_code"),
    )


# In words


def summary(
    year: int, cells: pd.DataFrame, services: pd.DataFrame, words: dict[str, str]
) -> list[str]:
    """Return the two sentences the page opens with, or the one that says nothing can be read.

    ``cells`` is ``changed``'s answer, ``services`` has ``qpv_code, label, state`` for each service
    every quarter should have, ``words`` the names of the quarters.
    """
    if cells.empty:
        return [UNKNOWN_SERVED.format(year=year)]
    return [_filled(year, cells), _missing(cells, services, words)]


def _filled(year: int, cells: pd.DataFrame) -> str:
    shown = cells[~cells["code"].isin(unused(cells))]
    if shown.empty:
        return f"En {year}, aucun projet n'est rattaché à un quartier."
    covered, empty = (int((shown["state"] == state).sum()) for state in ("covered", "empty"))
    pending = len(shown) - covered - empty
    waiting = f", {_agree(pending, 'attend', 'attendent')} une réponse" if pending else ""
    text = (
        f"En {year}, {wording.number(covered)} des {wording.number(len(shown))} cases de la grille "
        f"ont au moins un projet soutenu{waiting} et {_agree(empty, 'est vide', 'sont vides')}"
    )
    if shown["before"].isna().all():
        return f"{text}."
    gained, lost = (int((shown["change"] == change).sum()) for change in ("gained", "lost"))
    return (
        f"{text} ; depuis {year - 1}, {_agree(gained, 'est gagnée', 'sont gagnées')} et "
        f"{_agree(lost, 'perdue', 'perdues')}."
    )


def _agree(count: int, one: str, many: str) -> str:
    """Write a count and what agrees with it (``1 est vide``, ``129 sont vides``)."""
    return f"{wording.number(count)} {one if count < 2 else many}"


def _missing(cells: pd.DataFrame, services: pd.DataFrame, words: dict[str, str]) -> str:
    projects = cells.groupby("qpv_code", sort=False)["projects"].sum()
    none = [words[str(code)] for code, count in projects.items() if count == 0]
    parts = [f"aucun projet soutenu : {wording.listing(none) or 'aucun quartier'}"]
    parts += [
        f"{_small(str(label))} : {_quarters(group)}"
        for label, group in services.groupby("label", sort=False)
    ]
    return f"Sans {' ; sans '.join(parts)}."


def _quarters(group: pd.DataFrame) -> str:
    missing = int((group["state"] != "covered").sum())
    if not missing:
        return "aucun quartier"
    return "tous les quartiers" if missing == len(group) else counted(missing, "quartier")


def _small(label: str) -> str:
    """Return a label within a sentence: an acronym keeps its capitals."""
    return label if label[1:2].isupper() else f"{label[:1].lower()}{label[1:]}"


def without(cells: pd.DataFrame) -> dict[str, list[str]]:
    """Return the codes of the empty cells of each quarter, every quarter in order."""
    empty = cells[cells["state"] == "empty"]
    return {
        str(quarter): list(empty.loc[empty["qpv_code"] == quarter, "code"])
        for quarter in cells["qpv_code"].unique()
    }
