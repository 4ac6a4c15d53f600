"""Everything the views need, gathered once from the data directory.

Each part is read when first asked for and kept; a part whose file is missing or altered raises an
AtlasError each time it is asked for, and the parts that do not need it still work.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path

import geopandas as gpd
import pandas as pd

from analysis.allocation import RULES
from analysis.indicators import Indicator, Vintage, every_source, latest, narrowed
from analysis.profile import Reading, history, readings
from analysis.programme import LoadedProgramme
from geo import readers
from geo.catalogue import (
    Dataset,
    condition,
    data_directory,
    installed_directory,
    load_catalogue,
    refuse_absent_catalogue,
)
from geo.crosswalk import overlap, relations_by_area, relations_by_code, uncrossed
from geo.crs import to_metric, to_wgs84
from geo.errors import AtlasError, StoreError, TerritoryError
from geo.layers import Epci, read_layer, with_names, with_points
from geo.lived import lived_layer, read_area
from geo.proximity import bands
from geo.repair import still_valid
from geo.schema import CROSSWALK, QUARTERS, check, empty
from geo.shapes import overlaps
from geo.territory import (
    LivedArea,
    LivedPlace,
    Programme,
    Territory,
    load_territory,
    territory_code,
)
from store.bundles import read_bundle
from store.database import Database
from store.decisions import Journal
from store.figures import Figures, load_indicators
from store.geocoding import Addresses
from store.imports import Imports
from store.programmes import Ground, Programmes
from store.published import load_known
from store.registry import Registry

FORMER_LAYER = "quarters_2015_layer"


class Atlas:
    """One territory and its data; frames are shared and must not be modified by a caller."""

    def __init__(
        self,
        directory: Path,
        code: str | None = None,
        database: str | None = None,
        installed: Path | None = None,
    ) -> None:
        """Open the territory ``code`` of a data directory (the first one without a code).

        ``database`` is the address of the database (``database_url()`` without it), ``installed``
        the directory of the official layers that replace embedded ones, if any.
        """
        self.directory = directory
        self.installed = installed
        self.database = Database(database)
        self.territory: Territory = load_territory(directory, code)
        self.imports = Imports(self.database, self.territory)
        self.registry = Registry(self.database, self.territory)
        self.refresh()
        parts = self.territory.datasets
        self._figures = Figures(
            self.dataset, lambda: every_source(self.indicators), parts, self._readers
        )
        self._seen: pd.DataFrame | None = None
        self._readings: list[Reading] | None = None
        self._histories: dict[str, pd.DataFrame] = {}

    def refresh(self) -> None:
        """Look again which programmes there are: ``territory`` then tells imported ones too.

        Those of the territory's file alone where the database cannot be read: whoever opens a
        programme is told why.
        """
        with suppress(StoreError):
            self.territory = self.registry.territory()

    @cached_property
    def catalogue(self) -> dict[str, Dataset]:
        """Return the data sets of every catalogue of the data directory, by key."""
        return load_catalogue(self.directory, self.installed)

    @cached_property
    def fingerprint(self) -> str:
        """Return a digest of the territory and of every data set: what a cache may be keyed by."""
        parts = [self.territory.code, *(dataset.sha256 for dataset in self.catalogue.values())]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()

    @cached_property
    def journal(self) -> Journal:
        """Return the journal of the decisions made on this territory."""
        return Journal(self.database, self.territory.code)

    @cached_property
    def addresses(self) -> Addresses:
        """Return what the address service answered (``store.geocoding``)."""
        return Addresses(self.database, self.territory.nomenclature.geocoding_score)

    @property
    def edition(self) -> str:
        """Return what a cache of a programme may be keyed by: data, decisions, imports, places."""
        sizes = (self.journal.size(), self.imports.size(), self.addresses.edition())
        return "-".join([self.fingerprint, *map(str, sizes)])

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
        epci = Epci(self.territory.epci_siren, lambda: self.communes["commune_code"])
        dataset = self.dataset("quarters")
        layer, repairs = read_layer(dataset, epci=epci)
        if layer["commune_names"].isna().any():
            # A quarter may reach into a commune of elsewhere: every name that is listed counts.
            layer = with_names(layer, readers.read_communes(self.dataset("communes")))
        return check(layer, QUARTERS, dataset.path.name, first_line=1), repairs

    @cached_property
    def quarters_metric(self) -> gpd.GeoDataFrame:
        """Return the quarters in the territory's metric CRS."""
        return still_valid(to_metric(self.quarters, self.territory.crs))

    @cached_property
    def overlaps(self) -> pd.DataFrame:
        """Return the pairs of quarters that overlap (``geo.shapes.overlaps``)."""
        return overlaps(self.quarters_metric, self.territory.crs)

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
        return readers.read_communes(self.dataset("communes"), self.territory.epci_siren)

    @cached_property
    def crosswalk(self) -> pd.DataFrame:
        """Return the correspondence of the two generations (contract CROSSWALK).

        A territory without one knows its quarters, and of none what it was before.
        """
        if "crosswalk" not in self.territory.datasets:
            return uncrossed(self.quarters["qpv_code"])
        return readers.read_crosswalk(self.dataset("crosswalk"))

    @property
    def relations_are_measured(self) -> bool:
        """Say whether ``relations`` come from areas (both layers present) or from codes."""
        return FORMER_LAYER in self.territory.datasets

    @cached_property
    def former_layer(self) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
        """Return the outlines of the 2015 quarters (EPSG:4326) and what was repaired in them.

        Raises TerritoryError where the territory has no such layer.
        """
        return read_layer(self.dataset(FORMER_LAYER))

    @cached_property
    def relations(self) -> pd.DataFrame:
        """Return what became of each quarter at the change of generation (``geo.crosswalk``).

        By shared areas when the territory has a layer of its 2015 quarters (part
        FORMER_LAYER), else by the official correspondence of codes; nothing is told without
        either. Of a national file, only the territory's quarters of either generation are kept.
        """
        if not {"crosswalk", FORMER_LAYER} & set(self.territory.datasets):
            return relations_by_code(empty(CROSSWALK))
        found = self._every_relation()
        listed = "quarters_2015" in self.territory.datasets
        former = set(self.quarters_2015["qpv_code"]) if listed else set()
        ours = found["qpv_code"].isin(set(self.quarters["qpv_code"]))
        return found[ours | found["qpv_code_2015"].isin(former)].reset_index(drop=True)

    @cached_property
    def quarters_2015(self) -> pd.DataFrame:
        """Return the table of the 2015 quarters (contract QUARTERS_2015)."""
        return readers.read_quarters_2015(self.dataset("quarters_2015"))

    def _every_relation(self) -> pd.DataFrame:
        if not self.relations_are_measured:
            return relations_by_code(self.crosswalk)
        metric = to_metric(self.former_layer[0], self.territory.crs)
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

    @property
    def file_faults(self) -> list[str]:
        """Return what is wrong with each file of the catalogues that is missing or altered."""
        found = (condition(dataset)[1] for dataset in self.catalogue.values())
        return [problem for problem in found if problem]

    @cached_property
    def indicators(self) -> dict[str, Indicator]:
        """Return the catalogue of indicators, by code."""
        return load_indicators(self.directory, self.territory.datasets, self._bundles())

    def _bundles(self) -> list[Dataset]:
        with suppress(AtlasError):  # each part says by itself that there is no catalogue
            return [dataset for dataset in self.catalogue.values() if dataset.part]
        return []

    def _readers(self) -> dict[str, Callable[[], pd.DataFrame]]:
        def read(dataset: Dataset) -> pd.DataFrame:
            """Return the figures of a bundle."""
            return read_bundle(dataset, load_known(self.directory), self.figure_areas()).figures

        return {dataset.key: partial(read, dataset) for dataset in self._bundles()}

    def figure_areas(self) -> set[tuple[str, str]]:
        """Return the (level, code) of which figures are read: quarters, communes, larger areas.

        Quarters are those of both generations. Raises AtlasError when a layer cannot be read.
        """
        former = self.crosswalk["qpv_code_2015"].dropna()
        quarters = {("quarter", code) for code in (*self.quarters["qpv_code"], *former)}
        communes = {("commune", code) for code in self.communes["commune_code"]}
        larger = {
            (area.level, code)
            for area in self.territory.comparators
            for code in (area.code, *area.former_codes)
        }
        return quarters | communes | larger

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
            (found,) = narrowed({code: self.indicators[code]}, figures)
            self._histories[code] = history(*found, self.crosswalk)
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
        """Read, locate and allocate a programme (``store.programmes``)."""
        return self._programmes.loaded(self._programme(code), rules)

    def addressed(self, code: str) -> pd.DataFrame:
        """Return the projects of a programme as they were read, for their addresses."""
        return self._programmes.tables(self._programme(code))[0]

    def duplicates(self, code: str) -> pd.DataFrame:
        """Return the pairs of projects of a programme that may be one (``analysis.duplicates``)."""
        return self._programmes.duplicates(self._programme(code))

    def years(self, code: str) -> list[int]:
        """Return the years of a programme, latest first; needs neither layer nor figures."""
        return self._programmes.years(self._programme(code))

    def trial(
        self, code: str, project_id: str, entry: pd.DataFrame, rules: tuple[str, ...] = RULES
    ) -> pd.DataFrame:
        """Return the ledger of one project as one more entry of the journal would make it."""
        return self._programmes.trial(self._programme(code), project_id, entry, rules)

    def _programme(self, code: str) -> Programme:
        if code not in {known.code for known in self.territory.programmes}:
            self.refresh()  # it may just have been imported, here or by another process
        return self.territory.programme(code)

    @cached_property
    def _programmes(self) -> Programmes:
        return Programmes(self._ground, self._entry, self.journal, self.imports, self.addresses)

    def _ground(self) -> Ground:
        return Ground(
            self.territory,
            self.quarters_metric,
            with_points(self.communes, self.quarters),
            self.crosswalk,
            self.lived,
            self.population[1],
        )


def open_atlas(
    directory: Path | None = None, code: str | None = None, database: str | None = None
) -> Atlas:
    """Open the atlas of the configured data directory, territory and journal of decisions.

    ``ATLAS_DATA_DIR``, ``ATLAS_TERRITORY`` and ``ATLAS_DATABASE_URL`` are used where an argument
    is not given. Raises TerritoryError when the territory file is absent or incomplete.
    """
    place = directory or data_directory()
    return Atlas(place, code or territory_code(), database, installed_directory())
