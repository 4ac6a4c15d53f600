"""Effort: what a programme puts in, and how its requests are answered.

Everything counts what is *supported*: lines with status "granted". Amounts are integer cents. A
figure that the files do not give is missing and counted, never zero.
"""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

import pandas as pd

from analysis.programme import by_quarter, per_inhabitant, totals

_LINE = ["project_id", "funder"]


class Part(NamedTuple):
    """A part of a whole; ``unknown`` are those of which nothing can be said."""

    part: int
    whole: int
    unknown: int = 0


class Delay(NamedTuple):
    """Days from request to answer: median, longest, answers dated, answers without two dates."""

    median_days: float | None
    longest_days: int | None
    dated: int
    undated: int


def supported(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the ledger that a funder granted."""
    return rows[rows["status"] == "granted"]


def people(rows: pd.DataFrame, projects: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """Return the planned beneficiaries of each project of the rows, by what the project serves.

    ``projects`` and ``services`` share an index (``LoadedProgramme``). One row a project and
    target: ``project_id, target, qpv_code, beneficiaries``. A project with one target gives it its
    whole number; one that serves several quarters gives each the people planned there, and nothing
    (missing) where it does not say. People are not added up without saying that one person may
    count in several projects.
    """
    pairs = rows[["project_id", "target", "qpv_code"]].drop_duplicates()
    whole = projects.set_index("project_id")["beneficiaries"]
    planned = dict(zip(projects["project_id"], services["beneficiaries"], strict=True))
    several = pairs["project_id"].duplicated(keep=False)
    counts = [
        planned[project].get(code) if shared else whole[project]
        for project, code, shared in zip(
            pairs["project_id"], pairs["qpv_code"], several, strict=True
        )
    ]
    return pairs.assign(beneficiaries=pd.array(counts, dtype="Int64")).reset_index(drop=True)


def quarters(
    rows: pd.DataFrame, audience: pd.DataFrame, population: pd.Series, codes: Collection[str]
) -> pd.DataFrame:
    """Return the effort for each quarter, by code.

    ``audience`` is ``people`` of the supported rows. Columns: ``granted_cents``,
    ``granted_per_inhabitant`` (cents), ``projects`` (supported), ``projects_per_1000``,
    ``beneficiaries`` (known ones), ``beneficiaries_per_100`` (of the quarter's inhabitants; those
    planned may live elsewhere) and ``unknown_projects`` (supported, beneficiaries not known).
    Zero for a quarter without any line; an amount is missing while nothing is decided.
    """
    table = by_quarter(rows, list(codes))
    frame = pd.DataFrame({"granted_cents": table["granted_cents"]})
    frame["granted_per_inhabitant"] = per_inhabitant(frame["granted_cents"], population)
    count = by_quarter(supported(rows), list(codes))["projects"]
    frame["projects"] = count
    frame["projects_per_1000"] = 1000 * per_inhabitant(count, population)
    served = audience[audience["target"] == "quarter"].groupby("qpv_code")["beneficiaries"]
    known = served.sum(min_count=1).reindex(frame.index).astype("Int64")
    frame["beneficiaries"] = known.mask(count.eq(0).fillna(True), 0)
    frame["beneficiaries_per_100"] = 100 * per_inhabitant(frame["beneficiaries"], population)
    unknown = served.apply(lambda counts: int(counts.isna().sum()))
    frame["unknown_projects"] = unknown.reindex(frame.index, fill_value=0).astype("Int64")
    return frame


def breakdown(
    rows: pd.DataFrame, projects: pd.DataFrame, column: str, inhabitants: int | None
) -> pd.DataFrame:
    """Return the effort by ``theme``, ``funder``, ``year``…: the same measures for each code.

    ``granted_cents``, ``projects`` (supported), ``beneficiaries`` (planned by them) and
    ``unknown_projects`` (those that do not say) are of the whole selection. The other measures are
    of what serves identified quarters: ``quarter_cents``, and by inhabitant of these quarters
    ``per_inhabitant`` (cents), ``projects_per_1000`` and ``beneficiaries_per_100``, missing without
    ``inhabitants``; ``quarter_unknown`` counts their projects that do not say.
    """
    frame = totals(rows, column)[["granted_cents"]]
    paid = supported(rows)
    located = rows[rows["target"] == "quarter"]
    whole = _supported(paid, projects, column).reindex(frame.index)
    part = _supported(supported(located), projects, column).reindex(frame.index)
    frame["projects"] = whole["projects"].fillna(0)
    frame["quarter_cents"] = totals(located, column)["granted_cents"].reindex(
        frame.index, fill_value=0
    )
    people = inhabitants or float("nan")
    frame["per_inhabitant"] = frame["quarter_cents"].astype("float64") / people
    frame["projects_per_1000"] = 1000 * part["projects"].fillna(0).astype("float64") / people
    frame["beneficiaries"] = whole["beneficiaries"]
    known = part["beneficiaries"].mask(part["projects"].isna(), 0)
    frame["beneficiaries_per_100"] = 100 * known.astype("float64") / people
    frame["unknown_projects"] = whole["unknown"].fillna(0)
    frame["quarter_unknown"] = part["unknown"].fillna(0)
    return frame.sort_values("granted_cents", ascending=False, kind="stable")


def _supported(paid: pd.DataFrame, projects: pd.DataFrame, column: str) -> pd.DataFrame:
    """Count supported projects, those they plan for, and those that do not say, by ``column``."""
    pairs = paid[[column, "project_id"]].drop_duplicates()
    pairs = pairs.merge(projects[["project_id", "beneficiaries"]], on="project_id", how="left")
    planned = pairs.groupby(column)["beneficiaries"]
    counts = {"projects": planned.size(), "beneficiaries": planned.sum(min_count=1)}
    return pd.DataFrame({**counts, "unknown": planned.size() - planned.count()}).astype("Int64")


def leverage(rows: pd.DataFrame, city_funders: Collection[str]) -> Part:
    """Return the cents of other funders (part) for those of programme 147 (whole).

    Only on the projects that programme 147 supports; ``part / whole`` is the leverage, in euros of
    others for one euro. ``city_funders`` are the codes of programme 147 in the territory file.
    ``unknown`` counts the granted lines of these projects whose amount is missing.
    """
    paid = supported(rows)
    city = paid["funder"].isin(list(city_funders))
    ours = set(paid.loc[city & (paid["granted_cents"].fillna(0) > 0), "project_id"])
    on_them = paid["project_id"].isin(ours)
    cents = paid["granted_cents"].fillna(0)
    unknown = paid.loc[on_them & paid["granted_cents"].isna(), _LINE].drop_duplicates()
    return Part(int(cents[on_them & ~city].sum()), int(cents[on_them & city].sum()), len(unknown))


def renewal(rows: pd.DataFrame) -> Part:
    """Return the supported projects that renew one of the year before, among those that say so."""
    said = supported(rows).groupby("project_id")["renewal"].first()
    return Part(int((said == "renewed").sum()), int(said.notna().sum()), int(said.isna().sum()))


def requests(rows: pd.DataFrame) -> tuple[Part, Part]:
    """Return the share of requests granted, in number then in cents.

    A request is what a project asks of one funder. Only the answered ones count (granted, refused,
    ineligible); ``unknown`` are the pending ones. In cents: granted over requested, on the answered
    requests whose amount is known; one refused or ineligible obtains nothing. A request may belong
    to several quarters: it counts once. ``unknown`` of the second counts answered requests without
    a requested amount, or granted for an amount not written.
    """
    cents = ["requested_cents", "granted_cents"]
    lines = rows.groupby([*_LINE, "status"])[cents].sum(min_count=1).reset_index()
    answered = lines[lines["status"] != "pending"]
    won = answered["status"] == "granted"
    number = Part(int(won.sum()), len(answered), len(lines) - len(answered))
    obtained = answered["granted_cents"].where(won, 0)
    known = answered["requested_cents"].notna() & obtained.notna()
    asked = int(answered.loc[known, "requested_cents"].sum())
    return number, Part(int(obtained[known].sum()), asked, int((~known).sum()))


def delay(rows: pd.DataFrame, funding: pd.DataFrame) -> Delay:
    """Return the days between a request and its answer, over the answered requests of the rows.

    ``funding`` keeps contract FUNDING. An answer dated before its request counts as not dated.
    """
    answered = rows.loc[rows["status"] != "pending", _LINE].drop_duplicates()
    dates = answered.merge(funding[[*_LINE, "requested_on", "decided_on"]], on=_LINE, how="left")
    pairs = dates[["requested_on", "decided_on"]].dropna()
    days = [
        (date.fromisoformat(end) - date.fromisoformat(start)).days
        for start, end in pairs.itertuples(index=False)
    ]
    sound = pd.Series([count for count in days if count >= 0], dtype="float64")
    if sound.empty:
        return Delay(None, None, 0, len(answered))
    return Delay(float(sound.median()), int(sound.max()), len(sound), len(answered) - len(sound))
