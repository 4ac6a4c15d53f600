"""Install official layers: downloaded or copied, checked whole, put in place in one step.

Each layer has a folder of the directory of installed data, with its files, ``catalogue.toml`` (the
edition in use, as any catalogue) and ``former.toml`` (the one before). Whatever fails, the edition
in use stays; without any, the atlas reads the embedded data.
"""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import tomlkit

from geo.archives import ZIP, entries
from geo.catalogue import Dataset, condition, load_catalogue, read_entries
from geo.errors import AtlasError, DataFileError
from geo.layers import Epci
from geo.network import NetworkError, receive
from geo.official import Catalogue, Layer, check, load_official
from geo.readers import read_communes
from geo.writers import write_file
from store.bundles import described, matching, pack
from store.published import load_known

STATES = {
    "installed": "installée",
    "unchanged": "inchangée",
    "kept": "non installée",
    "absent": "non fournie",
}
CURRENT, FORMER = "catalogue.toml", "former.toml"
_KEPT_S = 86_400  # a file that no catalogue names is left this long: another process may install it

Progress = Callable[[str, int, int], None]


def official_origin() -> str:
    """Return ``ATLAS_OFFICIAL_FROM``, a mirror or a folder; empty for the publishers' addresses."""
    return os.environ.get("ATLAS_OFFICIAL_FROM", "").strip()


@dataclass(frozen=True)
class Outcome:
    """What became of a layer: ``state`` of STATES, and French words for a person.

    ``notes`` are what its files of figures have to be told of, one a line.
    """

    layer: Layer
    state: str
    words: str
    notes: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """Say the state in French."""
        return STATES[self.state]

    @property
    def done(self) -> bool:
        """Say whether the layer is installed as its source has it."""
        return self.state in ("installed", "unchanged")

    @property
    def failed(self) -> bool:
        """Say whether the layer was asked for and could not be installed."""
        return self.state == "kept"


