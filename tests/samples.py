"""Data shared by the tests of the engine: the real atlas, copies of its data, small frames."""

import hashlib
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from pyproj import CRS
from shapely.geometry import box

from geo.catalogue import Dataset
from geo.schema import AMOUNTS, FUNDING, PROJECTS, types
from geo.writers import to_geojson
from store.atlas import Atlas

DATA = Path(__file__).resolve().parent.parent / "data"
# Published files of this machine, never copied into the project: tests that read them may skip.
SHARED = DATA.parent.parent / "shared"
LAMBERT = CRS("EPSG:2154")  # of the squares; a territory computes in a system of its own
CENTS = [f"{amount}_cents" for amount in AMOUNTS]


@cache
def atlas() -> Atlas:
    """The atlas of the embedded data, read once for the whole run."""
    return Atlas(DATA)


def copy_data(target: Path) -> Path:
    """Copy the data directory, so that a test can break it."""
    return Path(
        shutil.copytree(DATA, target / "data", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    )


def rewrite(path: Path, content: str) -> None:
    """Change an embedded file of a copy and record its new fingerprint in its catalogue."""
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text(content, encoding="utf-8")
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    catalogue = path.parent / "catalogue.toml"
    text = catalogue.read_text(encoding="utf-8")
    assert before in text
    catalogue.write_text(text.replace(before, after), encoding="utf-8")


def add_dataset(data: Path, key: str, name: str, content: bytes) -> None:
    """Put a file into the ``qpv`` folder of a copy, and into its catalogue as ``key``."""
    (data / "qpv" / name).write_bytes(content)
    words = "".join(
        f'{word} = "essai"\n'
        for word in ("title", "producer", "licence", "source", "vintage", "perimeter")
    )
    digest = hashlib.sha256(content).hexdigest()
    with (data / "qpv" / "catalogue.toml").open("a", encoding="utf-8") as catalogue:
        catalogue.write(
            f'\n[{key}]\nfile = "{name}"\n{words}blank = "absent"\nsha256 = "{digest}"\n'
        )


def change_territory(data: Path, old: str, new: str) -> None:
    """Change the one territory file of a copy."""
    (path,) = (data / "territories").glob("*.toml")
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def with_former_layer(data: Path, former: gpd.GeoDataFrame) -> Atlas:
    """Give the territory of a copy a layer of its 2015 quarters, in that edition's columns.

    ``former`` holds ``qpv_code``, ``qpv_name`` and ``commune_names`` (EPSG:4326).
    """
    names = {"qpv_code": "CODE_QP", "qpv_name": "NOM_QP", "commune_names": "COMMUNE_QP"}
    content = to_geojson(former[[*names, "geometry"]].rename(columns=names))
    add_dataset(data, "layer_2015", "qpv_2015.geojson", content)
    change_territory(data, "[datasets]", '[datasets]\nquarters_2015_layer = "layer_2015"')
    return Atlas(data)


def dataset(path: Path, content: str, **options: Any) -> Dataset:
    """Write a file and return it as a data set of a catalogue, fingerprint included."""
    path.write_bytes(content.encode("utf-8"))
    words = dict.fromkeys(("title", "producer", "licence", "source", "vintage", "perimeter"), "x")
    fingerprint = hashlib.sha256(path.read_bytes()).hexdigest()
    key = re.sub(r"\W+", "_", path.stem)
    return Dataset(key=key, path=path, sha256=fingerprint, **{**words, **options})


def project_frame(*rows: dict[str, Any]) -> pd.DataFrame:
    """Projects of contract PROJECTS; each row gives only what matters to the test."""
    plain = {
        "programme": "essai",
        "fictitious": True,
        "year": 2025,
        "title": "Action",
        "operator": "Porteur",
    }
    numbered = [{"project_id": f"P{k}", **plain, **row} for k, row in enumerate(rows)]
    return pd.DataFrame(numbered, columns=list(PROJECTS.columns)).astype(types(PROJECTS))


def funding_frame(*rows: dict[str, Any]) -> pd.DataFrame:
    """Funding lines of contract FUNDING; an amount not given is missing."""
    plain = [{"funder": "etat", "status": "granted", **row} for row in rows]
    return pd.DataFrame(plain, columns=list(FUNDING.columns)).astype(types(FUNDING))


def squares() -> gpd.GeoDataFrame:
    """Two squares of 1 km that share an edge, in Lambert-93, the higher code first."""
    west, east = box(600_000, 7_000_000, 601_000, 7_001_000), box(601_000, 7e6, 602_000, 7_001_000)
    codes = ["QN00002B", "QN00001A"]
    return gpd.GeoDataFrame({"qpv_code": codes}, geometry=[west, east], crs=LAMBERT)


def lambert_quarters() -> gpd.GeoDataFrame:
    """The real quarters in the system of the squares."""
    return atlas().quarters_metric.to_crs(LAMBERT)
