"""The same answers from many machines: a Parquet data set located by the workers of dask.

Each task answers a run of row groups of one file and writes one part, whole or not at all, so that
a task started again after the loss of its worker gives the same part. Nothing is exchanged between
workers. They read the sources and write the parts by the same paths as this machine.
"""

import glob
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from geo.cell_index import CellIndex
from geo.errors import AtlasError, DataFileError
from geo.stream import Progress, Question, locate_parquet, open_parquet
from store.atlas import Atlas
from store.locating import Locator, Request
from store.outcome import Outcome

# Rows of a task: seconds of work, so that a lost worker costs little and a scheduler keeps up.
_TASK_ROWS = 10_000_000
_ROUNDS = 3
_PATIENCE = "10s"


class Part(NamedTuple):
    """One task: the row groups of a source, and the file their answers go to."""

    source: Path
    groups: range
    target: Path


def locate_dataset(
    atlas: Atlas,
    request: Request,
    sources: str,
    folder: Path,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Write the answers of every Parquet file of a folder or pattern as numbered parts.

    They are called ``part-0000.parquet`` and so on, in the order of the names of the files, then
    of the rows. ``scheduler`` is the address of a running cluster; without it, workers of this
    machine are started. ``progress`` is called with the parts done and their total. Raises an
    AtlasError: dask missing, no file, no scheduler, a folder that already holds anything, a source
    that cannot be answered.
    """
    distributed = _library()
    files = _files(sources)
    locator = Locator(atlas, request)
    questions = {file: _question(locator, file) for file in files}
    _empty(folder)
    parts = list(_parts(files, folder))
    index = locator.index(next(iter(questions.values())))
    outcome = Outcome(warnings=[*locator.remarks])
    try:
        with _client(distributed, scheduler) as client:
            _run(client, distributed, parts, index, questions, outcome, progress)
    finally:
        for draft in folder.glob(".part-*"):  # of a worker that was lost while it wrote
            draft.unlink()
    outcome.warnings += locator.judged(outcome)
    return outcome


def answer_part(index: CellIndex, part: Part, question: Question) -> Outcome:
    """Answer one part in one thread and write it; what a worker runs."""
    outcome = Outcome()
    source, groups, target = part
    metadata = pq.read_metadata(source)
    first = sum(metadata.row_group(group).num_rows for group in range(groups.start))
    watch = outcome.watcher(source.name, question.read[:2], first)
    locate_parquet(source, target, index, question, groups=groups, workers=1, watch=watch)
    return outcome


def _library() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise AtlasError(
            "Le moteur dask n'est pas installé. Installez « dask » et « distributed » (ils sont "
            "dans requirements-dev.txt), ou lancez la commande sans --engine."
        ) from error
    return distributed


def _files(sources: str) -> list[Path]:
    given = Path(sources)
    if given.is_dir():
        found = sorted(given.glob("*.parquet"))
    else:
        found = sorted(Path(name) for name in glob.glob(sources))  # noqa: PTH207
    if not found:
        raise DataFileError(
            f"« {sources} » : aucun fichier Parquet ; attendu : un dossier, un fichier ou un motif "
            "comme « dossier/*.parquet »."
        )
    return [file.resolve() for file in found]


def _question(locator: Locator, file: Path) -> Question:
    with open_parquet(file) as opened:
        question = locator.question(opened.schema_arrow, file.name)
        locator.check(opened, question, file.name)
        return question


def _empty(folder: Path) -> None:
    """Make the folder of the parts; refuse one that holds anything."""
    try:
        folder.mkdir(exist_ok=True)
        held = any(folder.iterdir())
    except OSError as error:
        raise DataFileError(
            f"« {folder} » : dossier de sortie impossible à créer ; attendu : un nouveau dossier "
            "là où vous pouvez écrire."
        ) from error
    if held:
        raise DataFileError(
            f"« {folder} » n'est pas vide ; attendu : un nouveau dossier, pour ne mêler à la "
            "réponse aucun autre fichier."
        )


def _parts(files: list[Path], folder: Path) -> Iterator[Part]:
    runs = [(file, run) for file in files for run in _runs(pq.read_metadata(file))]
    digits = max(4, len(str(len(runs) - 1)))
    for number, (file, run) in enumerate(runs):
        yield Part(file, run, folder.resolve() / f"part-{number:0{digits}}.parquet")


def _runs(metadata: pq.FileMetaData) -> Iterator[range]:
    """Cut a file into runs of row groups of about _TASK_ROWS rows; an empty file is one run."""
    begin, rows = 0, 0
    for group in range(metadata.num_row_groups):
        rows += metadata.row_group(group).num_rows
        if rows >= _TASK_ROWS:
            yield range(begin, group + 1)
            begin, rows = group + 1, 0
    if begin < metadata.num_row_groups or not metadata.num_row_groups:
        yield range(begin, metadata.num_row_groups)


@contextmanager
def _client(distributed: Any, scheduler: str | None) -> Iterator[Any]:
    if scheduler is None:
        # One thread a process: pieces of a file are read and answered without sharing a lock.
        with (
            distributed.LocalCluster(
                processes=True,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.ERROR,
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = distributed.Client(scheduler, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise AtlasError(
            f"Aucun ordonnanceur dask à l'adresse « {scheduler} » ; attendu : une adresse comme "
            "tcp://machine:8786, où « dask scheduler » répond."
        ) from error
    with client:
        yield client


def _run(
    client: Any,
    distributed: Any,
    parts: list[Part],
    index: CellIndex,
    questions: dict[Path, Question],
    outcome: Outcome,
    progress: Progress | None,
) -> None:
    """Run every part; those lost with all the workers that held the index are asked again."""
    lost = (distributed.CancelledError, distributed.KilledWorker)
    waiting, done = parts, 0
    for _ in range(_ROUNDS):
        held = client.scatter(index, broadcast=True)
        tasks = {
            client.submit(answer_part, held, part, questions[part.source], pure=False): part
            for part in waiting
        }
        waiting = []
        for task in distributed.as_completed(tasks):
            try:
                outcome.add(task.result())
            except lost:
                waiting.append(tasks[task])
                continue
            done += 1
            if progress:
                progress(done, len(parts))
        if not waiting:
            return
    raise AtlasError(
        f"{len(waiting)} parties sur {len(parts)} n'ont pu être calculées : les machines se sont "
        "arrêtées plusieurs fois. Vérifiez leur mémoire, puis relancez vers un nouveau dossier."
    )
