"""The yearly call for projects: in which state each file is, what is late, what is missing."""

import unicodedata
from collections.abc import Sequence
from datetime import date

import pandas as pd

from geo.territory import DossierState

# What the funders have answered, where the source does not say the state of the file.
_ANSWERED = {"granted": "granted", "pending": "instruction"}
MISSING = {
    "theme": "thème",
    "requested_cents": "montant demandé",
    "operator_siret": "SIRET du porteur",
    "place": "lieu ou quartier",
}


def files(
    projects: pd.DataFrame, funding: pd.DataFrame, states: Sequence[DossierState]
) -> pd.DataFrame:
    """Return one row a project, on its index: ``state``, ``told``, ``filed_on``, ``lacking``.

    ``state`` is a code of ``states``. It is the one that the status of the source means (``told``);
    where the source gives none, or an unknown one, it is what the funders have answered: granted as
    soon as one grants, in instruction while one has not answered, else refused. ``filed_on`` is
    the earliest day a request was filed (AAAA-MM-JJ, missing if unknown); ``lacking`` the words
    (keys of MISSING) of what the file does not say.
    """
    words = {_plain(word): one.code for one in states for word in one.words}
    told = projects["dossier_status"].map(lambda word: words.get(_plain(word)), na_action="ignore")
    lines = funding[funding["project_id"].isin(projects["project_id"])].groupby("project_id")
    answers = lines["status"].agg(set).reindex(projects["project_id"])
    answered = pd.Series([_answer(found) for found in answers], index=projects.index, dtype="str")
    filed = lines["requested_on"].min().reindex(projects["project_id"])
    asked = lines["requested_cents"].sum(min_count=1).reindex(projects["project_id"])
    return pd.DataFrame(
        {
            "project_id": projects["project_id"],
            "state": told.astype("str").fillna(answered),
            "told": told.notna(),
            "filed_on": pd.Series(filed.to_numpy(), index=projects.index, dtype="str"),
            "lacking": _lacking(projects, list(asked.isna())),
        }
    )


def _answer(statuses: object) -> str:
    found = statuses if isinstance(statuses, set) else set()
    return next((state for status, state in _ANSWERED.items() if status in found), "refused")


def _plain(word: str) -> str:
    flat = unicodedata.normalize("NFKD", word.replace("’", "'").casefold())
    return " ".join("".join(sign for sign in flat if not unicodedata.combining(sign)).split())


def _lacking(projects: pd.DataFrame, no_amount: Sequence[bool]) -> pd.Series:
    place = ["declared_qpv", "address", "lon"]
    wanted = projects["scope"] != "territory"  # the whole territory is a place
    absent = pd.DataFrame(
        {
            "theme": projects["theme"].isna(),
            "requested_cents": no_amount,
            "operator_siret": projects["operator_siret"].isna(),
            "place": projects[place].isna().all(axis=1) & wanted,
        }
    )
    found = [tuple(absent.columns[row]) for row in absent.to_numpy(dtype="bool")]
    return pd.Series(found, index=projects.index, dtype="object")


def late(found: pd.DataFrame, deadline: date) -> pd.Series:
    """Say of each file whether it was filed after a day; a file without a date is not late."""
    return (found["filed_on"] > deadline.isoformat()).fillna(False).astype("bool")


def by_state(found: pd.DataFrame, states: Sequence[DossierState]) -> pd.Series:
    """Count files by state, in the order of a file's life, zero where there is none."""
    return found["state"].value_counts().reindex([one.code for one in states], fill_value=0)


def by_group(rows: pd.DataFrame, found: pd.DataFrame, column: str) -> pd.DataFrame:
    """Count files by a column of the ledger and by state: ``files``, then one column a state.

    Distinct files: one that serves two quarters counts in each. Rows without a value are left out.
    """
    pairs = rows[["project_id", column]].dropna().drop_duplicates()
    joined = pairs.merge(found[["project_id", "state"]], on="project_id", validate="m:1")
    table = pd.crosstab(joined[column], joined["state"])
    table.insert(0, "files", table.sum(axis=1))
    return table
