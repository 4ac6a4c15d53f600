"""The cell index as one run of bytes: a header in JSON, then its arrays, aligned and mapped.

Nothing is copied or parsed when it is opened, so that it opens in a few milliseconds whatever its
size. The bytes are those of this kind of machine (little-endian), and are rebuilt, not exchanged.
"""

import json
import os
import uuid
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.kernels import Bytes

_MAGIC = b"ATLASIDX"
_ALIGNED = 64
_HEAD = 24  # magic, length of the header, sum of the words after it


def pack(meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Bytes:
    """Lay a description and named arrays out in one run of bytes."""
    fields: list[tuple[str, str, tuple[int, ...], int]] = []
    end = 0
    for name, values in arrays.items():
        fields.append((name, str(values.dtype), values.shape, end))
        end += _aligned(values.nbytes)
    header = json.dumps({"meta": meta, "fields": fields}).encode()
    header += b" " * (_aligned(_HEAD + len(header)) - _HEAD - len(header))
    start = _HEAD + len(header)
    packed = np.zeros(start + end, dtype="uint8")
    for values, (_, _, _, offset) in zip(arrays.values(), fields, strict=True):
        raw = np.ascontiguousarray(values).reshape(-1).view("uint8")
        packed[start + offset : start + offset + raw.size] = raw
    packed[_HEAD:start] = np.frombuffer(header, dtype="uint8")
    packed[:8] = np.frombuffer(_MAGIC, dtype="uint8")
    packed[8:_HEAD].view("uint64")[:] = len(header), _sum(packed)
    return packed


def unpack(packed: Bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the description and the arrays, as views. Raises ValueError when bytes are damaged."""
    if packed.size < _HEAD or packed.size % 8 or packed[:8].tobytes() != _MAGIC:
        raise ValueError("not a cell index")
    length, total = (int(word) for word in packed[8:_HEAD].view("uint64"))
    if total != _sum(packed):
        raise ValueError("damaged cell index")
    header = json.loads(packed[_HEAD : _HEAD + length].tobytes())
    arrays = {}
    for name, dtype, shape, offset in header["fields"]:
        begin = _HEAD + length + offset
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        arrays[name] = packed[begin : begin + size].view(dtype).reshape(shape)
    return header["meta"], arrays


def write(packed: Bytes, path: Path) -> None:
    """Write the bytes to a file, whole or not at all."""
    # A draft each: two programs may write the same index at once.
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        packed.tofile(draft)
        os.replace(draft, path)  # noqa: PTH105
    finally:
        if draft.exists():
            os.remove(draft)  # noqa: PTH107


def well_known(shapes: NDArray[np.object_]) -> dict[str, NDArray[Any]]:
    """Return polygons as arrays of well-known binary, end to end, and where each begins."""
    held = [bytes(one) for one in shapely.to_wkb(shapes)]
    ends = np.cumsum([0, *(len(one) for one in held)])
    return {
        "wkb": np.frombuffer(b"".join(held), dtype="uint8"),
        "wkb_ptr": ends.astype("int32"),
    }


def shapes_of(wkb: Bytes, wkb_ptr: NDArray[np.int32]) -> NDArray[np.object_]:
    """Return the polygons that ``well_known`` laid out."""
    held = wkb.tobytes()
    pieces = [held[a:b] for a, b in pairwise(wkb_ptr)]
    return np.asarray(shapely.from_wkb(pieces), dtype=object)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED


def _sum(packed: Bytes) -> int:
    """Return the sum of the words after the head: what a cut or altered file gives away."""
    return int(packed[_HEAD:].view("uint64").sum())
