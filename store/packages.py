"""The analyst's package: data, dictionary, manifest and licence in a zip made again to the byte."""

import hashlib
import json
import tomllib
import zipfile
from dataclasses import asdict, fields
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.programme import grand_total
from analysis.selection import Selection
from geo.archives import entries
from geo.errors import DataFileError
from geo.spreadsheets import still_zip
from geo.writers import to_csv
from store.atlas import Atlas
from store.contents import CONTENTS, NAMES, content, invented
from store.dictionary import ABOUT, OWN, dictionary
from store.exports import (
    ALL,
    USUAL,
    Options,
    columns_of,
    export_bytes,
    export_name,
    filters,
)
from store.tables import loaded, selected

MANIFEST = "manifest.json"
_EDITION = 2  # of the manifest: 2 says content by content what is invented
_ROOT = Path(__file__).resolve().parent.parent


def package(
    atlas: Atlas, selection: Selection, time: str, options: Options = USUAL, command: str = ""
) -> bytes:
    """Return the zip of a selection: every content, dictionary, manifest, licence.

    ``time`` (ISO 8601) is stated in the manifest and nowhere else, so that the same data, software
    and time give the same bytes. Raises AtlasError when data cannot be read.
    """
    files = _files(atlas, selection, options)
    manifest = {
        "edition": _EDITION,
        "logiciel": {"nom": "atlas-qpv", "version": version()},
        "date": time,
        "commande": command,
        "territoire": atlas.territory.code,
        "selection": asdict(selection),
        "options": asdict(options),
        "fictif": {NAMES[one]: invented(atlas, selection, one) or "rien" for one in CONTENTS},
        "entrees": inputs(atlas, selection),
        "fichiers": {name: _digest(body) for name, body in files.items()},
        "lignes": {NAMES[one]: len(content(atlas, selection, one)) for one in CONTENTS},
        "totaux_centimes": _totals(atlas, selection),
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2, allow_nan=False)
    return still_zip({MANIFEST: text.encode("utf-8"), **files})


def package_name(atlas: Atlas, selection: Selection) -> str:
    """Return the name of the zip of a selection."""
    return export_name(atlas, selection, ALL, "xlsx").replace(".xlsx", ".zip")


