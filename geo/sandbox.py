"""Read an uploaded file in a process of its own, with little memory, little time and no network.

The parent gives bytes and takes back an Arrow table and a few words, never Python objects: what a
hostile file could make of the child stays in the child.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path

import pandas as pd
import pyarrow as pa

from geo.errors import DataFileError
from geo.headers import LINE
from geo.upload_child import OUT_OF_MEMORY, REFUSED
from geo.uploads import DRIVERS, STEPS, Progress, Upload, refuse_size

_ROOT = Path(__file__).resolve().parent.parent
_LONGEST_LINE = 24  # signs of what the child says of its progress


@dataclass(frozen=True)
class Limits:
    """What reading one file may take: bytes of address space, seconds of processor, of clock."""

    memory_bytes: int = 4 * 2**30
    processor_s: int = 120
    clock_s: int = 240


def read_safely(
    content: bytes,
    name: str,
    sheet: str | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Upload:
    """Read an uploaded file as ``geo.uploads.read_upload`` does, in a child process.

    ``name`` is the file's own name, used in messages only. ``progress`` is called, in this thread,
    with the share read, from 0 to 1, and a key of ``geo.uploads.STEPS``. Raises DataFileError with
    the child's French message, or saying that the file took more than ``limits`` or broke its
    reader.
    """
    refuse_size(len(content), name)
    limits = limits or Limits()
    try:
        done = _run(content, {"name": name, "sheet": sheet}, limits, progress)
    except subprocess.TimeoutExpired as error:
        raise _too_long(name) from error
    if done.returncode == 0:
        return _received(done.stdout)
    if done.returncode == REFUSED:
        raise DataFileError(json.loads(done.stdout)["message"])
    raise _stopped(name, done.returncode, done.stderr)


def _run(
    content: bytes, order: dict[str, str | None], limits: Limits, progress: Progress | None
) -> subprocess.CompletedProcess[bytes]:
    """Run the child to its end, telling its progress meanwhile; it is killed at the clock's limit.

    The child says how far it is through a pipe of its own, which ends with it.
    """
    listen, tell = os.pipe()
    told = json.dumps(order | asdict(limits) | {"progress": tell})
    command = [sys.executable, "-m", "geo.upload_child", told]
    with ThreadPoolExecutor(1) as pool, os.fdopen(listen, errors="replace") as shares:
        try:
            child = subprocess.Popen(  # noqa: S603 - our own module, its order is one JSON argument
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=_ROOT,
                env=_environment(),
                pass_fds=(tell,),
            )
        finally:
            os.close(tell)
        try:
            answer = pool.submit(_exchange, child, content, limits.clock_s)
            for line in iter(partial(shares.readline, _LONGEST_LINE), ""):
                if progress:
                    progress(*_far(line))
            return answer.result()
        finally:
            child.kill()  # whoever is told the progress may have had enough


def _exchange(
    child: subprocess.Popen[bytes], content: bytes, clock_s: int
) -> subprocess.CompletedProcess[bytes]:
    try:
        out, errors = child.communicate(content, clock_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise
    return subprocess.CompletedProcess(child.args, child.returncode, out, errors)


def _far(line: str) -> tuple[float, str]:
    # What a hostile file could make of the child is still no more than a share and a known step.
    share, _, step = line.strip().partition(" ")
    try:
        return min(1.0, max(0.0, float(share))), step if step in STEPS else "rows"
    except ValueError:
        return 0.0, "rows"


def frame_of(upload: Upload) -> pd.DataFrame:
    """Return the cells of an upload as text (missing when blank), indexed by line."""
    return pd.DataFrame(upload.table.to_pandas().set_index(LINE)).astype("str")


@cache
def _environment() -> dict[str, str]:
    """Return the child's environment: GDAL without its other drivers nor any remote file."""
    import pyogrio

    skipped = [one for one in pyogrio.list_drivers() if one not in DRIVERS]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ATLAS_")}
    return kept | {
        "GDAL_SKIP": ",".join(skipped),
        "GDAL_DRIVER_PATH": "disable",
        "GDAL_HTTP_TIMEOUT": "1",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
        "CPL_CURL_ENABLE_VSIMEM": "NO",
        "OGR_ENABLE_PARTIAL_REPROJECTION": "NO",
        "PROJ_NETWORK": "OFF",
        # Threads reserve address space, which is counted.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "ARROW_IO_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _received(answer: bytes) -> Upload:
    table = pa.ipc.open_stream(pa.py_buffer(answer)).read_all()
    told = json.loads((table.schema.metadata or {})[b"upload"])
    return Upload(
        table.replace_schema_metadata(None),
        kind=told["kind"],
        row=told["row"],
        sheet=told["sheet"],
        sheets=tuple(told["sheets"]),
        long_lines=tuple(told["long_lines"]),
        notes=tuple(told["notes"]),
    )


def _too_long(name: str) -> DataFileError:
    return DataFileError(
        f"{name} : lecture arrêtée, elle prenait trop de temps. Réduisez ce fichier (moins de "
        "lignes, de colonnes ou de mise en forme) ou enregistrez-le en CSV."
    )


def _stopped(name: str, code: int, errors: bytes) -> DataFileError:
    if code in (-24, -9, 137, 152):  # SIGXCPU, SIGKILL
        return _too_long(name)
    if code == OUT_OF_MEMORY or b"emory" in errors or code in (-6, -11, 134, 139):
        return DataFileError(
            f"{name} : lecture arrêtée, elle demandait trop de mémoire. Réduisez ce fichier ou "
            "enregistrez-le en CSV."
        )
    return DataFileError(
        f"{name} : fichier illisible ou abîmé ; ouvrez-le dans le logiciel qui l'a produit, "
        "enregistrez-le de nouveau, puis recommencez."
    )
