"""Published files of figures in a folder: the one way in for those who install or try them."""

import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from geo import filosofi, insee
from geo.catalogue import RESTORE
from geo.errors import ContractError, DataFileError
from geo.published import Known, Read, empty, known
from geo.schema import FIGURES

_SUFFIXES = (".csv", ".txt")
_ACCEPTED = (
    "attendu : des CSV de l'Insee ou du SDES, nommés comme à leur publication (DEMO_2021.csv, "
    "data_REVN_2021_V1_QP.csv, FILO2019_DISP_COM.csv…)."
)
Edition = tuple[str, str, int | None]


@dataclass(frozen=True)
class Published:
    """The figures of published files (contract FIGURES) and what is to be said of them.

    ``notes`` are in French, one a line. ``files`` gives the files of an edition: data set, table,
    year of the file (of the data, for a table dated by it).
    """

    figures: pd.DataFrame
    notes: tuple[str, ...]
    files: Mapping[Edition, tuple[str, ...]]

    def source(self, dataset: str, tables: Iterable[str], year: int | None) -> str:
        """Return the names of the files that hold some tables of a year, in French."""
        names = [name for table in tables for name in self.files.get((dataset, table, year), ())]
        return ", ".join(f"fichier {name}" for name in dict.fromkeys(names))


def load_known(directory: Path) -> Known:
    """Read ``published.toml`` of the data directory; raises DataFileError when it is not so."""
    path = directory / "published.toml"
    try:
        return known(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise DataFileError(f"{path.name} est absent ou illisible. {RESTORE}") from error


def read_published(
    paths: Iterable[Path],
    shapes: Known,
    datasets: Mapping[str, str],
    areas: Collection[tuple[str, str]] | None = None,
) -> Published:
    """Read the published files of folders, or files: see ``read_contents``."""
    files = ((path.name, path.read_bytes) for path in _files(paths))
    return read_contents(files, shapes, datasets, areas)


def read_contents(
    files: Iterable[tuple[str, Callable[[], bytes]]],
    shapes: Known,
    datasets: Mapping[str, str],
    areas: Collection[tuple[str, str]] | None = None,
) -> Published:
    """Read published files, given by name and by what reads them, into one long table.

    ``datasets`` gives the data set written on the rows of each part ("insee", "rpls",
    "comparators"; the part itself where it is missing). ``areas`` keeps those (level, code) only.
    A file that is none of those known is noted. The same figure in two files is read once if they
    agree. Raises ContractError with every fault of every file, and DataFileError when there is
    nothing to read.
    """
    notes: list[str] = []
    read: list[tuple[str, Read]] = []
    for name, content in files:
        one = _read(name, content, shapes, datasets, areas)
        if one is None:
            notes.append(f"{name} : fichier non reconnu, laissé de côté.")
        else:
            read.append((name, one))
    if not read:
        raise DataFileError("\n".join([f"Aucun fichier de chiffres reconnu ; {_ACCEPTED}", *notes]))
    figures, doubtful, repeated = _merged(read)
    _refuse([fault for _, one in read for fault in one.faults] + doubtful)
    notes += [note for _, one in read for note in one.notes] + repeated
    return Published(figures, tuple(notes), _editions(read))


def _files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise DataFileError(f"Le dossier ou le fichier « {path} » n'existe pas.")
        found += (
            sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        )
    return found


def _read(
    name: str,
    read: Callable[[], bytes],
    shapes: Known,
    datasets: Mapping[str, str],
    areas: Collection[tuple[str, str]] | None,
) -> Read | None:
    if not name.lower().endswith(_SUFFIXES):
        return None
    try:
        content = read()
    except OSError:
        return Read(faults=(f"{name} : fichier illisible.",))
    reader = filosofi.read if filosofi.recognizes(name) else insee.read
    return reader(content, name, shapes, datasets=datasets, areas=areas)


def _merged(read: Sequence[tuple[str, Read]]) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Put the files together: the long table, contradictions between files, repetitions noted."""
    parts = [one.figures.assign(file=name) for name, one in read if len(one.figures)]
    if not parts:
        return empty(), [], []
    whole = pd.concat(parts, ignore_index=True)
    key = list(FIGURES.unique)
    first = whole.groupby(key, dropna=False)[["value", "status", "file"]].transform("first")
    again = whole.duplicated(key) & (whole["file"] != first["file"])
    same = (whole["status"] == first["status"]) & (
        (whole["value"] == first["value"]) | (whole["value"].isna() & first["value"].isna())
    )
    doubtful = [
        f"{row.file} et {other} : {row.area_code}, {row.variable} : « {row.value} » et "
        f"« {value} » ; attendu : le même chiffre, ou un seul des deux fichiers."
        for row, other, value in zip(
            whole[again & ~same].itertuples(),
            first.loc[again & ~same, "file"],
            first.loc[again & ~same, "value"],
            strict=True,
        )
    ]
    pairs = list(dict.fromkeys(zip(whole["file"][again], first["file"][again], strict=True)))
    notes = [f"{later} répète {former} : les chiffres sont les mêmes." for later, former in pairs]
    figures = whole[~again].drop(columns="file").reset_index(drop=True)
    return figures, doubtful, [] if doubtful else notes


def _refuse(faults: Sequence[str]) -> None:
    if faults:
        told = "\n".join(f"- {fault}" for fault in faults)
        raise ContractError(
            f"{len(faults)} défaut(s) dans les fichiers de chiffres ; rien n'a été lu.\n{told}\n"
            "Corrigez ces cellules, ou reprenez le fichier publié."
        )


def _editions(read: Sequence[tuple[str, Read]]) -> dict[Edition, tuple[str, ...]]:
    found: dict[Edition, tuple[str, ...]] = {}
    for name, one in read:
        years = one.figures["file_year"].fillna(one.figures["data_year"])
        keys = one.figures[["dataset", "table"]].assign(year=years).drop_duplicates()
        for dataset, table, year in keys.itertuples(index=False, name=None):
            edition = (dataset, table, None if pd.isna(year) else int(year))
            found[edition] = (*found.get(edition, ()), name)
    return found
