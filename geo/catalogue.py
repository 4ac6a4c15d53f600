"""Every data set of the atlas: producer, licence, address, vintage, perimeter and fingerprint.

Each folder of the data directory may hold a ``catalogue.toml``; a file that is not listed there
cannot be read, and a listed file is read only if its sha256 is the recorded one.
"""

import hashlib
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.errors import DataFileError

_FIELDS = ("file", "title", "producer", "licence", "source", "vintage", "perimeter", "sha256")
_ORIGIN = ("fictitious", "entry", "part", "installed")
_OPTIONAL = ("generation", "data_year", "blank", "limits", *_ORIGIN)
_DATA_FILES = (".csv", ".geojson", ".gpkg", ".json", ".shp", ".zip")
RESTORE = (
    "Pour le rétablir : « git restore data » dans le dossier de l'atlas, ou réinstallez "
    "l'atlas, puis rechargez la page."
)

REINSTALL = (
    "Pour le rétablir : page Données, « Mettre à jour les données officielles », ou « cli.py fetch "
    "»."
)


@dataclass(frozen=True)
class Dataset:
    """One published file: what it is, where it comes from, and what its blank cells mean.

    ``entry`` names the file of an archive that is read; ``part`` the part an archive of published
    figures plays; ``installed`` is the day an official layer was installed (empty for an embedded
    file).
    """

    key: str
    path: Path
    title: str
    producer: str
    licence: str
    source: str
    vintage: str
    perimeter: str
    sha256: str
    generation: int | None = None
    data_year: int | None = None
    blank: str = "absent"
    limits: str = ""
    fictitious: bool = False
    entry: str = ""
    part: str = ""
    installed: str = ""

    @property
    def remedy(self) -> str:
        """Say in French how to put the file back: embedded and installed ones differ."""
        return REINSTALL if self.installed else RESTORE

    @property
    def credit(self) -> str:
        """Return the French line shown under a figure: producer, title, vintage, perimeter."""
        return f"{self.producer}, {self.title}, {self.vintage} ; périmètre : {self.perimeter}"


def data_directory() -> Path:
    """Return the data directory: ``ATLAS_DATA_DIR`` if set, else ``data/`` of the project."""
    chosen = os.environ.get("ATLAS_DATA_DIR")
    return Path(chosen) if chosen else Path(__file__).resolve().parent.parent / "data"


def installed_directory() -> Path:
    """Return where official layers are installed: ``ATLAS_OFFICIAL_DIR``, else ``var/official``.

    Never inside the data directory, whose files are those of the project.
    """
    chosen = os.environ.get("ATLAS_OFFICIAL_DIR")
    return Path(chosen) if chosen else Path(__file__).resolve().parent.parent / "var" / "official"


def edition_of(installed: Path) -> str:
    """Return a digest of the catalogues of installed layers: it changes when one is replaced."""
    digest = hashlib.sha256()
    for path in sorted(installed.glob("*/catalogue.toml")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def load_catalogue(directory: Path, installed: Path | None = None) -> dict[str, Dataset]:
    """Read every ``catalogue.toml`` below the data directory, by data set key.

    A data set of the same key in ``installed``, the directory of official layers, replaces it.
    Raises DataFileError when a catalogue cannot be read, misses a field, has an unknown one, or
    names a data set that another has named.
    """
    found = _catalogues(directory)
    if not found:
        raise DataFileError(
            f"Aucun catalogue de données dans {directory.name}/ ; attendu : "
            f"{directory.name}/qpv/catalogue.toml. {RESTORE}"
        )
    return found | (_catalogues(installed) if installed else {})


def _catalogues(directory: Path) -> dict[str, Dataset]:
    found: dict[str, Dataset] = {}
    for path in sorted(directory.glob("*/catalogue.toml")):
        for key, dataset in read_entries(path).items():
            if key in found:
                raise DataFileError(
                    f"Le jeu « {key} » est dans deux catalogues ({found[key].path.parent.name}/ et "
                    f"{path.parent.name}/) ; donnez-lui un autre nom dans l'un des deux."
                )
            found[key] = dataset
    return found


def read_entries(path: Path) -> dict[str, Dataset]:
    """Read one catalogue by data set key; raises DataFileError as ``load_catalogue`` does."""
    return {key: _dataset(key, entry, path) for key, entry in _read_toml(path).items()}


def refuse_absent_catalogue(directory: Path, key: str) -> None:
    """Raise DataFileError if a data set may be in a ``catalogue.toml`` that is missing.

    A folder that holds data files and no catalogue has lost it.
    """
    lost = [
        f"{folder.name}/catalogue.toml"
        for folder in sorted(path for path in directory.iterdir() if path.is_dir())
        if not (folder / "catalogue.toml").exists()
        and any(path.suffix in _DATA_FILES for path in folder.iterdir())
    ]
    if lost:
        raise DataFileError(
            f"Le fichier {' ou '.join(lost)} est absent : sans lui, le jeu « {key} » ne peut pas "
            f"être lu. {RESTORE}"
        )


def read_verified(dataset: Dataset) -> bytes:
    """Return the bytes of a data set after comparing its sha256 with the catalogue's.

    Raises DataFileError when the file is missing or altered, saying how to restore it.
    """
    name = f"{dataset.path.parent.name}/{dataset.path.name}"
    try:
        content = dataset.path.read_bytes()
    except OSError as error:
        raise DataFileError(
            f"Le fichier {name} (« {dataset.title} ») est absent ou illisible. {dataset.remedy}"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != dataset.sha256:
        raise DataFileError(
            f"Le fichier {name} (« {dataset.title} ») n'est pas celui du catalogue : "
            f"{len(content)} octets, empreinte {found[:12]}… ; attendu : {dataset.sha256[:12]}… "
            f"Il a été tronqué ou modifié. {dataset.remedy}"
        )
    return content


def condition(dataset: Dataset) -> tuple[str, str]:
    """Return "sound", "missing" or "altered", and what is wrong in French (empty if nothing)."""
    try:
        read_verified(dataset)
    except DataFileError as error:
        return ("altered" if dataset.path.is_file() else "missing"), str(error)
    return "sound", ""


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataFileError(
            f"Le catalogue {path.parent.name}/{path.name} est absent ou illisible. {RESTORE}"
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataFileError(
            f"Le catalogue {path.parent.name}/{path.name} est illisible ({error}). {RESTORE}"
        ) from error


def _dataset(key: str, entry: Any, catalogue: Path) -> Dataset:
    given = set(entry) if isinstance(entry, dict) else set()
    missing = [field for field in _FIELDS if field not in given or not entry[field]]
    unknown = sorted(given - {*_FIELDS, *_OPTIONAL})
    faults = [
        f"champ(s) {what} {', '.join(names)}"
        for what, names in (("absent(s)", missing), ("inconnu(s)", unknown))
        if names
    ]
    if faults:
        raise DataFileError(
            f"{catalogue.parent.name}/{catalogue.name}, jeu « {key} » : {' ; '.join(faults)}. "
            f"{RESTORE}"
        )
    values = {name: value for name, value in entry.items() if name != "file"}
    return Dataset(key=key, path=catalogue.parent / str(entry["file"]), **values)
