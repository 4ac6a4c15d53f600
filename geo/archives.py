"""What an archive holds, judged from its directory before a byte of it is unpacked."""

import io
import re
import zipfile
import zlib
from pathlib import PurePosixPath

from geo.errors import DataFileError

ZIP = b"PK\x03\x04"
# What zipfile raises for a damaged, locked or unknown archive.
UNREADABLE = (zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, EOFError, OSError)
_LARGEST_WHOLE = 2**30  # bytes, unpacked; a national layer has about 2**26
_LARGEST_RATIO = 200  # unpacked to packed; the most repetitive spreadsheet seen stays below 60
_SMALL = 10 * 2**20  # bytes under which a ratio is no danger
_MOST_ENTRIES = 2_000
_NESTED = (".zip", ".7z", ".rar", ".gz", ".tar", ".bz2", ".xz", ".kmz")
_DRIVE = re.compile(r"[A-Za-z]:")


def entries(content: bytes, name: str) -> dict[str, zipfile.ZipInfo]:
    """Return the files of an archive by name, directories left out, after judging all of them.

    Nothing is unpacked. Raises DataFileError, with every fault at once, for an unreadable archive,
    one under a password, a name that leaves the folder (``../``, absolute), a link, an archive
    within the archive, too many files, or a size once unpacked that no honest file has.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = archive.infolist()
    except UNREADABLE as error:
        raise DataFileError(
            f"{name} : archive illisible ou tronquée ; refaites-la, puis recommencez."
        ) from error
    faults = [*_whole_faults(found), *(fault for one in found for fault in _faults(one))]
    if faults:
        raise DataFileError(f"{name} : archive refusée : {' ; '.join(faults[:20])}.")
    return {one.filename: one for one in found if not one.is_dir()}


def _whole_faults(found: list[zipfile.ZipInfo]) -> list[str]:
    unpacked, packed = sum(one.file_size for one in found), sum(one.compress_size for one in found)
    if len(found) > _MOST_ENTRIES:
        return [f"{len(found)} fichiers ; attendu : {_MOST_ENTRIES} au plus"]
    if unpacked > _LARGEST_WHOLE:
        return [
            f"{unpacked // 2**20} Mo une fois décompressée ; attendu : {_LARGEST_WHOLE // 2**20} Mo"
            " au plus"
        ]
    if unpacked > _SMALL and unpacked > _LARGEST_RATIO * max(packed, 1):
        return [
            f"elle grossit {unpacked // max(packed, 1)} fois une fois décompressée ; attendu : "
            f"{_LARGEST_RATIO} fois au plus"
        ]
    return []


def _faults(one: zipfile.ZipInfo) -> list[str]:
    path = PurePosixPath(one.filename.replace("\\", "/"))
    faults = []
    if path.is_absolute() or ".." in path.parts or _DRIVE.match(one.filename):
        faults.append(f"nom « {one.filename} », qui sort de l'archive ; attendu : un nom relatif")
    if path.suffix.lower() in _NESTED:
        faults.append(f"« {one.filename} », une archive dans l'archive ; décompressez-la d'abord")
    if one.external_attr >> 28 == 0xA:  # S_IFLNK
        faults.append(f"« {one.filename} », un lien ; attendu : un fichier")
    if one.flag_bits & 1:
        faults.append(f"« {one.filename} », protégé par un mot de passe ; retirez-le")
    return faults
