"""Everything the views need, gathered once from the data directory.

Each part is read when first asked for and kept; a part whose file is missing or altered raises an
AtlasError each time it is asked for, and the parts that do not need it still work.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import pandas as pd

from analysis.allocation import RULES, allocate, serve
from analysis.decisions import decided, settle_positions, standing
from analysis.duplicates import duplicates
from analysis.indicators import Indicator, Vintage, latest
from analysis.profile import Reading, history, readings
from analysis.programme import ledger
from geo import readers
from geo.catalogue import Dataset, data_directory, load_catalogue, refuse_absent_catalogue
from geo.coordinates import diagnose, usable
from geo.crosswalk import overlap, relations_by_area, relations_by_code
from geo.crs import to_metric, to_wgs84
from geo.errors import TerritoryError
from geo.layers import read_layer
from geo.lived import lived_in, lived_layer, read_area
from geo.location import locate
from geo.proximity import bands
from geo.schema import QUARTERS
from geo.territory import (
    LivedArea,
    LivedPlace,
    Programme,
    Territory,
    load_territory,
    territory_code,
)
from store.decisions import Journal, database_url
from store.figures import Figures, load_indicators


@dataclass(frozen=True)
class LoadedProgramme:
    """A programme ready to be totalled: projects, funding, positions, service and ledger.

    ``diagnosis`` is ``geo.coordinates.diagnose``'s answer: a position with a fault is not used.
    ``journal_size`` is how many entries of the journal of decisions were taken into account.
    """

    programme: Programme
    projects: pd.DataFrame
    funding: pd.DataFrame
    diagnosis: pd.DataFrame
    located: pd.DataFrame
    services: pd.DataFrame
    ledger: pd.DataFrame
    journal_size: int


class Atlas:
    """One territory and its data; frames are shared and must not be modified by a caller."""

    def __init__(
        self, directory: Path, code: str | None = None, database: str | None = None
    ) -> None:
        """Open the territory ``code`` of a data directory (the first one without a code).

        ``database`` is the address of the journal of decisions (``database_url()`` without it).
        """
        self.directory = directory
        self._database = database
        self.territory: Territory = load_territory(directory, code)
        self._programmes: dict[str, LoadedProgramme] = {}
        self._duplicates: dict[str, pd.DataFrame] = {}
        self._what_ifs: dict[tuple[str, tuple[str, ...]], LoadedProgramme] = {}
        self._figures = Figures(self.dataset)
        self._seen: pd.DataFrame | None = None
        self._readings: list[Reading] | None = None
        self._histories: dict[str, pd.DataFrame] = {}
        self._tables: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}

    @cached_property
    def catalogue(self) -> dict[str, Dataset]:
        """Return the data sets of every catalogue of the data directory, by key."""
        return load_catalogue(self.directory)

    @cached_property
    def fingerprint(self) -> str:
        """Return a digest of the territory and of every data set: what a cache may be keyed by."""
        parts = [self.territory.code, *(dataset.sha256 for dataset in self.catalogue.values())]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()

    @cached_property
    def journal(self) -> Journal:
        """Return the journal of the decisions made on this territory."""
        return Journal(self._database or database_url(), self.territory.code)

    @property
    def edition(self) -> str:
        """Return what a cache of a programme may be keyed by: its data and the decisions made."""
        return f"{self.fingerprint}-{self.journal.size()}"

    def dataset(self, role: str) -> Dataset:
        """Return the data set that plays a role (``quarters``, ``insee``…) in this territory."""
        return self._entry(self.territory.datasets.get(role), role)

    def _entry(self, key: str | None, role: str) -> Dataset:
        if key not in self.catalogue:
            # What was missing may have been put back: the catalogues are read again.
            self.__dict__.pop("catalogue", None)
            self.__dict__.pop("fingerprint", None)
        if key is None or key not in self.catalogue:
            refuse_absent_catalogue(self.directory, key or role)
            raise TerritoryError(
                f"Le territoire « {self.territory.code} » demande le jeu « {key or role} », absent"
                " du catalogue ; ajoutez-le à un catalogue.toml de data/."
            )
        return self.catalogue[key]

    @cached_property
    def quarters(self) -> gpd.GeoDataFrame:
        """Return the quarters (contract QUARTERS, EPSG:4326), sorted by code."""
        return self._layer[0]

    @property
    def repairs(self) -> pd.DataFrame:
        """Return what was repaired in the layer of quarters when it was read (``geo.repair``)."""
        return self._layer[1]

    @cached_property
    def _layer(self) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
        return read_layer(self.dataset("quarters"), contract=QUARTERS)

    @cached_property
    def quarters_metric(self) -> gpd.GeoDataFrame:
        """Return the quarters in the territory's metric CRS."""
        return to_metric(self.quarters, self.territory.crs)

    @cached_property
    def bands(self) -> gpd.GeoDataFrame:
        """Return the 300 m and 500 m bands around the quarters, in EPSG:4326."""
        return to_wgs84(bands(self.quarters_metric, self.territory.npnru, self.territory.crs))

    @cached_property
    def lived(self) -> gpd.GeoDataFrame:
        """Return the places and areas outside the quarters that count as theirs, in metres.

        Raises TerritoryError when one of them names a quarter that is not of the territory.
        """
        territory = self.territory
        places, areas = territory.lived_places, territory.lived_areas
        known = set(self.quarters["qpv_code"])
        both: list[LivedPlace | LivedArea] = [*places, *areas]
        unknown = [one for one in both if one.qpv not in known]
        if unknown:
            named = ", ".join(f"« {one.label} » ({one.qpv})" for one in unknown)
            raise TerritoryError(
                f"Territoire « {territory.code} », lieux vécus : quartier inconnu pour {named} ; "
                "attendu : un code de la couche des quartiers."
            )
        shapes = {area: read_area(self._entry(area.dataset, area.label)) for area in areas}
        return lived_layer(places, shapes, territory.crs)

    @cached_property
    def communes(self) -> pd.DataFrame:
        """Return the communes (contract COMMUNES)."""
        return readers.read_communes(self.dataset("communes"))

    @cached_property
    def crosswalk(self) -> pd.DataFrame:
        """Return the correspondence of the two generations (contract CROSSWALK)."""
        return readers.read_crosswalk(self.dataset("crosswalk"))

    @property
    def relations_are_measured(self) -> bool:
        """Say whether ``relations`` come from areas (both layers present) or from codes."""
        return "quarters_2015_layer" in self.territory.datasets

    @cached_property
    def relations(self) -> pd.DataFrame:
        """Return what became of each quarter at the change of generation (``geo.crosswalk``).

        By shared areas when the territory has a layer of its 2015 quarters (part
        ``quarters_2015_layer``), else by the official correspondence of codes. Of a national file,
        only the territory's quarters of either generation are kept.
        """
        found = self._every_relation()
        former = set(self.quarters_2015["qpv_code"])
        ours = found["qpv_code"].isin(set(self.quarters["qpv_code"]))
        return found[ours | found["qpv_code_2015"].isin(former)].reset_index(drop=True)

    @cached_property
    def quarters_2015(self) -> pd.DataFrame:
        """Return the table of the 2015 quarters (contract QUARTERS_2015)."""
        return readers.read_quarters_2015(self.dataset("quarters_2015"))

    def _every_relation(self) -> pd.DataFrame:
        if not self.relations_are_measured:
            return relations_by_code(self.crosswalk)
        former, _ = read_layer(self.dataset("quarters_2015_layer"))
        metric = to_metric(former, self.territory.crs)
        return relations_by_area(overlap(metric, self.quarters_metric, self.territory.crs))

    @property
    def figures(self) -> pd.DataFrame:
        """Return every published figure that can be read, in one long frame (FIGURES).

        A data set that cannot be read is in ``figure_faults``: its indicators are "absent".
        """
        whole = self._figures.whole()
        if whole is not self._seen:
            self._seen, self._readings = whole, None
            self._histories.clear()
        return whole

    @property
    def figure_faults(self) -> dict[str, str]:
        """Return what is wrong with each data set of figures that cannot be read, by part."""
        return self._figures.faults()

    @cached_property
    def indicators(self) -> dict[str, Indicator]:
        """Return the catalogue of indicators, by code."""
        return load_indicators(self.directory, self.territory.datasets)

    @property
    def readings(self) -> list[Reading]:
        """Return every indicator of every quarter, latest and comparable years (see profile)."""
        figures, areas = self.figures, self.territory.comparators
        if self._readings is None:
            self._readings = readings(self.indicators, figures, self.crosswalk, areas)
        return self._readings

    def history(self, code: str) -> pd.DataFrame:
        """Return every proven year of an indicator (``analysis.profile.history``); kept."""
        figures = self.figures
        if code not in self._histories:
            self._histories[code] = history(self.indicators[code], figures, self.crosswalk)
        return self._histories[code]

    @cached_property
    def population(self) -> tuple[Vintage | None, pd.Series]:
        """Return the population of each 2024 quarter and its vintage (year and perimeter).

        Raises AtlasError when its own data set cannot be read: money shared by inhabitants would
        otherwise be shared by another rule, and nothing would say so.
        """
        indicator = self.indicators["population"]
        figures = self._figures.of(source.dataset for source in indicator.sources)
        vintage, frame = latest(indicator, figures, self.crosswalk)
        return vintage, frame["value"].astype("Int64").rename("population")

    @cached_property
    def quarter_labels(self) -> dict[str, str]:
        """Return a name for each quarter that cannot be mistaken: its name and first commune."""
        names = zip(
            self.quarters["qpv_code"],
            self.quarters["qpv_name"],
            self.quarters["commune_names"],
            strict=True,
        )
        return {code: f"{name} ({communes.split(',')[0]})" for code, name, communes in names}

    def programme(self, code: str, rules: tuple[str, ...] = RULES) -> LoadedProgramme:
        """Read, locate and allocate a programme; kept until someone decides something.

        Other ``rules`` than the usual ones give the same programme with its money shared
        otherwise: a what-if.
        """
        size, kept = self.journal.size(), self._programmes.get(code)
        if kept is None or kept.journal_size != size:
            kept = self._load(self.territory.programme(code), size)
            self._programmes[code] = kept
        return kept if rules == RULES else self._what_if(kept, rules)

    def _what_if(self, usual: LoadedProgramme, rules: tuple[str, ...]) -> LoadedProgramme:
        key = (usual.programme.code, rules)
        kept = self._what_ifs.get(key)
        if kept is None or kept.services is not usual.services:
            rows = self._ledger(usual.projects, usual.funding, usual.services, rules)
            kept = self._what_ifs[key] = replace(usual, ledger=rows)
        return kept

    def duplicates(self, code: str) -> pd.DataFrame:
        """Return the pairs of projects of a programme that may be one (``analysis.duplicates``)."""
        if code not in self._duplicates:
            self._duplicates[code] = duplicates(*self._read(self.territory.programme(code)))
        return self._duplicates[code]

    def years(self, code: str) -> list[int]:
        """Return the years of a programme, latest first; needs neither layer nor figures."""
        projects, _ = self._read(self.territory.programme(code))
        return sorted((int(year) for year in projects["year"].unique()), reverse=True)

    def trial(
        self, code: str, project_id: str, entry: pd.DataFrame, rules: tuple[str, ...] = RULES
    ) -> pd.DataFrame:
        """Return the ledger of one project as one more entry of the journal would make it.

        ``entry`` has the columns of ``Journal.entries``; nothing is recorded.
        """
        programme = self.territory.programme(code)
        projects, funding = (
            part[part["project_id"] == project_id] for part in self._read(programme)
        )
        entries = pd.concat([self.journal.entries(code), entry], ignore_index=True)
        tried = self._assemble(programme, projects, funding, entries)
        return self._ledger(tried.projects, tried.funding, tried.services, rules)

    def _load(self, programme: Programme, journal_size: int) -> LoadedProgramme:
        projects, funding = self._read(programme)
        entries = self.journal.entries(programme.code)
        return self._assemble(programme, projects, funding, entries, journal_size)

    def _assemble(
        self,
        programme: Programme,
        projects: pd.DataFrame,
        funding: pd.DataFrame,
        entries: pd.DataFrame,
        journal_size: int = 0,
    ) -> LoadedProgramme:
        uncertainty = self.territory.nomenclature.uncertainty_m
        # A position that cannot be right is not used until a person accepts what is proposed.
        diagnosis = diagnose(
            _unseated(projects),
            self.communes,
            self.territory.crs,
            radius_m=self.territory.commune_radius_m,
        )
        decisions = standing(entries, projects)
        projects, diagnosis = settle_positions(projects, diagnosis, decisions)
        places = usable(_unseated(projects), diagnosis)
        located = locate(
            places,
            self.quarters_metric,
            self.territory.crs,
            uncertainty,
            npnru=self.territory.npnru,
            generation=self.territory.generation,
        )
        lived = lived_in(places, located, self.lived, uncertainty)
        # The territory's own quarters, and no other of a national correspondence: a code from
        # elsewhere is unknown here, and money given to it would be in no table.
        known = self.quarters[["qpv_code"]].merge(self.crosswalk, on="qpv_code", how="left")
        services = serve(projects, located, pd.DataFrame(known), lived["codes"])
        services["lived"] = lived["labels"]
        services = decided(services, projects, decisions, set(known["qpv_code"]))
        rows = self._ledger(projects, funding, services, RULES)
        return LoadedProgramme(
            programme, projects, funding, diagnosis, located, services, rows, journal_size
        )

    def _ledger(
        self,
        projects: pd.DataFrame,
        funding: pd.DataFrame,
        services: pd.DataFrame,
        rules: tuple[str, ...],
    ) -> pd.DataFrame:
        people = {str(code): int(count) for code, count in self.population[1].dropna().items()}
        by_project = services.set_axis(projects["project_id"])
        allocation = allocate(by_project, funding, people, rules)
        groups = {theme.code: theme.group for theme in self.territory.nomenclature.themes}
        return ledger(allocation, projects, groups)

    def _read(self, programme: Programme) -> tuple[pd.DataFrame, pd.DataFrame]:
        if programme.code not in self._tables:
            self._tables[programme.code] = self._read_tables(programme)
        return self._tables[programme.code]

    def _read_tables(self, programme: Programme) -> tuple[pd.DataFrame, pd.DataFrame]:
        keys = programme.datasets
        if programme.format == "anct-postes":
            dataset = self._entry(keys.get("posts"), "posts")
            return readers.read_posts(dataset, programme.code, programme.funder)
        return readers.read_programme(
            self._entry(keys.get("projects"), "projects"),
            self._entry(keys.get("funding"), "funding"),
        )


def _unseated(projects: pd.DataFrame) -> pd.DataFrame:
    # An operator's seat is not where its action takes place: it is not located by it.
    seat = projects["address_kind"] == "seat"
    return projects.assign(lon=projects["lon"].mask(seat), lat=projects["lat"].mask(seat))


def open_atlas(
    directory: Path | None = None, code: str | None = None, database: str | None = None
) -> Atlas:
    """Open the atlas of the configured data directory, territory and journal of decisions.

    ``ATLAS_DATA_DIR``, ``ATLAS_TERRITORY`` and ``ATLAS_DATABASE_URL`` are used where an argument
    is not given. Raises TerritoryError when the territory file is absent or incomplete.
    """
    return Atlas(directory or data_directory(), code or territory_code(), database)
