"""The engine of many machines: real worker processes on loopback, some of them killed."""

import logging
import os
import signal
import sys
import types

import dask
import distributed
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import cli
from geo.errors import AtlasError
from store import cluster
from store.cluster import locate_dataset
from store.locating import Request, locate_file
from tests.samples import atlas

REQUEST = Request(uncertainty_m=10.0, band_m=300.0)
QUIET = {
    "distributed.scheduler.allowed-failures": 20,
    "distributed.comm.timeouts.connect": "10s",
}


@pytest.fixture(scope="module", autouse=True)
def plain_main():
    """Give the workers a main module of their own: AppTest leaves one that cannot be run again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Six files of twelve row groups: positions around the quarters, in files of their own."""
    folder = tmp_path_factory.mktemp("positions")
    rng = np.random.default_rng(62)
    west, south, east, north = atlas().quarters.total_bounds
    for number in range(6):
        schema = pa.schema([("row", "int64"), ("lon", "float64"), ("lat", "float64")])
        with pq.ParquetWriter(folder / f"{number}.parquet", schema) as writer:
            for group in range(12):
                n = 4_000
                rows = np.arange(n) + (number * 12 + group) * n
                columns = [rows, rng.uniform(west, east, n), rng.uniform(south, north, n)]
                writer.write_table(pa.table(columns, schema=schema))
    return folder


@pytest.fixture(scope="module")
def expected(dataset, tmp_path_factory):
    """The same files, answered by this process."""
    folder = tmp_path_factory.mktemp("alone")
    for source in sorted(dataset.iterdir()):
        locate_file(atlas(), REQUEST, source, folder / source.name)
    return read(folder)


def read(folder):
    parts = [pq.read_table(path).to_pandas() for path in sorted(folder.glob("*.parquet"))]
    return pd.concat([part.astype("object") for part in parts], ignore_index=True)


@pytest.fixture
def workers():
    """Two worker processes watched by nannies, and the address of their scheduler."""
    with (
        dask.config.set(QUIET),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as running,
    ):
        yield running


def test_lost_workers_change_nothing(dataset, expected, tmp_path, workers, monkeypatch):
    monkeypatch.setattr(cluster, "_TASK_ROWS", 8_000)
    steps, killed = [], set()

    def kill_midway(done, total):
        steps.append(done)
        # First one of two workers; later all of them, and the index they held with them.
        victims = {3: 1, 20: 2}.get(done, 0)
        for worker in list(workers.workers.values())[:victims]:
            if worker.pid:
                os.kill(worker.pid, signal.SIGKILL)
                killed.add(worker.pid)

    address = workers.scheduler_address
    found = locate_dataset(atlas(), REQUEST, str(dataset), tmp_path / "out", address, kill_midway)
    assert len(killed) >= 2
    assert steps == list(range(1, 37))
    names = [path.name for path in sorted((tmp_path / "out").iterdir())]
    assert names == [f"part-{number:04}.parquet" for number in range(36)]
    pd.testing.assert_frame_equal(read(tmp_path / "out"), expected)
    assert found.states == expected["location_status"].value_counts().to_dict()


def test_the_command_starts_its_own_workers(dataset, expected, tmp_path, capfd):
    out = tmp_path / "out"
    words = ["locate", str(dataset / "[0-2].parquet"), "--out", str(out), "--engine", "dask"]
    code = cli.main([*words, "--uncertainty-m", "10", "--band-m", "300"])
    said, err = capfd.readouterr()
    assert code == 0, err
    assert "144\u202f000 lignes" in said
    assert "ne valent pas attestation" in said
    half = expected.head(len(expected) // 2)
    pd.testing.assert_frame_equal(read(out), half)


def test_wrong_requests_are_refused_before_any_worker_starts(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(distributed, "LocalCluster", None)
    out = tmp_path / "out"
    with pytest.raises(AtlasError, match=r"aucun fichier Parquet ; attendu : un dossier"):
        locate_dataset(atlas(), REQUEST, str(tmp_path / "*.parquet"), out)
    with pytest.raises(AtlasError, match="--lon : « est » introuvable"):
        locate_dataset(atlas(), Request(lon="est"), str(dataset), out)
    assert not out.exists()
    out.mkdir()
    (out / "autre.txt").write_text("à garder", encoding="utf-8")
    with pytest.raises(AtlasError, match="n'est pas vide ; attendu : un nouveau dossier"):
        locate_dataset(atlas(), REQUEST, str(dataset), out)
    assert [path.name for path in out.iterdir()] == ["autre.txt"]


def test_a_missing_library_is_said_in_words(dataset, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(AtlasError, match="Installez « dask » et « distributed »"):
        locate_dataset(atlas(), REQUEST, str(dataset), tmp_path / "out")


def test_a_silent_scheduler_is_said_in_words(dataset, tmp_path, free_port, monkeypatch):
    monkeypatch.setattr(cluster, "_PATIENCE", "1s")
    address = f"tcp://127.0.0.1:{free_port}"
    with pytest.raises(AtlasError, match=f"Aucun ordonnanceur dask à l'adresse « {address} »"):
        locate_dataset(atlas(), REQUEST, str(dataset), tmp_path / "out", address)