class Installer:
    """The official layers of one intercommunality, in one directory of installed data."""

    def __init__(self, data: Path, installed: Path, siren: str) -> None:
        """Take the data directory, the directory of installed data and the SIREN of an EPCI.

        Raises DataFileError when ``official.toml`` cannot be used.
        """
        self._data, self._installed, self._siren = data, installed, siren
        self.official: Catalogue = load_official(data, siren)

    def fetch(
        self, origin: str = "", *, keys: Collection[str] = (), progress: Progress | None = None
    ) -> list[Outcome]:
        """Install every layer (or those of ``keys``) and say what became of each.

        ``origin`` is empty for the publishers' addresses, else the base address of a mirror or a
        folder. A layer that fails keeps its former state and the next one is tried.
        """
        chosen = [one for one in self.official.layers.values() if not keys or one.key in keys]
        return [self._one(layer, origin, progress) for layer in chosen]

    def restore(self, key: str) -> Outcome:
        """Put the former edition of a layer back; the one it replaces becomes the former one.

        Raises DataFileError when there is none, or when it is not sound any more.
        """
        layer, folder = self.official.layers[key], self._installed / key
        former = self.former(key)
        if former is None:
            raise DataFileError(f"« {layer.title} » : aucune version précédente n'est conservée.")
        _refuse_unsound(former)
        now, before = ((folder / name).read_bytes() for name in (CURRENT, FORMER))
        write_file(folder / FORMER, now)
        write_file(folder / CURRENT, before)
        return Outcome(layer, "installed", f"version installée le {former.installed} rétablie")

    def current(self, key: str) -> Dataset | None:
        """Return the edition of a layer in use among the installed ones, if any."""
        return _edition(self._installed / key / CURRENT, key)

    def former(self, key: str) -> Dataset | None:
        """Return the edition of a layer before the one in use, if it is kept."""
        return _edition(self._installed / key / FORMER, key)

    def communes_key(self) -> str | None:
        """Return the data set that lists the communes of the intercommunality, best first."""
        known = load_catalogue(self._data, self._installed)
        return next((key for key in self._commune_layers() if key in known), None)

    def commune_codes(self) -> Collection[str]:
        """Return the codes of the communes of the intercommunality.

        Raises DataFileError when no data set lists them.
        """
        key = self.communes_key()
        if key is None:
            raise DataFileError(
                f"communes de l'intercommunalité {self._siren} inconnues ; installez aussi leur "
                "liste"
            )
        known = load_catalogue(self._data, self._installed)
        return list(read_communes(known[key], self._siren)["commune_code"])

    def _commune_layers(self) -> Iterable[str]:
        return (key for key, layer in self.official.layers.items() if layer.kind == "communes")

    def _one(self, layer: Layer, origin: str, progress: Progress | None) -> Outcome:
        if not origin and not layer.url:
            words = f"aucune adresse directe ; à télécharger sur {layer.site}, puis « --from »"
            return Outcome(layer, "absent", words)
        folder = self._installed / layer.key
        try:
            with _incoming(folder) as place:
                file = place / layer.files[0]
                self._receive(layer, origin, file, progress)
                return self._install(layer, file)
        except _NotThere as error:
            # A folder holds what it holds, and what has no address is a second choice: no fault.
            # So are figures that a mirror does not have: the embedded ones go on.
            owed = not origin or (layer.url and _is_address(origin) and layer.kind != "figures")
            state = "kept" if owed else "absent"
            return Outcome(layer, state, f"{error} ; {self._instead(layer)}")
        except AtlasError as error:
            return Outcome(layer, "kept", f"{_sentence(error)} ; {self._instead(layer)}")
        except OSError as error:
            cause = error.strerror or "disque"
            return Outcome(layer, "kept", f"écriture impossible ({cause}) ; rien n'a changé")

    def _receive(self, layer: Layer, origin: str, file: Path, progress: Progress | None) -> None:
        def told(done: int, total: int) -> None:
            """Tell the bytes done, with the title of the layer."""
            if progress:
                progress(layer.title, done, total)

        if origin and not _is_address(origin):
            _copy(layer, Path(origin), file)
            told(1, 1)
            return
        address = f"{origin.rstrip('/')}/{quote(file.name)}" if origin else layer.url
        try:
            with file.open("wb") as target:
                receive(address, target, layer.bounds, hosts=self.official.hosts, progress=told)
        except NetworkError as error:
            kind = _NotThere if error.status == 404 else DataFileError
            raise kind(_network_words(error, layer)) from error
        if layer.kind == "figures":
            file.write_bytes(pack(layer, [file]))

    def _install(self, layer: Layer, file: Path) -> Outcome:
        content = file.read_bytes()
        dataset = _dataset(layer, file, content)
        if layer.sha256 and dataset.sha256 != layer.sha256:
            raise DataFileError(
                f"empreinte {dataset.sha256[:12]}… ; attendu : {layer.sha256[:12]}… "
                "(data/official.toml)"
            )
        dataset, counts, remarks, notes = self._check(layer, dataset)
        told = " ; ".join([counts, f"empreinte {dataset.sha256[:12]}", *remarks])
        current = self.current(layer.key)
        if current and current.sha256 == dataset.sha256 and condition(current)[0] == "sound":
            return Outcome(layer, "unchanged", f"déjà à jour, {told}", notes)
        folder = self._installed / layer.key
        name = f"{dataset.sha256[:16]}{_suffix(content)}"
        file.replace(folder / name)
        if current:
            write_file(folder / FORMER, (folder / CURRENT).read_bytes())
        limits = " ; ".join(filter(None, [layer.limits.rstrip("."), *remarks]))
        entry = replace(dataset, path=folder / name, limits=f"{limits}.")
        write_file(folder / CURRENT, _toml(entry))
        _clean(folder)
        return Outcome(layer, "installed", told, notes)

    def _check(
        self, layer: Layer, dataset: Dataset
    ) -> tuple[Dataset, str, list[str], tuple[str, ...]]:
        if layer.kind == "figures":
            return described(layer, dataset, load_known(self._data))
        count, remarks = check(layer, dataset, Epci(self._siren, self.commune_codes))
        return dataset, f"{count} entités", remarks, ()

    def _instead(self, layer: Layer) -> str:
        """Say what the atlas goes on with."""
        current = self.current(layer.key)
        if current:
            return f"la version installée le {current.installed} reste en place"
        if layer.kind == "figures":
            return "les chiffres embarqués restent en place"
        if layer.key in load_catalogue(self._data):
            return "les données embarquées restent en place"
        return "rien n'est installé"


