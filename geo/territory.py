"""A contrat de ville as data: EPCI, perimeters, comparators, funders, programmes.

One TOML file a territory, in ``data/territories/``; national nomenclatures (themes, statuses,
uncertainty of positions) are in ``data/nomenclature.toml``.
"""

import os
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pyproj import CRS

from geo.crs import metric_crs
from geo.errors import CrsError, TerritoryError
from geo.fields import Fields, table_faults

# Fields of a territory file: those it must have, then those it may have. "" is the file itself;
# another name is a table, or a list of tables, of the file.
_FIELDS: Fields = {
    "": (
        (
            *("code", "name", "short_name", "contract", "metric_crs", "commune_radius_m", "epci"),
            *("generation", "figures_generation", "datasets", "comparators"),
            *("axes", "funders", "dispositifs"),
        ),
        (
            *("programmes", "default_programme", "campaigns"),
            *("npnru", "lived_places", "lived_areas", "essentials", "qpv_public_percent"),
        ),
    ),
    "epci": (("siren", "name"), ("population", "communes")),
    "comparators": (("level", "code", "label"), ("former_codes",)),
    "npnru": (("qpv", "label"), ()),
    "lived_places": (("label", "qpv", "lon", "lat", "radius_m", "reason", "source"), ()),
    "lived_areas": (("label", "qpv", "dataset", "reason"), ()),
    "axes": (("code", "label"), ("short",)),
    "funders": (("code", "label"), ("short", "signatory", "budget", "siret")),
    "dispositifs": (("code", "label"), ("short",)),
    "essentials": (("label",), ("dispositif", "theme")),
    "campaigns": (("year", "deadline"), ("opening", "committees")),
    "programmes": (
        ("code", "label", "format", "fictitious"),
        ("projects", "funding", "posts", "funder"),
    ),
}
_WORDS: Fields = {
    "": (
        (
            *("groups", "themes", "statuses", "uncertainty_m", "positions"),
            *("secrecy_threshold", "geocoding_score"),
        ),
        ("dossier_states",),
    ),
    "groups": (("code", "label", "letter"), ("short",)),
    "dossier_states": (("code", "label", "words"), ("short",)),
    "themes": (("code", "label", "axis", "group"), ("short",)),
}
CITY_BUDGET = "147"  # the State's budget programme "Politique de la ville"


@dataclass(frozen=True)
class Term:
    """A coded word of a nomenclature: code, full label, short label."""

    code: str
    label: str
    short: str


@dataclass(frozen=True)
class Funder(Term):
    """An institution, or a family of them, that pays: State's programme ``budget``, ``siret``."""

    signatory: bool = False
    budget: str = ""
    siret: str = ""


@dataclass(frozen=True)
class Theme(Term):
    """A theme of the ANCT nomenclature, its axis and the family it is drawn with."""

    axis: str = ""
    group: str = ""


@dataclass(frozen=True)
class Group(Term):
    """A family of themes: one colour and one letter on maps and charts."""

    letter: str = ""


@dataclass(frozen=True)
class DossierState(Term):
    """A state of a file of the yearly call, and the statuses of DAUPHIN that mean it."""

    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Campaign:
    """A yearly call for projects: the day files must be complete by, and what else is known."""

    year: int
    deadline: date
    opening: date | None = None
    committees: tuple[date, ...] = ()


@dataclass(frozen=True)
class Comparator:
    """A larger area a quarter is compared with; ``former_codes`` are not the same area."""

    level: str
    code: str
    label: str
    former_codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LivedPlace:
    """A place outside a quarter that its residents use: the disc of ``radius_m`` metres.

    ``lon`` and ``lat`` are in degrees (EPSG:4326).
    """

    label: str
    qpv: str
    lon: float
    lat: float
    radius_m: float
    reason: str
    source: str


@dataclass(frozen=True)
class LivedArea:
    """An area outside a quarter that its residents use: a data set of the catalogue."""

    label: str
    qpv: str
    dataset: str
    reason: str


@dataclass(frozen=True)
class Essential:
    """What every quarter is expected to have: the projects of a dispositif or of a theme."""

    label: str
    dispositif: str = ""
    theme: str = ""

    @property
    def column(self) -> str:
        """Return the column of the ledger that tells its projects."""
        return "dispositif" if self.dispositif else "theme"

    @property
    def code(self) -> str:
        """Return the code looked for in that column."""
        return self.dispositif or self.theme


