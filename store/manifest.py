"""The manifest of a package, read back: every part of it is judged before anything is made again.

A package comes from anyone: an archive is unpacked within bounds, and a manifest that is not
exactly what the atlas writes is refused with all that is wrong in it.
"""

import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from io import BytesIO
from typing import Any

from analysis.allocation import RULES
from analysis.selection import Selection
from analysis.vocabulary import labels
from geo.archives import UNREADABLE, entries
from geo.errors import DataFileError
from store.atlas import Atlas
from store.contents import SYSTEMS
from store.exports import DIALECTS, Options

MANIFEST = "manifest.json"
EDITION = 2  # 2 says content by content what is invented
_REFUSAL = f"Paquet sans {MANIFEST} lisible ; attendu : une archive faite par « cli.py package »."
_LISTS = [one.name for one in fields(Selection) if one.name not in ("programme", "year")]
_FILTERS = {
    "themes": "theme",
    "funders": "funder",
    "statuses": "status",
    "dispositifs": "dispositif",
}


@dataclass(frozen=True)
class Manifest:
    """What a package says of itself: how to make it again, and the digests of all it holds."""

    date: str
    command: str
    territory: str
    version: str
    selection: Selection
    options: Options
    inputs: dict[str, str]
    files: dict[str, str]
    whole: dict[str, Any]


def unpacked(archive: bytes) -> dict[str, bytes]:
    """Return the files of a package by name; raises DataFileError (see ``geo.archives``)."""
    names = entries(archive, "Paquet")
    try:
        with zipfile.ZipFile(BytesIO(archive)) as opened:
            return {name: opened.read(name) for name in names}
    except UNREADABLE as error:
        raise DataFileError("Paquet : archive tronquée ou altérée ; refaites-la.") from error


def read_manifest(files: dict[str, bytes]) -> Manifest:
    """Read the manifest of an unpacked package; raises DataFileError with every fault at once."""
    content = _json(files)
    if content.get("edition") != EDITION:
        raise DataFileError(
            f"{_REFUSAL} Édition {_shown(content.get('edition'))} du manifeste ; attendue : "
            f"{EDITION}. Refaites le paquet."
        )
    faults = [name for name, sound in _SHAPES.items() if not sound(content.get(name))]
    if faults:
        raise DataFileError(f"{_REFUSAL} Champs absents ou faux : {', '.join(faults)}.")
    chosen: dict[str, Any] = {
        name: tuple(one) if isinstance(one, list) else one
        for name, one in content["selection"].items()
    }
    return Manifest(
        content["date"],
        content["commande"],
        content["territoire"],
        content["logiciel"]["version"],
        Selection(**chosen),
        Options(**content["options"]),
        content["entrees"],
        content["fichiers"],
        content,
    )


def refuse_unknown(atlas: Atlas, manifest: Manifest) -> None:
    """Refuse a manifest that names what the territory does not have, all at once: DataFileError."""
    chosen, territory = manifest.selection, atlas.territory
    programmes = [one.code for one in territory.programmes]
    known: dict[str, Any] = {"programme": programmes}
    if chosen.programme in programmes:
        known["year"] = atlas.years(chosen.programme)
    known |= {name: labels(territory, word) for name, word in _FILTERS.items()}
    known |= {"quarters": atlas.quarter_labels, "rules": RULES}
    faults = [
        f"{name} : {_shown(word)}"
        for name, words in known.items()
        for given in [getattr(chosen, name)]
        for word in (given if isinstance(given, tuple) else (given,))
        if word not in words
    ]
    if manifest.options.indicator not in atlas.indicators:
        faults.append(f"indicator : {_shown(manifest.options.indicator)}")
    if faults:
        raise DataFileError(
            f"{MANIFEST} : le territoire « {territory.code} » ne connaît pas, ou plus : "
            f"{' ; '.join(faults)}."
        )


def _json(files: dict[str, bytes]) -> dict[str, Any]:
    try:
        content = json.loads(files[MANIFEST].decode("utf-8"))
        # What cannot be written again as it is (NaN, half a character) is not ours.
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (KeyError, ValueError, RecursionError) as error:
        raise DataFileError(_REFUSAL) from error
    if not isinstance(content, dict):
        raise DataFileError(_REFUSAL)
    return content


def _text(one: Any) -> bool:
    return isinstance(one, str)


def _number(one: Any) -> bool:
    return isinstance(one, int) and not isinstance(one, bool)


def _digests(one: Any) -> bool:
    return isinstance(one, dict) and all(map(_text, one.values()))


def _selection(one: Any) -> bool:
    wanted = set(asdict(Selection("", 0)))
    return (
        isinstance(one, dict)
        and set(one) == wanted
        and _text(one["programme"])
        and _number(one["year"])
        and all(isinstance(one[name], list) and all(map(_text, one[name])) for name in _LISTS)
        and len(set(one["rules"])) == len(one["rules"])
    )


def _options(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and set(one) == set(asdict(Options()))
        and _number(one["crs"])
        and one["crs"] in SYSTEMS
        and _text(one["indicator"])
        and _text(one["dialect"])
        and one["dialect"] in DIALECTS
    )


def _moment(one: Any) -> bool:
    try:
        return _text(one) and bool(datetime.fromisoformat(one))
    except ValueError:
        return False


_SHAPES: dict[str, Callable[[Any], bool]] = {
    "logiciel": lambda one: isinstance(one, dict) and _text(one.get("version")),
    "date": _moment,
    "commande": _text,
    "territoire": _text,
    "selection": _selection,
    "options": _options,
    "entrees": _digests,
    "fichiers": _digests,
}


def _shown(one: Any) -> str:
    return f"« {str(one)[:40]} »"
