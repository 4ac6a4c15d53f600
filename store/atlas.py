"""Everything the views need, gathered once from the data directory.

Each part is read when first asked for and kept; a part whose file is missing or altered raises an
AtlasError each time it is asked for, and the parts that do not need it still work.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import pandas as pd

from analysis.allocation import allocate, serve
from analysis.indicators import Indicator, Vintage, catalogue, latest
from analysis.profile import Reading, history, readings
from analysis.programme import ledger
from geo import readers
from geo.catalogue import RESTORE, Dataset, data_directory, load_catalogue
from geo.crs import to_metric, to_wgs84
from geo.errors import DataFileError, TerritoryError
from geo.location import locate
from geo.proximity import bands
from geo.territory import Programme, Territory, load_territory, territory_code


@dataclass(frozen=True)
class LoadedProgramme:
    """A programme ready to be totalled: projects, funding, positions, service and ledger."""

    programme: Programme
    projects: pd.DataFrame
    funding: pd.DataFrame
    located: pd.DataFrame
    services: pd.DataFrame
    ledger: pd.DataFrame


class Atlas:
    """One territory and its data; frames are shared and must not be modified by a caller."""

    def __init__(self, directory: Path, code: str | None = None) -> None:
        """Open the territory ``code`` of a data directory (the first one without a code)."""
        self.directory = directory
        self.territory: Territory = load_territory(directory, code)
        self._programmes: dict[str, LoadedProgramme] = {}
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

    def dataset(self, role: str) -> Dataset:
        """Return the data set that plays a role (``quarters``, ``insee``…) in this territory."""
        return self._entry(self.territory.datasets.get(role), role)

    def _entry(self, key: str | None, role: str) -> Dataset:
        if key is None or key not in self.catalogue:
            raise TerritoryError(
                f"Le territoire « {self.territory.code} » demande le jeu « {key or role} », absent"
                " du catalogue ; ajoutez-le à un catalogue.toml de data/."
            )
        return self.catalogue[key]

    @cached_property
    def quarters(self) -> gpd.GeoDataFrame:
        """Return the quarters (contract QUARTERS, EPSG:4326), sorted by code."""
        return readers.read_quarters(self.dataset("quarters"))

    @cached_property
    def quarters_metric(self) -> gpd.GeoDataFrame:
        """Return the quarters in the territory's metric CRS."""
        return to_metric(self.quarters, self.territory.crs)

    @cached_property
    def bands(self) -> gpd.GeoDataFrame:
        """Return the 300 m and 500 m bands around the quarters, in EPSG:4326."""
        return to_wgs84(bands(self.quarters_metric, self.territory.npnru, self.territory.crs))

    @cached_property
    def communes(self) -> pd.DataFrame:
        """Return the communes (contract COMMUNES)."""
        return readers.read_communes(self.dataset("communes"))

    @cached_property
    def crosswalk(self) -> pd.DataFrame:
        """Return the correspondence of the two generations (contract CROSSWALK)."""
        return readers.read_crosswalk(self.dataset("crosswalk"))

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Return every published figure of the territory in one long frame (FIGURES)."""
        parts = [
            readers.read_insee(self.dataset("insee")),
            readers.read_panel(self.dataset("filosofi")),
            readers.read_panel(self.dataset("rpls")),
            readers.read_comparators(self.dataset("comparators")),
        ]
        return pd.concat(parts, ignore_index=True)

    @cached_property
    def indicators(self) -> dict[str, Indicator]:
        """Return the catalogue of indicators, by code."""
        path = self.directory / "indicators.toml"
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8"))
            return catalogue(entries, self.territory.datasets)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataFileError(
                f"Le catalogue {path.name} est illisible : {error}. {RESTORE}"
            ) from error

    @cached_property
    def readings(self) -> list[Reading]:
        """Return every indicator of every quarter, latest and comparable years (see profile)."""
        return readings(self.indicators, self.figures, self.crosswalk, self.territory.comparators)

    def history(self, code: str) -> pd.DataFrame:
        """Return every proven year of an indicator (``analysis.profile.history``); kept."""
        if code not in self._histories:
            indicator = self.indicators[code]
            self._histories[code] = history(indicator, self.figures, self.crosswalk)
        return self._histories[code]

    @cached_property
    def population(self) -> tuple[Vintage | None, pd.Series]:
        """Return the population of each 2024 quarter and its vintage (year and perimeter)."""
        indicator = self.indicators["population"]
        vintage, frame = latest(indicator, self.figures, self.crosswalk)
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

    def programme(self, code: str) -> LoadedProgramme:
        """Read, locate and allocate a programme; kept for the next call."""
        if code not in self._programmes:
            self._programmes[code] = self._load(self.territory.programme(code))
        return self._programmes[code]

    def years(self, code: str) -> list[int]:
        """Return the years of a programme, latest first; needs neither layer nor figures."""
        projects, _ = self._read(self.territory.programme(code))
        return sorted((int(year) for year in projects["year"].unique()), reverse=True)

    def _load(self, programme: Programme) -> LoadedProgramme:
        projects, funding = self._read(programme)
        uncertainty = self.territory.nomenclature.uncertainty_m
        located = locate(projects, self.quarters_metric, self.territory.crs, uncertainty)
        # The territory's own quarters, and no other of a national correspondence: a code from
        # elsewhere is unknown here, and money given to it would be in no table.
        known = self.quarters[["qpv_code"]].merge(self.crosswalk, on="qpv_code", how="left")
        services = serve(projects, located, pd.DataFrame(known))
        people = {str(code): int(count) for code, count in self.population[1].dropna().items()}
        allocation = allocate(services.set_axis(projects["project_id"]), funding, people)
        groups = {theme.code: theme.group for theme in self.territory.nomenclature.themes}
        rows = ledger(allocation, projects, groups)
        return LoadedProgramme(programme, projects, funding, located, services, rows)

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


def open_atlas(directory: Path | None = None, code: str | None = None) -> Atlas:
    """Open the atlas of the configured data directory and territory.

    ``ATLAS_DATA_DIR`` and ``ATLAS_TERRITORY`` are used where an argument is not given. Raises
    TerritoryError when the territory file is absent or incomplete.
    """
    return Atlas(directory or data_directory(), code or territory_code())
