"""The yearly call of a selection, gathered: files, what is late or missing, the year before."""

from dataclasses import dataclass, replace

import pandas as pd

from analysis import campaign
from analysis.selection import Selection
from geo.territory import Campaign, DossierState
from store.atlas import Atlas
from store.tables import loaded, selected

GROUPS = {"theme": "Thème", "qpv_code": "Quartier", "operator": "Porteur"}


@dataclass(frozen=True)
class Call:
    """The files of a year (``analysis.campaign.files``, with title, operator and lateness).

    ``rows`` are the ledger rows of the selection; ``before`` is the year before, None if the
    programme lacks it; ``dates`` the campaign's, None if the territory does not tell them.
    """

    year: int
    files: pd.DataFrame
    rows: pd.DataFrame
    states: tuple[DossierState, ...]
    dates: Campaign | None
    before: "Call | None" = None

    def groups(self, column: str) -> pd.DataFrame:
        """Return the files by a column of GROUPS and by state, and those of the year before.

        Columns ``files``, ``before`` (missing without that year), then the states' codes.
        """
        now = campaign.by_group(self.rows, self.files, column)
        counts = pd.Series(pd.NA, now.index, dtype="Int64")
        if self.before is not None:
            then = campaign.by_group(self.before.rows, self.before.files, column)["files"]
            counts = then.reindex(now.index.union(then.index), fill_value=0).astype("Int64")
        table = now.reindex(counts.index, fill_value=0)
        table.insert(1, "before", counts)
        return table.sort_values("files", ascending=False, kind="stable")


def call(atlas: Atlas, selection: Selection, *, before: bool = True) -> Call:
    """Return the call of the selection's year, with the year before where there is one."""
    rows = selected(atlas, selection)
    programme = loaded(atlas, selection)
    projects = programme.projects[programme.projects["project_id"].isin(rows["project_id"])]
    states = atlas.territory.nomenclature.dossier_states
    dates = {one.year: one for one in atlas.territory.campaigns}.get(selection.year)
    found = campaign.files(projects, programme.funding, states)
    found = found.join(projects[["reference", "title", "operator"]])
    found["late"] = campaign.late(found, dates.deadline) if dates else False
    earlier = None
    if before and selection.year - 1 in atlas.years(selection.programme):
        earlier = call(atlas, replace(selection, year=selection.year - 1), before=False)
    return Call(selection.year, found, rows, states, dates, earlier)
