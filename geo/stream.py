"""Positions of a Parquet file of any size, located row group by row group.

A few pieces are in memory at a time, whatever the length of the file; they are read and answered
several at once, and written in their order while the next ones are.
"""

import os
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from geo.cell_index import CellIndex, Measures
from geo.errors import ContractError, DataFileError
from geo.kernels import INSIDE, NOT_LOCATED
from geo.location import NEVER_INSIDE, STATES

Progress = Callable[[int, int], None]
# A row group longer than this is not held whole: it is read in batches, one after the other.
_LONGEST = 1 << 21
_BATCH = 1 << 19
_TEXT = pa.dictionary(pa.int32(), pa.string())
MEMBERSHIP = pa.schema([("qpv_code", _TEXT), ("qpv_name", _TEXT)])
FULL = pa.schema(
    [
        *MEMBERSHIP,
        ("location_status", _TEXT),
        ("distance_to_edge_m", pa.float64()),
        ("nearest_qpv_code", _TEXT),
        ("band_status", _TEXT),
        ("npnru_band_status", _TEXT),
        ("perimeter", _TEXT),
    ]
)
LOCATED = pa.schema([field for field in FULL if not field.name.endswith("band_status")])
IN_BAND = pa.field("in_band", pa.bool_())


@dataclass(frozen=True)
class Question:
    """What is asked of each row: where its position is read, and how well it is known.

    ``x`` and ``y`` name the columns of coordinates, in the CRS of the index's points (longitude
    first). ``uncertainty_m`` is a number of metres, the name of a column of metres, or the metres
    of each word of the column ``position_method`` (``unknown`` for any other word); without it
    only the quarter is told. ``perimeter`` is the words for the layer, written on each row.
    ``reduced_vat`` asks for the states of the two bands of reduced VAT; ``band_m`` for one band of
    that width, in metres, which the index must reach.
    """

    x: str
    y: str
    uncertainty_m: float | str | Mapping[str, float] | None = None
    perimeter: str = ""
    reduced_vat: bool = True
    band_m: float | None = None

    @property
    def answer(self) -> pa.Schema:
        """Return the columns that the answer adds."""
        if self.uncertainty_m is None:
            return MEMBERSHIP
        columns = FULL if self.reduced_vat else LOCATED
        return columns if self.band_m is None else columns.append(IN_BAND)

    @property
    def read(self) -> list[str]:
        """Return the columns that are read as numbers."""
        doubt = [self.uncertainty_m] if isinstance(self.uncertainty_m, str) else []
        return [self.x, self.y, *doubt]


def locate_parquet(
    source: Path,
    target: Path,
    index: CellIndex,
    question: Question,
    *,
    groups: Sequence[int] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    watch: Callable[[pa.Table], None] | None = None,
) -> int:
    """Write a Parquet file with the answers of an index beside every column, and count its rows.

    Rows and their order are those of ``source``. The columns are those of ``MEMBERSHIP``, or of
    ``FULL`` when an uncertainty is given: distances in metres, negative inside, missing beyond the
    index's reach; ``qpv_code`` only where the state is "inside". ``groups`` are the row groups
    answered, all by default. ``progress`` is called with the rows done and their total, ``watch``
    with each piece written. ``target`` appears only when it is whole. Raises DataFileError when
    the source cannot be read or the target is the source, ContractError when columns are missing,
    are no numbers, or would be overwritten.
    """
    require_other(source, target)
    file = open_parquet(source)
    # A task may be started again elsewhere while its lost worker still writes: a draft each.
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    asked = range(file.num_row_groups) if groups is None else groups
    done, total = 0, sum(file.metadata.row_group(group).num_rows for group in asked)
    try:
        schema = answer_schema(file.schema_arrow, question, source.name)
        with file, pq.ParquetWriter(draft, schema) as writer:
            for table in answers(file, source, index, question, groups=asked, workers=workers):
                writer.write_table(table)
                done += table.num_rows
                if watch:
                    watch(table)
                if progress:
                    progress(done, total)
        os.replace(draft, target)  # noqa: PTH105
    except (OSError, pa.ArrowException) as error:
        raise DataFileError(
            f"{source.name} : interrompu après {done} lignes sur {total} ({error}). Le fichier lu "
            "est tronqué ou altéré, ou la place manque pour écrire la réponse."
        ) from error
    finally:
        if draft.exists():
            os.remove(draft)  # noqa: PTH107
    return done