@dataclass(frozen=True)
class Programme:
    """A set of projects: its data sets by role, its format, and whether it is fictitious."""

    code: str
    label: str
    format: str
    fictitious: bool
    datasets: dict[str, str]
    funder: str = ""


# What a territory without any programme shows in its place: no project, no line of funding.
NO_PROGRAMME = Programme("aucun", "Aucun programme", "none", False, {})


@dataclass(frozen=True)
class Nomenclature:
    """National vocabularies: themes, families of themes, statuses, uncertainty in metres.

    A count of fewer people than ``secrecy_threshold`` is not shown (``analysis.secrecy``); an
    address found with a lower score than ``geocoding_score`` is not located.
    """

    themes: tuple[Theme, ...]
    groups: tuple[Group, ...]
    statuses: dict[str, str]
    uncertainty_m: dict[str, float]
    positions: dict[str, str]
    secrecy_threshold: int
    geocoding_score: float
    dossier_states: tuple[DossierState, ...] = ()


@dataclass(frozen=True)
class Territory:
    """A contrat de ville, ready to use."""

    code: str
    name: str
    short_name: str
    contract: str
    crs: CRS
    commune_radius_m: float
    generation: int
    figures_generation: int
    epci_siren: str
    epci_name: str
    datasets: dict[str, str]
    comparators: tuple[Comparator, ...]
    npnru: dict[str, str]
    axes: tuple[Term, ...]
    funders: tuple[Funder, ...]
    dispositifs: tuple[Term, ...]
    programmes: tuple[Programme, ...]
    default_programme: str
    nomenclature: Nomenclature
    lived_places: tuple[LivedPlace, ...] = ()
    lived_areas: tuple[LivedArea, ...] = ()
    essentials: tuple[Essential, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    qpv_public_percent: float = 50.0

    @property
    def city_funders(self) -> tuple[str, ...]:
        """Return the funders whose credits come from the State's programme 147."""
        return tuple(one.code for one in self.funders if one.budget == CITY_BUDGET)

    def programme(self, code: str) -> Programme:
        """Return the programme with this code; raises TerritoryError if there is none."""
        for programme in self.programmes:
            if programme.code == code:
                return programme
        known = ", ".join(programme.code for programme in self.programmes)
        raise TerritoryError(f"Programme « {code} » inconnu ; programmes du territoire : {known}.")


def territory_code() -> str | None:
    """Return the territory asked for by ``ATLAS_TERRITORY``, if any."""
    return os.environ.get("ATLAS_TERRITORY") or None


def load_territory(directory: Path, code: str | None = None) -> Territory:
    """Read ``territories/<code>.toml`` of the data directory (the first by name without a code).

    Raises TerritoryError, with every fault found, when the file is absent, incomplete or
    contradicts itself.
    """
    path = _territory_path(directory, code)
    content = _read(path, _FIELDS)
    nomenclature = _nomenclature(_read(directory / "nomenclature.toml", _WORDS))
    try:
        territory = _territory(content, nomenclature)
    except CrsError as error:
        raise TerritoryError(f"{path.name}, metric_crs : {error}") from error
    _refuse(path, _contradictions(territory))
    return territory


def _territory_path(directory: Path, code: str | None) -> Path:
    files = sorted((directory / "territories").glob("*.toml"))
    for path in files:
        if code is None or path.stem == code:
            return path
    known = ", ".join(path.stem for path in files) or "aucun"
    raise TerritoryError(
        f"Aucun fichier de territoire « {code or '*'} » dans {directory.name}/territories/ ; "
        f"territoires présents : {known}."
    )


def _read(path: Path, fields: Fields) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TerritoryError(f"Le fichier {path.name} est absent ou illisible.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TerritoryError(
            f"Le fichier {path.name} n'est pas un TOML valide : {error}."
        ) from error
    _refuse(path, table_faults(content, fields))
    return content


def _contradictions(territory: Territory) -> list[str]:
    programmes = [programme.code for programme in territory.programmes]
    funders = {funder.code for funder in territory.funders}
    faults = [
        f"programme « {programme.code} » : financeur « {programme.funder} » absent de funders"
        for programme in territory.programmes
        if programme.funder and programme.funder not in funders
    ]
    if territory.default_programme not in programmes:
        faults.append(f"default_programme « {territory.default_programme} » absent de programmes")
    return faults + _essential_faults(territory)


def _essential_faults(territory: Territory) -> list[str]:
    known = {
        "dispositif": {term.code for term in territory.dispositifs},
        "theme": {theme.code for theme in territory.nomenclature.themes},
    }
    faults = []
    for one in territory.essentials:
        if bool(one.dispositif) == bool(one.theme):
            faults.append(f"essentials « {one.label} » : attendu un dispositif ou un theme")
        elif one.code not in known[one.column]:
            faults.append(f"essentials « {one.label} » : {one.column} « {one.code} » inconnu")
    return faults


def _refuse(path: Path, faults: list[str]) -> None:
    if faults:
        listed = "\n".join(f"- {fault}" for fault in faults)
        raise TerritoryError(
            f"{path.name} : {len(faults)} défaut(s).\n{listed}\nPrenez exemple sur un autre "
            "fichier de data/territories/."
        )


def _term(entry: dict[str, Any]) -> dict[str, Any]:
    return {**_plain(entry), "short": entry.get("short", entry["label"])}


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(one) if isinstance(one, list) else one for name, one in entry.items()}


