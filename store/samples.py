"""Positions taken from end to end of a Parquet file, to judge how its numbers are read."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from store.positions import numbers

_ROWS, _GROUPS = 1000, 64  # rows taken from a file, and the row groups they are taken from


def first_rows(file: pq.ParquetFile, axes: list[str]) -> pd.DataFrame:
    """Return the first coordinates of row groups spread over a file, its first and last included.

    ``axes`` are the two columns of coordinates; the columns are ``x`` and ``y``, the index is the
    number of each row in the file, from 0.
    """
    counts = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    before = np.cumsum([0, *counts])
    groups = np.linspace(0, len(counts) - 1, min(len(counts), _GROUPS)).astype("int64")
    frames = [pd.DataFrame({"x": [], "y": []}, dtype="float64")]
    for group in groups:
        each = -(-_ROWS // groups.size)
        batch = next(file.iter_batches(each, row_groups=[group], columns=axes), None)
        if batch is not None:
            x, y = (numbers(batch.column(axis).to_pandas()) for axis in axes)
            frames.append(pd.DataFrame({"x": x, "y": y}, index=before[group] + np.arange(x.size)))
    return pd.concat(frames)


def misread_words(
    positions: pd.DataFrame, found: pd.DataFrame, misread: pd.Series, name: str, of: str = ""
) -> str:
    """Say how many positions are misread, and the first of them by its number in the file.

    ``found`` is what ``geo.coordinates.diagnose`` says of each, ``misread`` which of them count.
    """
    given = int(positions.notna().all(axis=1).sum())
    place = int(np.flatnonzero(misread)[0])
    return (
        f"{name} : {misread.sum()} positions sur {given}{of} semblent mal lues. Première, "
        f"enregistrement {int(positions.index[place]) + 1} : {found.iloc[place]['message']}"
    )
