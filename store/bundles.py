"""Published files of figures put together as one official layer, and read back from it."""

import io
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path, PurePosixPath

from analysis import wording
from geo.archives import ZIP, entries
from geo.catalogue import Dataset, read_verified
from geo.errors import DataFileError
from geo.official import Layer, refuse_page
from geo.published import Known, listed
from store.published import Published, read_contents

_TABLES = (".csv", ".txt")
_DICTIONARY = "meta"  # Insee puts the dictionary of a table beside it under this first word


def matching(layer: Layer, folder: Path) -> list[Path]:
    """Return the files of a folder that the names of a layer of figures ask for."""
    return [path for path in sorted(folder.iterdir()) if path.is_file() and _asked(layer, path)]


def pack(layer: Layer, paths: Collection[Path]) -> bytes:
    """Return one archive of published tables: the files themselves, or those in archives.

    The tables are kept to the byte, by name alone; the same tables make the same archive. Those of
    an archive that the layer does not name are left in it. Raises DataFileError for a web page, an
    archive that is not sound or too large, two tables of one name, or no table at all.
    """
    found: dict[str, bytes] = {}
    for path in paths:
        for name, content in _tables(layer, path):
            if found.setdefault(name, content) != content:
                raise DataFileError(f"deux fichiers {name} différents ; gardez-en un")
    if not found:
        raise DataFileError(f"aucun fichier de chiffres ; attendu : {', '.join(layer.files[1:])}")
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in sorted(found):
            packed.writestr(zipfile.ZipInfo(name), found[name], zipfile.ZIP_DEFLATED)
    return target.getvalue()


def read_bundle(
    dataset: Dataset, shapes: Known, areas: Collection[tuple[str, str]] | None = None
) -> Published:
    """Read the tables of an installed layer of figures; its key is written on every row.

    ``areas`` keeps those (level, code) only. Raises AtlasError as ``store.published`` does, and for
    a missing or altered archive.
    """
    content = read_verified(dataset)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = [(name, partial(archive.read, name)) for name in entries(content, dataset.key)]
        return read_contents(files, shapes, {dataset.part: dataset.key}, areas)


def described(
    layer: Layer, dataset: Dataset, shapes: Known
) -> tuple[Dataset, str, list[str], tuple[str, ...]]:
    """Read a layer of figures whole; return it with its years, counts, remarks and notes.

    Raises ContractError with every fault of every table, and DataFileError when none is known.
    """
    published = read_bundle(dataset, shapes)
    figures = published.figures
    years = sorted({year for _, _, year in published.files if year})
    vintage = f"fichiers {', '.join(map(str, years))}" if years else layer.vintage
    names = sorted({name for names in published.files.values() for name in names})
    areas = figures["area_code"].nunique()
    remarks = [f"{wording.plural(len(names), 'fichier')} : {listed(names)}"]
    if areas < layer.expected:
        remarks.append(
            f"une partie seulement : {wording.plural(areas, 'territoire')}, environ "
            f"{wording.number(layer.expected)} dans les fichiers nationaux"
        )
    counts = wording.plural(len(figures), "chiffre")
    return replace(dataset, vintage=vintage), counts, remarks, published.notes


def _asked(layer: Layer, path: Path | PurePosixPath) -> bool:
    name = path.name.lower()
    return not name.startswith(_DICTIONARY) and any(
        fnmatchcase(name, pattern.lower()) for pattern in layer.files
    )


def _tables(layer: Layer, path: Path) -> Iterator[tuple[str, bytes]]:
    content = path.read_bytes()
    if not content.startswith(ZIP):
        refuse_page(content)
        if path.suffix.lower() in _TABLES:
            yield path.name, content
        return
    chosen = {
        name: one
        for name, one in entries(content, path.name).items()
        if _asked(layer, PurePosixPath(name)) and name.lower().endswith(_TABLES)
    }
    if sum(one.file_size for one in chosen.values()) > layer.most_mb * 2**20:
        raise DataFileError(f"{path.name} dépasse {layer.most_mb} Mo une fois décompressée")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in chosen:
            yield PurePosixPath(name).name, archive.read(name)
