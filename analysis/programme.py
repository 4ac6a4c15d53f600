"""The programme's ledger and its totals.

The ledger is the one frame every figure of money comes from: one row a funding line and target,
with the project's own attributes. Amounts are integer cents; a missing amount adds nothing and is
counted apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.allocation import CENTS, TARGETS
from geo.territory import Programme

NO_THEME = "none"
_ATTRIBUTES = [
    "project_id",
    "programme",
    "fictitious",
    "reference",
    "year",
    "title",
    "operator",
    "theme",
    "dispositif",
    "renewal",
]
# What a project's row takes from its own programme, in degrees (EPSG:4326) and cents.
OWN = (
    *("operator_siret", "operator_rna", "starts_on", "ends_on", "total_cost_cents"),
    *("lon", "lat", "position_method"),
)


@dataclass(frozen=True)
class LoadedProgramme:
    """A programme ready to be totalled: projects, funding, positions, service and ledger.

    ``diagnosis`` is ``geo.coordinates.diagnose``'s answer: a position with a fault is not used.
    ``edition`` says which decisions and which import were taken into account.
    """

    programme: Programme
    projects: pd.DataFrame
    funding: pd.DataFrame
    diagnosis: pd.DataFrame
    located: pd.DataFrame
    services: pd.DataFrame
    ledger: pd.DataFrame
    edition: tuple[int, int, str]


def ledger(
    allocation: pd.DataFrame, projects: pd.DataFrame, groups: dict[str, str]
) -> pd.DataFrame:
    """Join each allocated line with its project (many to one, every row kept).

    ``groups`` gives the family of each theme. A project without theme or dispositif gets "none",
    so that no filter or total loses it.
    """
    attributes = projects[_ATTRIBUTES].copy()
    attributes["theme"] = attributes["theme"].fillna(NO_THEME)
    attributes["dispositif"] = attributes["dispositif"].fillna(NO_THEME)
    attributes["group"] = [groups.get(theme, NO_THEME) for theme in attributes["theme"]]
    return allocation.merge(attributes, on="project_id", how="left", validate="many_to_one")


def totals(rows: pd.DataFrame, by: str | Sequence[str]) -> pd.DataFrame:
    """Return projects (distinct) and the three amounts in cents, by one or several columns.

    A project that serves two quarters counts once in each; the three amounts add up to the whole,
    the numbers of projects need not. An amount missing on every line of a group stays missing.
    """
    keys = [by] if isinstance(by, str) else list(by)
    grouped = rows.groupby(keys, dropna=False, observed=True)
    frame = grouped[list(CENTS)].sum(min_count=1)
    frame.insert(0, "projects", grouped["project_id"].nunique().astype("Int64"))
    return frame


def grand_total(rows: pd.DataFrame) -> pd.Series:
    """Return distinct projects and the sums of the three amounts, in cents."""
    least = 1 if len(rows) else 0
    sums = {name: rows[name].sum(min_count=least) for name in CENTS}
    return pd.Series({"projects": rows["project_id"].nunique(), **sums}, dtype="Int64")


def by_target(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the totals of every target, in the fixed order, zero where there is nothing.

    The identity every view shows: whole = quarters + outside + undecided + territory +
    unallocated, to the cent, for each amount apart.
    """
    return totals(rows, "target").reindex(list(TARGETS), fill_value=0)


def by_quarter(rows: pd.DataFrame, codes: Sequence[str]) -> pd.DataFrame:
    """Return the totals of each quarter, zero for a quarter without a project."""
    served = rows[rows["target"] == "quarter"]
    return totals(served, "qpv_code").reindex(list(codes), fill_value=0)


def per_inhabitant(cents: pd.Series, population: pd.Series) -> pd.Series:
    """Return cents per inhabitant (float), missing where the population is missing or zero.

    ``population`` is indexed like ``cents`` by quarter; its year and perimeter must be shown
    beside the figure.
    """
    people = population.reindex(cents.index).astype("Float64")
    return (cents.astype("Float64") / people.where(people > 0)).astype("float64")


