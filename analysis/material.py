"""What leaves the atlas, gathered before it is printed or drawn: frames in, nothing is asked for.

``store.material`` fills it, so that a sheet or a map says what the pages say; ``reports`` reads it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import geopandas as gpd
import pandas as pd

from analysis.coverage import Grid, without
from analysis.equity import Equity
from analysis.indicators import Indicator, Vintage
from analysis.measure import Measure
from analysis.palette import group_colours
from analysis.profile import Reading
from analysis.programme import LoadedProgramme, grand_total, quarter_projects
from analysis.selection import Selection
from analysis.vocabulary import labels
from geo.catalogue import Dataset
from geo.territory import Territory

FICTITIOUS = "Données fictives : porteurs, projets et montants sont inventés."


@dataclass(frozen=True)
class Material:
    """What the sheets of one selection of all quarters share.

    ``day`` is written on the sheets; ``address`` is where the atlas answers (``https://…``), empty
    where it is not known: links then start at the page. ``rows`` are the rows of the ledger, all
    quarters and all that serves none, ``before`` those of the year before (None when the programme
    lacks it). ``table`` is ``store.tables.quarter_table``; ``equity`` need against effort, None
    where no need is published; ``grid`` and ``services`` the coverage; ``projects`` every project,
    as a point where it is located; ``doubts`` the cases to decide, by kind. Layers (``quarters``,
    ``projects``, a point a ``communes``) are in the metric system of the territory. ``histories``
    is ``Atlas.history`` by indicator, ``relations`` what became of each quarter. ``quarters_key``
    is the data set of the outlines in ``catalogue``; ``file`` gives the CSV of the projects of a
    quarter, or of all ("" for code), as the page Données does.
    """

    territory: Territory
    selection: Selection
    day: date
    address: str
    rows: pd.DataFrame
    before: pd.DataFrame | None
    table: pd.DataFrame
    equity: Equity | None
    grid: Grid
    services: pd.DataFrame
    projects: gpd.GeoDataFrame
    doubts: pd.DataFrame
    quarters: gpd.GeoDataFrame
    communes: gpd.GeoDataFrame
    labels: dict[str, str]
    relations: pd.DataFrame
    readings: list[Reading]
    indicators: Mapping[str, Indicator]
    histories: Mapping[str, pd.DataFrame]
    population: Vintage | None
    catalogue: Mapping[str, Dataset]
    quarters_key: str
    file: Callable[[str], bytes]

    def of(self, code: str) -> Selection:
        """Return the selection narrowed to one quarter."""
        return replace(self.selection, quarters=(code,))

    @cached_property
    def shares(self) -> dict[str, pd.DataFrame]:
        """Return ``quarter_projects`` of each quarter that a project serves, by its code."""
        return {str(code): own for code, own in quarter_projects(self.rows).groupby("served")}

    @cached_property
    def empty_cells(self) -> dict[str, list[str]]:
        """Return the words of the themes without any project, by quarter."""
        words = self.grid.words
        return {
            code: [words[one] for one in found] for code, found in without(self.grid.cells).items()
        }

    @cached_property
    def undecided(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the projects too near an edge to tell, and the rows of the ledger undecided."""
        doubtful = self.projects["targets"].map(lambda found: "undecided" in found)
        near = self.projects.loc[doubtful, ["project_id", "nearest_qpv_code"]]
        return pd.DataFrame(near), self.rows[self.rows["target"] == "undecided"]

    @cached_property
    def unallocated(self) -> pd.Series:
        """Return ``grand_total`` of what does not say which quarter it serves."""
        return grand_total(self.rows[self.rows["target"] == "unallocated"])

    @cached_property
    def secrets(self) -> dict[str, list[str]]:
        """Return the names of the indicators under statistical secrecy, by quarter."""
        found: dict[str, list[str]] = {code: [] for code in self.labels}
        for one in self.readings:
            status = one.quarters["status"]
            for code in status.index[status == "secret"]:
                found.setdefault(str(code), []).append(one.indicator.short)
        return {code: list(dict.fromkeys(names)) for code, names in found.items()}

    @property
    def fictitious(self) -> bool:
        """Say whether the money is that of a fictitious programme."""
        return self.territory.programme(self.selection.programme).fictitious

    @cached_property
    def groups(self) -> dict[str, tuple[str, str, str]]:
        """Return the letter, the label and the colour of each family of themes, by code."""
        words = labels(self.territory, "group")
        colours = group_colours(self.territory)
        letters = [group.letter for group in self.territory.nomenclature.groups] + ["?"]
        return {
            code: (letter, words[code], colours[code])
            for code, letter in zip(words, letters, strict=True)
        }


@dataclass(frozen=True)
class MapLayers:
    """The open layers of a map, EPSG:4326.

    ``quarters`` say which are renewal sites (``npnru``), ``bands`` their ``width_m``; ``communes``
    have ``lon`` and ``lat``; ``lived`` names its ``quarter``.
    """

    quarters: gpd.GeoDataFrame
    bands: gpd.GeoDataFrame
    communes: pd.DataFrame
    lived: gpd.GeoDataFrame


@dataclass(frozen=True)
class MapMaterial:
    """What the map of a selection shows, quarters coloured by ``measure``.

    ``rows`` are the rows of the ledger that are selected, ``every`` those of all quarters,
    ``table`` is ``store.tables.quarter_table`` and ``programme`` what the projects are drawn from.
    ``layers`` are made when asked for: a page has sent them once already. ``lived`` says that the
    territory declares lived places.
    """

    territory: Territory
    selection: Selection
    measure: Measure
    layers: Callable[[], MapLayers]
    lived: bool
    rows: pd.DataFrame
    every: pd.DataFrame
    table: pd.DataFrame
    programme: LoadedProgramme
    labels: dict[str, str]
    catalogue: Mapping[str, Dataset]
    quarters_key: str
