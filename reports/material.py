"""What the sheets of one selection share, gathered once: the tables that the pages show."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from analysis.equity import Equity
from analysis.need import NeedRefused
from analysis.palette import group_colours
from analysis.selection import Selection
from analysis.vocabulary import labels
from geo.crs import WGS84, to_metric
from store.atlas import Atlas
from store.coverage import Grid, grid, services
from store.equity import Choice, equity
from store.tables import projects_of, quarter_table, selected, year_before

FICTITIOUS = "Données fictives : porteurs, projets et montants sont inventés."


@dataclass(frozen=True)
class Material:
    """A selection of all quarters, the day written on the sheets and the address of the atlas.

    ``address`` is where the atlas answers (``https://…``), empty where it is not known: links then
    start at the page.
    """

    atlas: Atlas
    selection: Selection
    day: date
    address: str = ""

    def of(self, code: str) -> Selection:
        """Return the selection narrowed to one quarter."""
        return replace(self.selection, quarters=(code,))

    @property
    def fictitious(self) -> bool:
        """Say whether the money is that of a fictitious programme."""
        return self.atlas.territory.programme(self.selection.programme).fictitious

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Return the rows of the ledger, all quarters and all that serves none."""
        return selected(self.atlas, self.selection, quarters=False)

    @cached_property
    def before(self) -> pd.DataFrame | None:
        """Return the rows of the year before; None when the programme lacks it."""
        return year_before(self.atlas, replace(self.selection, quarters=()))

    @cached_property
    def quarters(self) -> pd.DataFrame:
        """Return ``store.tables.quarter_table``: one row a quarter, by code."""
        return quarter_table(self.atlas, self.selection)

    @cached_property
    def equity(self) -> Equity | None:
        """Return need against effort of all quarters; None where no need is published."""
        try:
            return equity(self.atlas, self.selection, Choice())
        except NeedRefused:
            return None

    @cached_property
    def grid(self) -> Grid:
        """Return the coverage of every quarter by theme."""
        return grid(self.atlas, replace(self.selection, quarters=()))

    @cached_property
    def services(self) -> pd.DataFrame:
        """Return what every quarter should have, and how far the nearest is."""
        return services(self.atlas, replace(self.selection, quarters=()))

    @cached_property
    def projects(self) -> gpd.GeoDataFrame:
        """Return every project of the selection, as points in metres where it is located."""
        table = projects_of(self.atlas, replace(self.selection, quarters=()))
        points = gpd.points_from_xy(table["lon"], table["lat"])
        layer = gpd.GeoDataFrame(table, geometry=points, crs=WGS84)
        layer.loc[table["location_status"] == "not_located", "geometry"] = None
        return to_metric(layer, self.crs)

    @cached_property
    def communes(self) -> gpd.GeoDataFrame:
        """Return a point of each commune with its name, in metres."""
        table = self.atlas.communes.dropna(subset=["lon", "lat"])
        points = gpd.points_from_xy(table["lon"], table["lat"])
        return to_metric(gpd.GeoDataFrame(table, geometry=points, crs=WGS84), self.crs)

    @property
    def crs(self) -> CRS:
        """Return the metric system of the territory."""
        return self.atlas.territory.crs

    @cached_property
    def groups(self) -> dict[str, tuple[str, str, str]]:
        """Return the letter, the label and the colour of each family of themes, by code."""
        words = labels(self.atlas.territory, "group")
        colours = group_colours(self.atlas.territory)
        letters = [group.letter for group in self.atlas.territory.nomenclature.groups] + ["?"]
        return {
            code: (letter, words[code], colours[code])
            for code, letter in zip(words, letters, strict=True)
        }