def change(rows: pd.DataFrame, before: pd.DataFrame, by: str) -> pd.DataFrame:
    """Compare the granted cents of two years by one column: ``before``, ``now``, ``difference``.

    The difference is in cents. A group present in one year only counts zero in the other; one
    whose amounts are all missing (nothing is decided yet) stays missing, and so does its
    difference: it is no fall.
    """
    now = totals(rows, by)["granted_cents"]
    then = totals(before, by)["granted_cents"]
    groups = then.index.union(now.index)
    frame = pd.DataFrame(
        {
            "before": then.reindex(groups, fill_value=0),
            "now": now.reindex(groups, fill_value=0),
        }
    ).astype("Int64")
    frame["difference"] = frame["now"] - frame["before"]
    return frame


def operators(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the actors: projects, quarters served, funders that granted, and the three amounts.

    Indexed by operator, largest granted amount first; ``quarters`` and ``funders`` are tuples of
    codes.
    """
    frame = totals(rows, "operator")
    paid = rows[rows["granted_cents"].fillna(0) > 0]
    frame["quarters"] = _codes(rows.dropna(subset=["qpv_code"]), "qpv_code", frame.index)
    frame["funders"] = _codes(paid, "funder", frame.index)
    return frame.sort_values(["granted_cents", "projects"], ascending=False, kind="stable")


def project_table(rows: pd.DataFrame, by: Sequence[str] = ("project_id",)) -> pd.DataFrame:
    """Return one row a project of the rows: its attributes, quarters served and amounts (cents).

    Sorted by granted amount, largest first, then by identifier. ``by`` may put ``qpv_code`` before
    ``project_id``: one row a quarter and project then, the amounts those of the quarter.
    """
    first = [name for name in _ATTRIBUTES if name != "project_id"] + ["group", "situation"]
    grouped = rows.groupby(list(by) if len(by) > 1 else by[0])
    frame = grouped[first].first().join(grouped[list(CENTS)].sum(min_count=1))
    frame["quarters"] = _codes(rows.dropna(subset=["qpv_code"]), "qpv_code", frame.index)
    frame["targets"] = _codes(rows, "target", frame.index)
    frame["funders"] = _codes(rows, "funder", frame.index)
    frame["statuses"] = _codes(rows, "status", frame.index)
    frame["rules"] = _codes(rows, "rule", frame.index)
    ordered = frame.sort_values("granted_cents", ascending=False, kind="stable")
    return ordered.reset_index()


def placed_projects(loaded: LoadedProgramme, rows: pd.DataFrame) -> pd.DataFrame:
    """Return ``project_table`` of some rows of a programme, with where each project is.

    Columns added: those of OWN (contract PROJECTS) and those of ``located``.
    """
    return placed(loaded, project_table(rows))


def placed(loaded: LoadedProgramme, table: pd.DataFrame) -> pd.DataFrame:
    """Add to a table of projects of a programme the columns of ``placed_projects``."""
    own = loaded.projects[["project_id", *OWN]].join(loaded.located)
    return table.merge(own, on="project_id", how="left", validate="many_to_one")


def quarter_projects(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a quarter and project it is served by, all quarters in one go.

    Columns of ``project_table``, its order within a quarter, and ``served``, the quarter's code.
    """
    whole = project_table(rows, ("qpv_code", "project_id"))
    return whole.rename(columns={"qpv_code": "served"})


def _codes(rows: pd.DataFrame, column: str, index: pd.Index) -> pd.Series:
    found: dict[object, set[str]] = {}
    names = [str(name) for name in index.names]
    keys = zip(*(rows[name] for name in names), strict=True) if names[1:] else rows[names[0]]
    for key, code in zip(keys, rows[column], strict=True):
        found.setdefault(key, set()).add(code)
    codes = [tuple(sorted(found.get(key, ()))) for key in index]
    return pd.Series(codes, index=index, dtype="object")
