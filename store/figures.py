"""The indicators and the published figures of a territory, one data set at a time.

A data set that cannot be read takes away its own figures and no other; its message is kept.
"""

import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

import pandas as pd

from analysis.definitions import catalogue
from analysis.indicators import Indicator
from analysis.sources import Source, with_computed
from geo import readers
from geo.catalogue import RESTORE, Dataset
from geo.errors import AtlasError, DataFileError, TerritoryError
from geo.published import empty

_READERS: dict[str, Callable[[Dataset], pd.DataFrame]] = {
    "insee": readers.read_insee,
    "filosofi": readers.read_panel,
    "rpls": readers.read_panel,
    "comparators": readers.read_comparators,
}
Reader = Callable[[], pd.DataFrame]


class Figures:
    """The figures of every part (``insee``, ``filosofi``…), each read when first asked for."""

    def __init__(
        self,
        dataset: Callable[[str], Dataset],
        sources: Callable[[], Iterable[Source]],
        parts: Collection[str] = tuple(_READERS),
        installed: Callable[[], Mapping[str, Reader]] = dict,
    ) -> None:
        """Take what gives the data set of a part in the territory, and the indicators' sources.

        ``parts`` are those that the territory has: it may have no figures at all. ``installed``
        gives what reads each installed data set of figures, by key; each is a part of its own.
        """
        self._dataset = dataset
        self._embedded = [part for part in _READERS if part in parts]
        self._installed = installed
        self._sources = sources
        self._read: dict[str, pd.DataFrame] = {}
        self._parts: tuple[str, ...] | None = None
        self._whole = pd.DataFrame()

    def part(self, part: str) -> pd.DataFrame:
        """Return the figures of one part (contract FIGURES); kept.

        Raises AtlasError each time the data set cannot be read, until it can.
        """
        if part not in self._read:
            reader = self._installed().get(part)
            self._read[part] = reader() if reader else _READERS[part](self._dataset(part))
        return self._read[part]

    @property
    def _known(self) -> list[str]:
        return [*self._installed(), *self._embedded]

    def of(self, datasets: Iterable[str]) -> pd.DataFrame:
        """Return the figures of some data sets, by key, and read no other.

        Raises AtlasError when one of them cannot be read.
        """
        asked = set(datasets)
        named = {part: self._dataset(part).key for part in self._embedded}
        return _joined([self.part(part) for part in self._known if named.get(part, part) in asked])

    def whole(self) -> pd.DataFrame:
        """Return the figures of every part that can be read; the same frame until that changes.

        The sums and ratios of the indicators come after them (``sources.with_computed``).
        Raises TerritoryError when the territory asks for a data set that no catalogue lists.
        """
        faults = self.faults(spare=TerritoryError)
        parts = tuple(part for part in self._known if part not in faults)
        if parts != self._parts:
            read = _joined([self.part(part) for part in parts])
            self._whole = with_computed(read, self._sources())
            self._parts = parts
        return self._whole

    def faults(self, spare: type[AtlasError] | tuple[()] = ()) -> dict[str, str]:
        """Return the French message of each part that cannot be read; ``spare`` is raised."""
        found: dict[str, str] = {}
        for part in self._known:
            try:
                self.part(part)
            except spare:
                raise
            except AtlasError as error:
                found[part] = str(error)
        return found


def load_indicators(
    directory: Path, datasets: Mapping[str, str], installed: Iterable[Dataset] = ()
) -> dict[str, Indicator]:
    """Read ``indicators.toml`` of the data directory: the indicators, by code and in order.

    ``datasets`` gives the territory's data set for each part. Those ``installed`` for a part come
    before it: an edition that both hold is read in them, the rest in the territory's. Raises
    DataFileError when the file is missing or is not such a catalogue.
    """
    path = directory / "indicators.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataFileError(
            f"Le catalogue {path.name} est absent ou illisible. {RESTORE}"
        ) from error
    except ValueError as error:
        raise DataFileError(
            f"Le catalogue {path.name} est illisible : {error}. {RESTORE}"
        ) from error
    parts = {part: [one.key for one in installed if one.part == part] for part in _READERS}
    for part in parts.keys() & datasets.keys():
        parts[part].append(datasets[part])
    return catalogue(content, parts)


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True) if frames else empty()