def version() -> str:
    """Return the version of the atlas, as ``pyproject.toml`` tells it."""
    text = (_ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


def verify(atlas: Atlas, archive: bytes) -> tuple[str, ...]:
    """Make a package again from its manifest and return what differs, in French lines.

    Files altered since the package was made, inputs that changed and files that come out otherwise
    are told apart. Raises DataFileError when the archive is not such a package.
    """
    found = _unpacked(archive)
    manifest = _manifest(found)
    selection, options = _asked(manifest)
    again = _unpacked(
        package(atlas, selection, manifest["date"], options, str(manifest.get("commande", "")))
    )
    stated, now = manifest["entrees"], inputs(atlas, selection)
    lines = [
        f"Entrée changée : {name} ({_short(stated, name)} au lieu de {_short(now, name)})."
        for name in sorted({*stated, *now})
        if stated.get(name) != now.get(name)
    ]
    for name in sorted({*found, *again} - {MANIFEST}):
        lines += _compared(name, found, again, manifest["fichiers"])
    former = manifest["logiciel"].get("version")
    if former != version():
        lines.append(f"Logiciel : fait par la version {former}, refait par {version()}.")
    if not lines and found[MANIFEST] != again[MANIFEST]:
        lines.append(f"{MANIFEST} : ce qu'il dit n'est pas ce qui est refait.")
    return tuple(lines)


def inputs(atlas: Atlas, selection: Selection) -> dict[str, str]:
    """Return the sha256 of all that a selection is made from, by name.

    The data sets of the territory, the words of the data directory, the programme as it was read
    (an imported one is in the database, addresses placed) and the decisions made on it.
    """
    territory = atlas.territory
    programme = territory.programme(selection.programme)
    keys = {*territory.datasets.values(), *programme.datasets.values()}
    keys |= {key for key, one in atlas.catalogue.items() if one.part}
    digests = {key: atlas.catalogue[key].sha256 for key in sorted(keys & set(atlas.catalogue))}
    for name in ("indicators.toml", "nomenclature.toml", "columns.toml"):
        digests[name] = _digest((atlas.directory / name).read_bytes())
    own = f"territories/{territory.code}.toml"
    digests[own] = _digest((atlas.directory / own).read_bytes())
    read = loaded(atlas, selection)
    digests["programme : projets"] = _digest(to_csv(read.projects))
    digests["programme : financements"] = _digest(to_csv(read.funding))
    digests["décisions"] = _digest(to_csv(atlas.journal.entries(selection.programme)))
    return digests


def _files(atlas: Atlas, selection: Selection, options: Options) -> dict[str, bytes]:
    wanted = [(ALL, "gpkg"), *((what, "csv") for what in CONTENTS)]
    if options.crs == 4326:
        wanted += [("quarters", "geojson"), ("projects", "geojson")]
    files = {
        f"donnees/{export_name(atlas, selection, what, file_format)}": export_bytes(
            atlas, selection, what, file_format, options
        )
        for what, file_format in wanted
    }
    words = dictionary(atlas, selection, _told(atlas, selection, wanted, options.crs))
    files["dictionnaire.csv"] = to_csv(words, dialect=options.dialect)
    files["LICENCE.txt"] = _licence(filters(atlas, selection, list(CONTENTS))).encode("utf-8")
    return files


def _told(
    atlas: Atlas, selection: Selection, wanted: list[tuple[str, str]], crs: int
) -> dict[str, list[str]]:
    """Return the columns of each table of a package, whatever the file they are in."""
    found: dict[str, dict[str, None]] = {}
    for what, file_format in wanted:
        for one in CONTENTS if what == ALL else [what]:
            columns = columns_of(atlas, selection, one, file_format, crs)
            found.setdefault(NAMES[one], {}).update(dict.fromkeys(columns))
    found["dictionnaire"] = dict.fromkeys(["fid", *OWN])
    found["selection"] = dict.fromkeys(["fid", *ABOUT])
    return {table: list(columns) for table, columns in found.items()}


def _licence(about: pd.DataFrame) -> str:
    lines = [f"{row.nom} : {row.valeur}" for row in about.itertuples()]
    head = (
        "Chaque jeu de données garde la licence de son producteur, dite ci-dessous. La Licence "
        "Ouverte 2.0 (Etalab) demande de citer le producteur et la date de la donnée."
    )
    return "\n".join([head, "", *lines, ""])


def _totals(atlas: Atlas, selection: Selection) -> dict[str, int | None]:
    whole = grand_total(selected(atlas, selection))
    names = {
        "demande": "requested_cents",
        "accorde": "granted_cents",
        "annee_precedente": "previous_cents",
    }
    return {
        word: None if pd.isna(whole[name]) else int(whole[name]) for word, name in names.items()
    }


def _compared(
    name: str, found: dict[str, bytes], again: dict[str, bytes], stated: dict[str, str]
) -> list[str]:
    if name not in found:
        return [f"{name} : absent du paquet, mais refait."]
    lines = []
    if _digest(found[name]) != stated.get(name):
        lines.append(f"{name} : modifié depuis que le paquet a été fait.")
    if name not in again:
        lines.append(f"{name} : dans le paquet, mais pas dans ce qui est refait.")
    elif found[name] != again[name]:
        lines.append(
            f"{name} : différent une fois refait ({len(found[name])} octets dans le paquet, "
            f"{len(again[name])} refaits)."
        )
    return lines


def _unpacked(archive: bytes) -> dict[str, bytes]:
    names = entries(archive, "Paquet")
    try:
        with zipfile.ZipFile(BytesIO(archive)) as opened:
            return {name: opened.read(name) for name in names}
    except (zipfile.BadZipFile, ValueError, EOFError, OSError) as error:
        raise DataFileError("Paquet : archive tronquée ou altérée ; refaites-la.") from error


def _manifest(found: dict[str, bytes]) -> dict[str, Any]:
    refusal = (
        f"Paquet sans {MANIFEST} lisible ; attendu : une archive faite par « cli.py package »."
    )
    shapes = {"selection": dict, "options": dict, "entrees": dict, "fichiers": dict, "date": str}
    shapes |= {"logiciel": dict, "territoire": str}
    try:
        content = json.loads(found[MANIFEST].decode("utf-8"))
    except (KeyError, ValueError, RecursionError) as error:
        raise DataFileError(refusal) from error
    if not isinstance(content, dict) or content.get("edition") != _EDITION:
        raise DataFileError(refusal)
    faults = [name for name, kind in shapes.items() if not isinstance(content.get(name), kind)]
    if faults:
        raise DataFileError(f"{refusal} Champs absents ou faux : {', '.join(faults)}.")
    return content


def territory_of(archive: bytes) -> str:
    """Return the code of the territory of a package; raises DataFileError if it is not one."""
    return str(_manifest(_unpacked(archive))["territoire"])


def _asked(manifest: dict[str, Any]) -> tuple[Selection, Options]:
    given, wanted = manifest["selection"], manifest["options"]
    try:
        words: dict[str, Any] = {
            name: tuple(one) if isinstance(one, list) else one for name, one in given.items()
        }
        selection = Selection(**words)
        options = Options(**wanted)
    except TypeError as error:
        raise DataFileError(f"{MANIFEST} : sélection ou options inconnues.") from error
    sound = isinstance(selection.programme, str) and isinstance(selection.year, int)
    lists = [one.name for one in fields(Selection) if one.name not in ("programme", "year")]
    texts = [getattr(selection, name) for name in lists]
    if not sound or not all(isinstance(one, tuple) for one in texts):
        raise DataFileError(f"{MANIFEST} : sélection mal écrite.")
    if not all(isinstance(word, str) for one in texts for word in one):
        raise DataFileError(f"{MANIFEST} : sélection mal écrite.")
    return selection, options


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _short(digests: dict[str, str], name: str) -> str:
    return f"{str(digests[name])[:12]}…" if name in digests else "rien"