def answers(
    file: pq.ParquetFile,
    source: Path,
    index: CellIndex,
    question: Question,
    *,
    columns: list[str] | None = None,
    groups: Sequence[int] | None = None,
    workers: int | None = None,
) -> Iterator[pa.Table]:
    """Give the rows of a Parquet file piece by piece, in their order, with the answers beside.

    ``columns`` are those carried over, ``groups`` the row groups read, all by default.
    """
    asked = range(file.num_row_groups) if groups is None else groups
    workers = workers or os.cpu_count() or 1
    waiting: deque[Future[pa.Table]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for piece in _pieces(file, source, columns, asked):
            waiting.append(pool.submit(lambda get: _answered(get(), index, question), piece))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _pieces(
    file: pq.ParquetFile, source: Path, columns: list[str] | None, groups: Sequence[int]
) -> Iterator[Callable[[], pa.Table]]:
    """Give what reads each piece: a row group, read by whoever calls, or a batch of a long one."""
    for group in groups:
        if file.metadata.row_group(group).num_rows <= _LONGEST:
            yield partial(_row_group, source, file.metadata, group, columns)
        else:
            for batch in file.iter_batches(_BATCH, row_groups=[group], columns=columns):
                yield partial(pa.Table.from_batches, [batch])


def _row_group(
    source: Path, metadata: pq.FileMetaData, group: int, columns: list[str] | None
) -> pa.Table:
    # A handle each: two threads cannot read through one.
    with pq.ParquetFile(source, metadata=metadata) as file:
        return file.read_row_group(group, columns=columns, use_threads=False)


def _answered(table: pa.Table, index: CellIndex, question: Question) -> pa.Table:
    x, y, *doubt = (_numbers(table, name) for name in question.read)
    if question.uncertainty_m is None:
        member = index.locate(x, y, workers=1)
        columns = _labels(member, index.codes, index.names)
    else:
        doubts, vague = _doubts(table, question, doubt)
        found = index.measure(x, y, doubts, never_inside=vague, workers=1)
        columns = _full(found, index, question, doubts)
    for field, column in zip(question.answer, columns, strict=True):
        table = table.append_column(field, column)
    return table


def _doubts(
    table: pa.Table, question: Question, column: list[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the metres of each row, and which rows are known too vaguely to be inside."""
    metres = question.uncertainty_m
    if not isinstance(metres, Mapping):
        return column[0] if column else np.asarray(metres, "float64"), np.zeros((), "bool")
    words = table["position_method"].cast(pa.string()).combine_chunks().dictionary_encode()
    methods = [word if word in metres else "unknown" for word in words.dictionary.to_pylist()]
    place = words.indices.fill_null(len(methods)).to_numpy()
    known = [*methods, "unknown"]
    vague = np.array([word in NEVER_INSIDE for word in known])
    return np.array([metres[word] for word in known], "float64")[place], vague[place]


def within(
    distance_m: NDArray[np.float64], uncertainty_m: ArrayLike, width_m: float
) -> NDArray[np.object_]:
    """Say which positions lie in a band around the quarters, themselves included.

    Metres to the boundary, negative inside, NaN when farther than the band can matter. True up to
    ``width_m`` metres, None when that limit is nearer than the uncertainty.
    """
    away = np.where(np.isnan(distance_m), np.inf, np.maximum(distance_m, 0.0))
    answer = (away <= width_m).astype(object)
    answer[np.abs(away - width_m) < uncertainty_m] = None
    return answer


def _in_band(found: Measures, doubts: NDArray[np.float64], width_m: float | None) -> list[pa.Array]:
    if width_m is None:
        return []
    answer = within(found.distance_m, doubts, width_m)
    answer[found.state == NOT_LOCATED] = None
    return [pa.array(answer, pa.bool_())]


def _full(
    found: Measures, index: CellIndex, question: Question, doubts: NDArray[np.float64]
) -> list[pa.Array]:
    inside = np.where(found.state == INSIDE, found.member, -1)
    perimeter = np.full(inside.size, 0 if question.perimeter else -1, dtype="int32")
    return [
        *_labels(inside, index.codes, index.names),
        *_labels(found.state, STATES),
        _known(pa.float64(), found.distance_m, ~np.isnan(found.distance_m)),
        *_labels(found.nearest, index.codes),
        *(_labels(found.band, STATES) if question.reduced_vat else ()),
        *(_labels(found.npnru_band, STATES) if question.reduced_vat else ()),
        *_labels(perimeter, (question.perimeter,)),
        *_in_band(found, doubts, question.band_m),
    ]


def _labels(places: NDArray[np.integer], *labels: tuple[str, ...]) -> list[pa.Array]:
    """Return texts given by their places in each list of labels, a negative one meaning none."""
    held = _known(pa.int32(), places.astype("int32", copy=False), places >= 0)
    texts = (pa.array(one, pa.string()) for one in labels)
    return [pa.DictionaryArray.from_arrays(held, one, safe=False) for one in texts]


def _known(kind: pa.DataType, values: NDArray[Any], known: NDArray[np.bool_]) -> pa.Array:
    """Return values, shared and not copied, missing where they are not known."""
    bits = np.packbits(known, bitorder="little")
    return pa.Array.from_buffers(kind, values.size, [pa.py_buffer(bits), pa.py_buffer(values)])


def _numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    column = table[name]
    column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False))


def require_other(source: Path, target: Path) -> None:
    """Raise DataFileError when a file would be written over the one that is read."""
    if source.resolve() == target.resolve():
        raise DataFileError(
            f"{target.name} : la sortie est le fichier lu lui-même. Donnez-lui un autre nom."
        )


def open_parquet(source: Path) -> pq.ParquetFile:
    """Open a Parquet file; raises DataFileError when it cannot be."""
    try:
        return pq.ParquetFile(source)
    except (OSError, pa.ArrowException) as error:
        raise DataFileError(
            f"{source.name} est absent ou n'est pas un fichier Parquet lisible. Vérifiez le chemin "
            "et le format du fichier."
        ) from error


def in_the_way(present: Collection[str], answered: Collection[str]) -> list[str]:
    """Return a fault for each column that the answer would write over."""
    return [
        f"colonne « {column} » déjà présente : renommez-la, la réponse porte ce nom"
        for column in answered
        if column in present
    ]


def answer_schema(schema: pa.Schema, question: Question, name: str) -> pa.Schema:
    """Return the columns of a file called ``name`` once answered.

    Raises ContractError for columns missing, not numbers or in the way, all at once.
    """
    faults = []
    for column in question.read:
        if column not in schema.names:
            faults.append(f"colonne « {column} » absente (colonnes : {', '.join(schema.names)})")
        elif not _is_number(schema.field(column).type):
            faults.append(
                f"colonne « {column} » de type {schema.field(column).type}, attendu : un nombre"
            )
    faults += in_the_way(schema.names, question.answer.names)
    if faults:
        raise ContractError(f"{name} : " + " ; ".join(faults) + ".")
    for field in question.answer:
        schema = schema.append(field)
    return schema


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
    )
