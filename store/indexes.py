"""Cell indexes kept on disk between two runs, named by all that they depend on."""

import os
from collections.abc import Collection
from pathlib import Path

import geopandas as gpd

from geo.cell_digest import REACH_M, layer_digest
from geo.cell_index import CellIndex
from geo.errors import DataFileError

_KEPT = 8  # indexes; those used last stay


def indexes_folder() -> Path:
    """Return ``ATLAS_INDEX_DIR`` if set, else ``var/indexes``."""
    default = Path(__file__).resolve().parent.parent / "var" / "indexes"
    return Path(os.environ.get("ATLAS_INDEX_DIR") or default)


def kept_index(
    layer: gpd.GeoDataFrame,
    *,
    points_crs: object = None,
    reach_m: float = REACH_M,
    npnru: Collection[str] = (),
    folder: Path | None = None,
) -> CellIndex:
    """Return the index of a layer: reopened if it is kept, else built and kept.

    The arguments are those of ``CellIndex.build``, and so are the errors; ``folder`` is by default
    ``indexes_folder()``. An index that is damaged, or of another layer, is built anew. Where
    nothing can be written, the index is built each time.
    """
    digest = layer_digest(layer, points_crs=points_crs, reach_m=reach_m, npnru=npnru)
    folder = folder or indexes_folder()
    path = folder / f"{digest}.index"
    try:
        index = CellIndex.load(path, digest)
    except DataFileError:
        index = CellIndex.build(layer, points_crs=points_crs, reach_m=reach_m, npnru=npnru)
        _keep(index, path)
        return index
    _touch(path)
    return index


def _keep(index: CellIndex, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        index.save(path)
        by_age = sorted(path.parent.glob("*.index"), key=lambda file: file.stat().st_mtime)
        for old in by_age[:-_KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return  # a full or read-only disk takes time, not answers


def _touch(path: Path) -> None:
    try:
        os.utime(path)
    except OSError:
        return
