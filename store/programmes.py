"""Programmes read, located and allocated on the ground of a territory.

What is read and what is computed is kept until someone decides something about the programme, or
imports it anew.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import geopandas as gpd
import pandas as pd

from analysis.allocation import RULES, allocate, serve
from analysis.decisions import decided, settle_positions, standing
from analysis.duplicates import duplicates
from analysis.programme import LoadedProgramme, ledger
from geo import readers
from geo.catalogue import Dataset
from geo.coordinates import diagnose, usable
from geo.lived import lived_in
from geo.location import locate
from geo.schema import FUNDING, PROJECTS, empty
from geo.territory import NO_PROGRAMME, Programme, Territory
from store.decisions import Journal
from store.geocoding import Addresses
from store.imports import Imports, Tables
from store.registry import IMPORTED


@dataclass(frozen=True)
class Ground:
    """What a programme is located and shared on: layers in the territory's metric CRS.

    ``quarters`` and ``lived`` are in metres, ``communes`` and ``crosswalk`` obey their contracts,
    ``population`` is the number of inhabitants by quarter.
    """

    territory: Territory
    quarters: gpd.GeoDataFrame
    communes: pd.DataFrame
    crosswalk: pd.DataFrame
    lived: gpd.GeoDataFrame
    population: pd.Series


class Programmes:
    """The programmes of one territory; frames are shared and must not be modified by a caller."""

    def __init__(
        self,
        ground: Callable[[], Ground],
        entry: Callable[[str | None, str], Dataset],
        journal: Journal,
        imports: Imports,
        addresses: Addresses,
    ) -> None:
        """Take what gathers the ground when it is first needed, and what finds a data set."""
        self._addresses = addresses
        self._ground = ground
        self._entry = entry
        self._journal = journal
        self._imports = imports
        self._tables: dict[str, tuple[int, Tables]] = {}
        self._loaded: dict[str, LoadedProgramme] = {}
        self._what_ifs: dict[tuple[str, tuple[str, ...]], LoadedProgramme] = {}
        self._duplicates: dict[str, tuple[Tables, pd.DataFrame]] = {}

    def loaded(self, programme: Programme, rules: tuple[str, ...] = RULES) -> LoadedProgramme:
        """Read, locate and allocate a programme; kept until it is decided on or imported anew.

        Other ``rules`` than the usual ones give the same programme with its money shared
        otherwise: a what-if.
        """
        edition = (self._journal.size(), self._import(programme), self._addresses.edition())
        kept = self._loaded.get(programme.code)
        if kept is None or kept.edition != edition:
            projects, funding = self.tables(programme)
            projects = self._addresses.placed(projects)
            entries = self._journal.entries(programme.code)
            kept = _assemble(self._ground(), programme, projects, funding, entries, edition)
            self._loaded[programme.code] = kept
        return kept if rules == RULES else self._what_if(kept, rules)

    def _what_if(self, usual: LoadedProgramme, rules: tuple[str, ...]) -> LoadedProgramme:
        key = (usual.programme.code, rules)
        kept = self._what_ifs.get(key)
        if kept is None or kept.services is not usual.services:
            rows = _ledger(self._ground(), usual.projects, usual.funding, usual.services, rules)
            kept = self._what_ifs[key] = replace(usual, ledger=rows)
        return kept

    def duplicates(self, programme: Programme) -> pd.DataFrame:
        """Return the pairs of projects of a programme that may be one (``analysis.duplicates``)."""
        tables = self.tables(programme)
        kept = self._duplicates.get(programme.code)
        if kept is None or kept[0] is not tables:
            kept = self._duplicates[programme.code] = (tables, duplicates(*tables))
        return kept[1]

    def years(self, programme: Programme) -> list[int]:
        """Return the years of a programme, latest first; needs neither layer nor figures.

        A programme without a project has the year of today, so that a page has one to be empty of.
        """
        projects, _ = self.tables(programme)
        if projects.empty:
            return [date.today().year]
        return sorted((int(year) for year in projects["year"].unique()), reverse=True)

    def trial(
        self, programme: Programme, project_id: str, entry: pd.DataFrame, rules: tuple[str, ...]
    ) -> pd.DataFrame:
        """Return the ledger of one project as one more entry of the journal would make it.

        ``entry`` has the columns of ``Journal.entries``; nothing is recorded.
        """
        projects, funding = (
            part[part["project_id"] == project_id] for part in self.tables(programme)
        )
        entries = pd.concat([self._journal.entries(programme.code), entry], ignore_index=True)
        ground = self._ground()
        projects = self._addresses.placed(projects)
        tried = _assemble(ground, programme, projects, funding, entries)
        return _ledger(ground, tried.projects, tried.funding, tried.services, rules)

    def tables(self, programme: Programme) -> Tables:
        """Return a programme as it was read (contracts PROJECTS and FUNDING); kept."""
        number = self._import(programme)
        kept = self._tables.get(programme.code)
        if kept is None or kept[0] != number:
            kept = self._tables[programme.code] = (number, self._read(programme))
        return kept[1]

    def _import(self, programme: Programme) -> int:
        return self._imports.edition(programme.code) if programme.format == IMPORTED else 0

    def _read(self, programme: Programme) -> Tables:
        keys = programme.datasets
        if programme.format == IMPORTED:
            return self._imports.tables(programme.code)
        if programme == NO_PROGRAMME:
            return empty(PROJECTS), empty(FUNDING)
        if programme.format == "anct-postes":
            dataset = self._entry(keys.get("posts"), "posts")
            return readers.read_posts(dataset, programme.code, programme.funder)
        return readers.read_programme(
            self._entry(keys.get("projects"), "projects"),
            self._entry(keys.get("funding"), "funding"),
        )


def _assemble(
    ground: Ground,
    programme: Programme,
    projects: pd.DataFrame,
    funding: pd.DataFrame,
    entries: pd.DataFrame,
    edition: tuple[int, int, str] = (0, 0, ""),
) -> LoadedProgramme:
    territory = ground.territory
    uncertainty = territory.nomenclature.uncertainty_m
    # A position that cannot be right is not used until a person accepts what is proposed.
    diagnosis = diagnose(
        _unseated(projects), ground.communes, territory.crs, radius_m=territory.commune_radius_m
    )
    decisions = standing(entries, projects)
    projects, diagnosis = settle_positions(projects, diagnosis, decisions)
    places = usable(_unseated(projects), diagnosis)
    located = locate(
        places,
        ground.quarters,
        territory.crs,
        uncertainty,
        npnru=territory.npnru,
        generation=territory.generation,
    )
    lived = lived_in(places, located, ground.lived, uncertainty)
    # The territory's own quarters, and no other of a national correspondence: a code from
    # elsewhere is unknown here, and money given to it would be in no table.
    known = ground.quarters[["qpv_code"]].merge(ground.crosswalk, on="qpv_code", how="left")
    services = serve(projects, located, pd.DataFrame(known), lived["codes"])
    services["lived"] = lived["labels"]
    services = decided(services, projects, decisions, set(known["qpv_code"]))
    rows = _ledger(ground, projects, funding, services, RULES)
    return LoadedProgramme(
        programme, projects, funding, diagnosis, located, services, rows, edition
    )


def _ledger(
    ground: Ground,
    projects: pd.DataFrame,
    funding: pd.DataFrame,
    services: pd.DataFrame,
    rules: tuple[str, ...],
) -> pd.DataFrame:
    people = {str(code): int(count) for code, count in ground.population.dropna().items()}
    by_project = services.set_axis(projects["project_id"])
    allocation = allocate(by_project, funding, people, rules)
    groups = {theme.code: theme.group for theme in ground.territory.nomenclature.themes}
    return ledger(allocation, projects, groups)


def _unseated(projects: pd.DataFrame) -> pd.DataFrame:
    # An operator's seat is not where its action takes place: it is not located by it.
    seat = projects["address_kind"] == "seat"
    return projects.assign(lon=projects["lon"].mask(seat), lat=projects["lat"].mask(seat))