def _nomenclature(content: dict[str, Any]) -> Nomenclature:
    return Nomenclature(
        themes=tuple(Theme(**_term(entry)) for entry in content["themes"]),
        groups=tuple(Group(**_term(entry)) for entry in content["groups"]),
        statuses=dict(content["statuses"]),
        uncertainty_m={name: float(metres) for name, metres in content["uncertainty_m"].items()},
        positions=dict(content["positions"]),
        secrecy_threshold=int(content["secrecy_threshold"]),
        geocoding_score=float(content["geocoding_score"]),
        dossier_states=tuple(
            DossierState(**_term(entry)) for entry in content.get("dossier_states", [])
        ),
    )


def _territory(content: dict[str, Any], nomenclature: Nomenclature) -> Territory:
    listed = tuple(_programme(entry) for entry in content.get("programmes", []))
    programmes = listed or (NO_PROGRAMME,)
    return Territory(
        code=content["code"],
        name=content["name"],
        short_name=content["short_name"],
        contract=content["contract"],
        crs=metric_crs(content["metric_crs"]),
        generation=content["generation"],
        figures_generation=content["figures_generation"],
        epci_siren=content["epci"]["siren"],
        epci_name=content["epci"]["name"],
        datasets=dict(content["datasets"]),
        comparators=tuple(_comparator(entry) for entry in content["comparators"]),
        npnru={entry["qpv"]: entry["label"] for entry in content.get("npnru", [])},
        axes=tuple(Term(**_term(entry)) for entry in content["axes"]),
        funders=tuple(Funder(**_term(entry)) for entry in content["funders"]),
        dispositifs=tuple(Term(**_term(entry)) for entry in content["dispositifs"]),
        programmes=programmes,
        default_programme=content.get("default_programme", programmes[0].code),
        nomenclature=nomenclature,
        commune_radius_m=float(content["commune_radius_m"]),
        lived_places=tuple(LivedPlace(**entry) for entry in content.get("lived_places", [])),
        lived_areas=tuple(LivedArea(**entry) for entry in content.get("lived_areas", [])),
        essentials=tuple(Essential(**entry) for entry in content.get("essentials", [])),
        campaigns=tuple(Campaign(**_plain(entry)) for entry in content.get("campaigns", [])),
        qpv_public_percent=float(content.get("qpv_public_percent", 50)),
    )


def _comparator(entry: dict[str, Any]) -> Comparator:
    return Comparator(**{**entry, "former_codes": tuple(entry.get("former_codes", ()))})


def _programme(entry: dict[str, Any]) -> Programme:
    roles: dict[str, str] = {
        name: entry[name] for name in ("projects", "funding", "posts") if name in entry
    }
    return Programme(
        code=entry["code"],
        label=entry["label"],
        format=entry["format"],
        fictitious=entry["fictitious"],
        datasets=roles,
        funder=entry.get("funder", ""),
    )
