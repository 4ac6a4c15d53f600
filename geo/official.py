"""The official layers that can be installed, as data: address, limits, and what they must be.

They are listed in ``data/official.toml``; each becomes a data set of the catalogue.
"""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from geo.archives import ZIP, entries
from geo.catalogue import RESTORE, Dataset, read_verified
from geo.errors import DataFileError
from geo.layers import Epci, generation_of, read_layer
from geo.network import Limits
from geo.readers import read_communes

_KINDS = ("quarters", "communes", "figures")


@dataclass(frozen=True)
class Layer:
    """One official layer of a territory: ``expected`` is about how many rows the whole one has.

    Published files of figures are one layer of several files: ``files`` are then the names of them
    all, in a folder or an archive, and ``part`` is the part they play (``insee``…).
    """

    key: str
    kind: str
    title: str
    producer: str
    licence: str
    site: str
    files: tuple[str, ...]
    vintage: str
    perimeter: str
    most_mb: int
    seconds: int
    expected: int
    url: str = ""
    entry: str = ""
    part: str = ""
    limits: str = ""
    generation: int | None = None
    sha256: str = ""

    @property
    def bounds(self) -> Limits:
        """Return what its download may take."""
        return Limits(self.seconds, self.most_mb * 2**20, tries=2, patience=60)


@dataclass(frozen=True)
class Catalogue:
    """The layers of a territory by key, in order, and the hosts a redirection may lead to."""

    layers: dict[str, Layer]
    hosts: tuple[str, ...]


def load_official(directory: Path, siren: str) -> Catalogue:
    """Read ``official.toml`` of the data directory for an intercommunality (its SIREN).

    Raises DataFileError, with every fault, when it is missing or is not such a list.
    """
    path = directory / "official.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8").replace("{siren}", siren))
    except (OSError, ValueError) as error:
        raise DataFileError(f"La liste {path.name} est absente ou illisible. {RESTORE}") from error
    listed = content.get("layers", {})
    faults = [fault for key, entry in listed.items() for fault in _faults(key, entry)]
    if faults or not listed:
        raise DataFileError(f"{path.name} : {' ; '.join(faults) or 'aucune couche'}. {RESTORE}")
    layers = {
        key: Layer(key=key, **{**entry, "files": tuple(entry["files"])})
        for key, entry in listed.items()
    }
    return Catalogue(layers, tuple(content.get("hosts", ())))


def _faults(key: str, entry: dict[str, Any]) -> list[str]:
    names = {field.name: field.default for field in fields(Layer) if field.name != "key"}
    required = [name for name, default in names.items() if not isinstance(default, str | None)]
    missing = [f"« {key} », champ « {name} » absent" for name in required if name not in entry]
    unknown = [f"« {key} », champ « {name} » inconnu" for name in entry if name not in names]
    kind = [] if entry.get("kind") in _KINDS else [f"« {key} », kind : {', '.join(_KINDS)}"]
    if (entry.get("kind") == "figures") != bool(entry.get("part")):
        kind.append(f"« {key} », champ « part » : pour les chiffres, et pour eux seuls")
    return missing + unknown + kind


def check(layer: Layer, dataset: Dataset, epci: Epci) -> tuple[int, list[str]]:
    """Return how many rows a file of a layer has and, in French, what to know of it.

    The whole file is read as the atlas reads it: type by content, schema, shapes, counts. Raises
    AtlasError for another file than the one expected, an unreadable one, or one that holds nothing
    of the territory ``epci``.
    """
    content = read_verified(dataset)
    if content.startswith(ZIP):
        entries(content, dataset.path.name)
    refuse_page(content)
    if layer.kind == "communes":
        return len(read_communes(dataset, epci.siren)), []
    quarters, repairs = read_layer(dataset)
    found = generation_of(quarters["qpv_code"], layer.title)
    if found != layer.generation:
        raise DataFileError(f"quartiers de {found} ; attendu : ceux de {layer.generation}")
    read_layer(dataset, epci=epci)
    remarks = []
    if len(quarters) < layer.expected:
        remarks.append(
            f"couche partielle : {len(quarters)} quartiers, environ {layer.expected} dans la "
            "couche nationale"
        )
    if len(repairs):
        remarks.append(f"{len(repairs)} contours réparés à la lecture")
    return len(quarters), remarks


def refuse_page(content: bytes) -> None:
    """Raise DataFileError when a site answered with a web page in the place of the file."""
    start = content[:200].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        raise DataFileError(
            "c'est une page web et non le fichier : le site a peut-être changé d'adresse, ou la "
            "connexion passe par un portail"
        )
