"""Where the files of a measure lie: points, layer and indexes, in one folder."""

from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CRS = "EPSG:2154"
AXES = ("x", "y", "lon", "lat")
GROUP = 1_000_000  # rows of a row group


def points_of(folder: Path) -> Path:
    return folder / "points.parquet"


def layer_of(folder: Path) -> Any:
    # Imported late: reading and locating do without, and their memory is measured.
    return import_module("geopandas").read_parquet(folder / "quarters.parquet")
