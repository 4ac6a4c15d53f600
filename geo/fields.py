"""What the tables of a TOML file of ours must hold, every fault told at once."""

from datetime import date
from typing import Any

# By table ("" is the file itself; a table may be a list of tables): the fields it must have, then
# those it may have.
Fields = dict[str, tuple[tuple[str, ...], tuple[str, ...]]]

_DAYS = ("deadline", "opening")
_CODES = ("code", "siren", "qpv", "level", "budget", "dispositif", "theme")
# Lowest and highest value of the numbers of a territory file.
_RANGES = {
    "lon": (-180, 180),
    "lat": (-90, 90),
    "secrecy_threshold": (1, 1_000),
    "geocoding_score": (0, 1),
    "radius_m": (1, 20_000),
    "commune_radius_m": (1_000, 200_000),
    "qpv_public_percent": (0, 100),
}


def table_faults(content: dict[str, Any], fields: Fields) -> list[str]:
    """Return the French faults of a parsed file: fields absent or unknown, codes, numbers."""
    faults = _entry_faults("", content, *fields[""])
    for table, (required, optional) in fields.items():
        found = content.get(table, [])
        for k, entry in enumerate(found if isinstance(found, list) else [found], start=1):
            faults += _entry_faults(f"{table} n° {k}, ", entry, required, optional)
    return faults


def _entry_faults(
    where: str, entry: object, required: tuple[str, ...], optional: tuple[str, ...]
) -> list[str]:
    if not isinstance(entry, dict):
        return [f"{where}« {entry} » n'est pas une table"]
    missing = [f"{where}champ « {name} » absent" for name in required if name not in entry]
    known = {*required, *optional}
    unknown = [f"{where}champ « {name} » inconnu" for name in entry if name not in known]
    numbers = [
        f"{where}« {name} » : {entry[name]} n'est pas un texte ; mettez des guillemets"
        for name in _CODES
        if name in entry and not isinstance(entry[name], str)
    ]
    days = [
        f"{where}« {name} » : {entry[name]} n'est pas une date ; écrivez AAAA-MM-JJ sans guillemets"
        for name in _DAYS
        if name in entry and not isinstance(entry[name], date)
    ]
    return missing + unknown + numbers + days + _range_faults(where, entry)


def _range_faults(where: str, entry: dict[str, Any]) -> list[str]:
    return [
        f"{where}« {name} » : {entry[name]} ; attendu : un nombre de {low} à {high}"
        for name, (low, high) in _RANGES.items()
        if name in entry and not (type(entry[name]) in (int, float) and low <= entry[name] <= high)
    ]
