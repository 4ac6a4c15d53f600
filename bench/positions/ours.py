"""Reading the points, and locating them with the atlas, from the same file and in the same way.

"Reading" ends with every coordinate of the two columns in memory as float64, in Arrow arrays; the
file itself is in the system's cache, as it is for every way.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.positions.files import GROUP, points_of
from geo.cell_index import CellIndex
from geo.stream import Question, answers, locate_parquet

Members = NDArray[np.int32]


def read_table(folder: Path) -> None:
    """Read the whole table at once, as pyarrow does by default, with its own threads."""
    pq.read_table(points_of(folder), columns=["x", "y"])


def read_groups(folder: Path) -> None:
    """Read as the atlas does: row group by row group, in as many threads as processors."""
    metadata = pq.read_metadata(points_of(folder))

    def read(group: int) -> None:
        with pq.ParquetFile(points_of(folder), metadata=metadata) as file:
            file.read_row_group(group, columns=["x", "y"], use_threads=False)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(read, range(metadata.num_row_groups)))


def index_of(folder: Path, name: str = "metres") -> CellIndex:
    return CellIndex.load(folder / f"{name}.index", (folder / f"{name}.digest").read_text())


def pieces(
    folder: Path, index: CellIndex, question: Question, rows: int | None = None
) -> Iterator[Any]:
    """Give the answers of the first rows (a whole number of row groups), or of all of them."""
    path, groups = points_of(folder), None if rows is None else range(rows // GROUP)
    with pq.ParquetFile(path) as file:
        yield from answers(file, path, index, question, columns=question.read, groups=groups)


def streamed(folder: Path, index: CellIndex, question: Question) -> Members:
    """Keep the codes' places of every point."""
    done, members = 0, np.empty(pq.read_metadata(points_of(folder)).num_rows, dtype="int32")
    for table in pieces(folder, index, question):
        for code in table["qpv_code"].chunks:
            places = code.indices.fill_null(-1).to_numpy()
            members[done : done + len(places)] = places
            done += len(places)
    return members


def quarter(folder: Path) -> Members:
    return streamed(folder, index_of(folder), Question("x", "y"))


def full(folder: Path) -> Members:
    return streamed(folder, index_of(folder), Question("x", "y", 0.0))


def degrees_quarter(folder: Path) -> Members:
    return streamed(folder, index_of(folder, "degrees"), Question("lon", "lat"))


def degrees_full(folder: Path) -> Members:
    return streamed(folder, index_of(folder, "degrees"), Question("lon", "lat", 0.0))


def written(folder: Path) -> None:
    target = folder / "located.parquet"
    locate_parquet(points_of(folder), target, index_of(folder), Question("x", "y"))
