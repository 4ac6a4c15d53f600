"""The analyst's package: data, dictionary, manifest and licence in a zip made again to the byte."""

import hashlib
import json
import tomllib
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from analysis.programme import grand_total
from analysis.selection import Selection
from geo.errors import AtlasError
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
from store.manifest import (
    EDITION,
    MANIFEST,
    Manifest,
    read_manifest,
    refuse_unknown,
    unpacked,
)
from store.tables import loaded, selected

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
        "edition": EDITION,
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

    Inputs that changed, another software, files altered, added or removed since the package was
    made, and files that come out otherwise are told apart; so is what cannot be made again. Raises
    DataFileError when the archive is not such a package.
    """
    found = unpacked(archive)
    manifest = read_manifest(found)
    lines = [*_software(manifest), *_altered(found, manifest.files)]
    try:
        refuse_unknown(atlas, manifest)
        again = unpacked(
            package(atlas, manifest.selection, manifest.date, manifest.options, manifest.command)
        )
        now = inputs(atlas, manifest.selection)
    except AtlasError as error:  # what stops the making is often what changed: both are told
        now = manifest.inputs | _on_disk(atlas, manifest.selection.programme)
        return (*_changed(manifest.inputs, now), *lines, f"Impossible à refaire : {error}")
    lines = [*_changed(manifest.inputs, now), *lines, *_different(manifest, again)]
    if not lines and found[MANIFEST] != again[MANIFEST]:
        lines.append(f"{MANIFEST} : même contenu, mais pas les mêmes octets.")
    return tuple(lines)


def _changed(stated: dict[str, str], now: dict[str, str]) -> list[str]:
    return [
        f"Entrée changée : {name} ({_short(now, name)} au lieu de {_short(stated, name)})."
        for name in sorted({*stated, *now})
        if stated.get(name) != now.get(name)
    ]


def _software(manifest: Manifest) -> list[str]:
    made, own = manifest.version, version()
    return [f"Logiciel : fait par la version {made[:40]}, refait par {own}."] if made != own else []


def _altered(found: dict[str, bytes], stated: dict[str, str]) -> list[str]:
    """Say which files are no longer those that the manifest announces."""
    lines = []
    for name in sorted({*found, *stated} - {MANIFEST}):
        if name not in found:
            lines.append(f"{name} : absent du paquet ; le manifeste l'annonce.")
        elif name not in stated:
            lines.append(f"{name} : ajouté au paquet ; le manifeste ne l'annonce pas.")
        elif _digest(found[name]) != stated[name]:
            lines.append(f"{name} : modifié depuis que le paquet a été fait.")
    return lines


def _different(manifest: Manifest, again: dict[str, bytes]) -> list[str]:
    """Say which files, and which parts of the manifest, come out otherwise."""
    made = {name: _digest(body) for name, body in again.items() if name != MANIFEST}
    lines = [
        f"{name} : n'est pas refait."
        if name not in made
        else f"{name} : refait, mais le manifeste ne l'annonce pas."
        if name not in manifest.files
        else f"{name} : différent une fois refait."
        for name in sorted({*made, *manifest.files})
        if made.get(name) != manifest.files.get(name)
    ]
    said = json.loads(again[MANIFEST])
    apart = {"entrees", "fichiers", "logiciel"}  # told above
    names = sorted({*said, *manifest.whole} - apart)
    wrong = [name for name in names if said.get(name) != manifest.whole.get(name)]
    if wrong:
        lines.append(f"{MANIFEST} : n'est pas ce qui est refait : {', '.join(wrong)[:200]}.")
    return lines


def territory_of(archive: bytes) -> str:
    """Return the code of the territory of a package; raises DataFileError if it is not one."""
    return read_manifest(unpacked(archive)).territory


def inputs(atlas: Atlas, selection: Selection) -> dict[str, str]:
    """Return the sha256 of all that a selection is made from, by name.

    The files of the data sets as they are on the disk, the words of the data directory, the
    programme as it was read (an imported one is in the database, addresses placed) and the
    decisions made on it.
    """
    digests = _on_disk(atlas, selection.programme)
    read = loaded(atlas, selection)
    digests["programme : projets"] = _digest(to_csv(read.projects))
    digests["programme : financements"] = _digest(to_csv(read.funding))
    digests["décisions"] = _digest(to_csv(atlas.journal.entries(selection.programme)))
    return digests


def _on_disk(atlas: Atlas, programme: str) -> dict[str, str]:
    """Return the sha256 of the files that are read, "absent" for one that is not there."""
    territory = atlas.territory
    keys = {key for key, one in atlas.catalogue.items() if one.part} | {
        *territory.datasets.values()
    }
    for one in territory.programmes:
        keys |= set(one.datasets.values()) if one.code == programme else set()
    paths = {key: atlas.catalogue[key].path for key in keys & set(atlas.catalogue)}
    own = ("indicators.toml", "nomenclature.toml", "columns.toml", "published.toml")
    paths |= {name: atlas.directory / name for name in own}
    name = f"territories/{territory.code}.toml"
    paths[name] = atlas.directory / name
    return {
        name: _digest(path.read_bytes()) if path.is_file() else "absent"
        for name, path in sorted(paths.items())
    }


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


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _short(digests: dict[str, str], name: str) -> str:
    return f"{str(digests[name])[:12]}…" if name in digests else "rien"