def _is_address(origin: str) -> bool:
    return urlsplit(origin).scheme in ("http", "https")


class _NotThere(DataFileError):
    """A mirror or a folder that does not hold a layer."""


@contextmanager
def _incoming(folder: Path) -> Any:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".", ignore_cleanup_errors=True) as place:
        yield Path(place)
    if not any(folder.iterdir()):
        folder.rmdir()


def _copy(layer: Layer, folder: Path, file: Path) -> None:
    if not folder.is_dir():
        raise DataFileError(f"« {folder} » n'est ni un dossier ni une adresse http(s)")
    if layer.kind == "figures":
        found = matching(layer, folder)
    else:
        named = (path for name in layer.files for path in sorted(folder.glob(name)))
        found = [path for path in named if path.is_file()]
    if not found:
        raise _NotThere(
            f"aucun fichier {' ou '.join(layer.files)} dans « {folder.name or folder} »"
        )
    taken = found if layer.kind == "figures" else found[:1]
    if sum(path.stat().st_size for path in taken) > layer.most_mb * 2**20:
        names = ", ".join(path.name for path in taken)
        raise DataFileError(f"{names} : plus de {layer.most_mb} Mo")
    if layer.kind == "figures":
        file.write_bytes(pack(layer, taken))
    else:
        shutil.copyfile(taken[0], file)


def _network_words(error: NetworkError, layer: Layer) -> str:
    return {
        "refused": f"le site a répondu par une erreur {error.status}",
        "late": f"le site n'a pas répondu à temps ({layer.seconds} secondes au plus)",
        "unreachable": "site injoignable : cette machine n'a peut-être pas internet",
        "cut": "téléchargement coupé avant la fin",
        "too_big": f"fichier de plus de {layer.most_mb} Mo",
        "redirected": f"redirection refusée vers {error.detail}",
        "address": "adresse inutilisable",
    }[error.kind]


def _sentence(error: AtlasError) -> str:
    return str(error).strip().rstrip(".")


def _refuse_unsound(dataset: Dataset) -> None:
    state, problem = condition(dataset)
    if state != "sound":
        raise DataFileError(problem)


def _edition(catalogue: Path, key: str) -> Dataset | None:
    if not catalogue.is_file():
        return None
    return read_entries(catalogue).get(key)


def _dataset(layer: Layer, file: Path, content: bytes) -> Dataset:
    return Dataset(
        key=layer.key,
        path=file,
        title=layer.title,
        producer=layer.producer,
        licence=layer.licence,
        source=layer.url or layer.site,
        vintage=layer.vintage,
        perimeter=layer.perimeter,
        sha256=hashlib.sha256(content).hexdigest(),
        generation=layer.generation,
        limits=layer.limits,
        entry=_entry(layer, content),
        part=layer.part,
        installed=datetime.now(UTC).date().isoformat(),
    )


def _entry(layer: Layer, content: bytes) -> str:
    """Return the name of the layer in an archive as it is published, empty if it is not there."""
    archived = content.startswith(ZIP) and layer.entry in entries(content, layer.files[0])
    return layer.entry if archived else ""


def _suffix(content: bytes) -> str:
    start = content[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    return ".zip" if start.startswith(ZIP) else ".geojson" if start[:1] == b"{" else ".csv"


def _toml(dataset: Dataset) -> bytes:
    values = {name: value for name, value in asdict(dataset).items() if value not in (None, "")}
    for name in ("key", "path", "fictitious"):
        values.pop(name)
    return tomlkit.dumps({dataset.key: {"file": dataset.path.name, **values}}).encode()


def _clean(folder: Path) -> None:
    """Remove the files that neither edition names, unless they came a moment ago."""
    named = [_edition(folder / name, folder.name) for name in (CURRENT, FORMER)]
    kept = {one.path.name for one in named if one} | {CURRENT, FORMER}
    for path in folder.iterdir():
        old = time.time() - path.stat().st_mtime > _KEPT_S
        if path.is_file() and path.name not in kept and old:
            path.unlink(missing_ok=True)
