"""Write the file of a new territory from the official layers: one intercommunality, by its SIREN.

Nothing is guessed: the communes are those of the official list, the quarters those whose list of
EPCI (or of communes) holds it, the metric system the legal one that measures their ground best.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import tomlkit

from geo.catalogue import Dataset, load_catalogue
from geo.crs import metric_crs, scale_error
from geo.errors import AtlasError, TerritoryError
from geo.layers import Epci, read_layer
from geo.readers import read_communes, read_table
from geo.territory import load_territory
from geo.writers import write_file
from store.official import Installer, Outcome, Progress

_SIREN = re.compile(r"[0-9]{9}")
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NATURE = re.compile(r"^(?:CA|CC|CU)\s+(?:du |de la |de l'|d'|des |de )?", re.IGNORECASE)


@dataclass(frozen=True)
class Founded:
    """A territory file just written: where, and what it holds."""

    path: Path
    code: str
    name: str
    communes: int
    quarters: int
    outcomes: list[Outcome]


def found(
    data: Path,
    installed: Path,
    siren: str,
    *,
    origin: str = "",
    name: str = "",
    code: str = "",
    progress: Progress | None = None,
) -> Founded:
    """Install what is missing of the official layers and write ``territories/<code>.toml``.

    ``origin`` is a folder, a mirror, or nothing for the publishers' addresses; layers installed
    before are used when it is not given. ``name`` is that of the official list without it, and
    ``code`` comes from the name. Raises TerritoryError, with every fault, for a SIREN or a code
    that is none, a territory that exists already, or layers that do not hold it.
    """
    _refuse(_faults(siren, code))
    installer = Installer(data, installed, siren)
    outcomes = _install(installer, data, installed, origin, progress)
    known = load_catalogue(data, installed)
    key = installer.communes_key()
    if key is None or "qpv_2024" not in known:
        raise TerritoryError(_missing(outcomes))
    communes, quarters = _layers(known, key, siren, outcomes)
    title = name.strip() or _official_name(known, siren) or f"Intercommunalité {siren}"
    words = _words(known["departements"], communes, quarters) | {"siren": siren, "name": title}
    chosen = code or _slug(title)
    path = data / "territories" / f"{chosen}.toml"
    _refuse(_taken(data, path, siren))
    facts = {"code": chosen, "short_name": _NATURE.sub("", title), "communes_key": key, **words}
    write_file(path, _filled(data / "template.toml", facts, len(communes)))
    load_territory(data, chosen)
    return Founded(path, chosen, title, len(communes), len(quarters), outcomes)


def _faults(siren: str, code: str) -> list[str]:
    faults = []
    if not _SIREN.fullmatch(siren):
        faults.append(f"SIREN « {siren} » : attendu 9 chiffres, celui de l'intercommunalité")
    if code and not _CODE.fullmatch(code):
        faults.append(f"code « {code} » : attendu des minuscules sans accent, chiffres et tirets")
    return faults


def _taken(data: Path, path: Path, siren: str) -> list[str]:
    if path.exists():
        return [f"territories/{path.name} existe déjà, et n'est jamais remplacé : donnez un --code"]
    for other in sorted(path.parent.glob("*.toml")):
        try:
            known = load_territory(data, other.stem)
        except AtlasError:
            continue
        if known.epci_siren == siren:
            return [f"territories/{other.name} est déjà le territoire de {siren}"]
    return []


def _refuse(faults: list[str]) -> None:
    if faults:
        raise TerritoryError("Territoire non écrit : " + " ; ".join(faults) + ".")


def _install(
    installer: Installer, data: Path, installed: Path, origin: str, progress: Progress | None
) -> list[Outcome]:
    if not origin and installer.current("qpv_2024") and installer.communes_key():
        return []
    return installer.fetch(origin, progress=progress)


def _missing(outcomes: list[Outcome]) -> str:
    told = " ; ".join(f"{one.layer.title} : {one.words}" for one in outcomes)
    return (
        f"Territoire non écrit : il faut la couche des quartiers et la liste des communes. {told}. "
        "Indiquez un dossier qui les contient (« --from DOSSIER »)."
    )


def _layers(
    known: dict[str, Dataset], key: str, siren: str, outcomes: list[Outcome]
) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    communes = read_communes(known[key], siren)
    try:
        quarters, _ = read_layer(
            known["qpv_2024"], epci=Epci(siren, lambda: communes["commune_code"])
        )
    except AtlasError as error:
        told = "".join(f"\n- {one.layer.title} : {one.words}" for one in outcomes if one.failed)
        raise TerritoryError(f"Territoire non écrit : {error}{told}") from error
    return communes, quarters


def _official_name(known: dict[str, Dataset], siren: str) -> str:
    if "communes_epci" not in known:
        return ""
    table = read_table(known["communes_epci"])
    names = table.loc[table["siren_epci"] == siren, "nom_epci"].dropna()
    return str(names.iloc[0]) if len(names) else ""


def _words(
    departments: Dataset, communes: pd.DataFrame, quarters: gpd.GeoDataFrame
) -> dict[str, str]:
    """Return department, region and metric system: those of most communes, then of the ground."""
    table = read_table(departments).set_index("code")
    codes = Counter(_department(code) for code in communes["commune_code"])
    code = codes.most_common(1)[0][0]
    if code not in table.index:
        raise TerritoryError(f"Territoire non écrit : département « {code} » inconnu.")
    row = table.loc[code]
    systems = str(row["systemes"]).split()
    best = min(systems, key=lambda name: scale_error(quarters, metric_crs(name)))
    return {
        "department_code": code,
        "department": str(row["nom"]),
        "region_code": str(row["region"]),
        "region": str(row["nom_region"]),
        "metric_crs": best,
    }


def _department(commune: str) -> str:
    return commune[:3] if commune.startswith("97") else commune[:2]


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", _NATURE.sub("", name)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.casefold()).strip("-")[:63]


def _filled(template: Path, facts: dict[str, str], communes: int) -> bytes:
    document = tomlkit.parse(template.read_text(encoding="utf-8"))
    _fill(document, facts)
    for field in ("code", "name", "short_name", "metric_crs"):
        document[field] = facts[field]
    epci: Any = document["epci"]
    epci.update({"siren": facts["siren"], "name": facts["name"], "communes": communes})
    datasets: Any = document["datasets"]
    datasets["communes"] = facts["communes_key"]
    return tomlkit.dumps(document).encode()


def _fill(table: Any, facts: dict[str, str]) -> None:
    """Replace ``{word}`` in every text of a table, in place: comments and order stay."""
    for key, value in table.items():
        if isinstance(value, str) and "{" in value:
            table[key] = value.format_map(facts)
        elif isinstance(value, dict):
            _fill(value, facts)
        elif isinstance(value, list):
            for entry in value:
                _fill(entry, facts)
