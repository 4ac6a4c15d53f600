"""Indexes kept on disk: built once, reopened, never trusted when damaged or out of date."""

import os

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import box

from geo.cell_index import CellIndex
from geo.errors import ContractError
from store.indexes import indexes_folder, kept_index


def layer(side=400.0):
    shapes = [box(650_000, 7_040_000, 650_000 + side, 7_040_400)]
    return gpd.GeoDataFrame({"qpv_code": ["QN06201M"]}, geometry=shapes, crs=2154)


@pytest.fixture
def built(monkeypatch):
    """How many indexes were built."""
    count = []
    build = CellIndex.build

    def counted(*words, **options):
        count.append(words)
        return build(*words, **options)

    monkeypatch.setattr(CellIndex, "build", counted)
    return count


def asked(index):
    return index.locate(np.array([650_300.0, 650_500.0]), np.array([7_040_100.0] * 2)).tolist()


def test_an_index_is_built_once_and_reopened(tmp_path, built):
    folder = tmp_path / "var" / "indexes"
    first, second = (kept_index(layer(), folder=folder) for _ in range(2))
    assert asked(first) == asked(second) == [0, -1]
    assert len(built) == 1
    assert [file.name for file in folder.iterdir()] == [f"{first.digest}.index"]


def test_another_layer_or_other_options_have_an_index_of_their_own(tmp_path, built):
    assert asked(kept_index(layer(), folder=tmp_path)) == [0, -1]
    assert asked(kept_index(layer(600.0), folder=tmp_path)) == [0, 0]
    assert kept_index(layer(), reach_m=900.0, folder=tmp_path).reach_m == 900.0
    assert len(built) == len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("content", [b"", b"not an index" * 100, None])
def test_a_damaged_index_is_built_anew(tmp_path, built, content):
    (path,) = [tmp_path / f"{kept_index(layer(), folder=tmp_path).digest}.index"]
    held = path.read_bytes()
    path.write_bytes(held[: len(held) // 2] if content is None else content)
    assert asked(kept_index(layer(), folder=tmp_path)) == [0, -1]
    assert len(built) == 2
    assert path.read_bytes() == held
    # One that tells another layer's answers under this name is not believed either.
    path.write_bytes(
        (tmp_path / f"{kept_index(layer(600), folder=tmp_path).digest}.index").read_bytes()
    )
    assert asked(kept_index(layer(), folder=tmp_path)) == [0, -1]
    assert len(built) == 4


def test_where_nothing_can_be_written_the_index_is_built_each_time(tmp_path, built):
    (tmp_path / "file").write_text("")
    for _ in range(2):
        assert asked(kept_index(layer(), folder=tmp_path / "file" / "indexes")) == [0, -1]
    assert len(built) == 2


def test_only_the_indexes_used_last_are_kept(tmp_path):
    for n in range(12):
        index = kept_index(layer(100.0 + n), folder=tmp_path)
        os.utime(tmp_path / f"{index.digest}.index", (n, n))
    held = [file.name for file in tmp_path.iterdir()]
    assert len(held) == 8
    assert f"{index.digest}.index" in held


def test_the_folder_is_a_setting(monkeypatch, tmp_path):
    monkeypatch.setenv("ATLAS_INDEX_DIR", str(tmp_path))
    assert indexes_folder() == tmp_path
    monkeypatch.delenv("ATLAS_INDEX_DIR")
    assert indexes_folder().parts[-2:] == ("var", "indexes")


def test_an_index_that_cannot_be_built_says_so(tmp_path):
    with pytest.raises(ContractError, match="aucun quartier"):
        kept_index(layer().iloc[:0], folder=tmp_path)
