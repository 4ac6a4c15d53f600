"""Column names and contracts of every frame, checked with pandera at the door.

A contract says, for each column, its type, whether it may be empty, its allowed values and, in
``metadata["expected"]``, the French words that tell a user what was expected. ``check`` turns
pandera's findings into one message that lists them all.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypeVar

import pandas as pd
import pandera.pandas as pa

from geo.errors import ContractError

# The department of a code may hold a letter (2A, 2B) or three digits (974).
QPV_CODE = r"QN[0-9A-Z]{3}[0-9]{2}[A-Z]"
QPV_CODE_2015 = r"QP[0-9A-Z]{3}[0-9]{3}"
INSEE_COMMUNE = r"(?:[0-9]{2}|2[AB])[0-9]{3}"
STATUSES = ("granted", "pending", "refused", "ineligible")
SCOPES = ("quarters", "commune", "territory")
POSITION_METHODS = ("surveyed", "housenumber", "street", "locality", "commune")
SHARE = r"[0-9]{1,3}(?:\.[0-9]{1,2})?"  # per cent
PEOPLE = r"[0-9]{1,7}"
ADDRESS_KINDS = ("activity", "seat")
AMOUNTS = ("requested", "granted", "previous")
FIGURE_STATUSES = ("published", "secret", "absent", "not_significant", "not_comparable")
# Generations of perimeters: decree of December 2014, decree of December 2023.
GENERATIONS = (2015, 2024)
# The widest coordinates of a system in use: half the equator in Web Mercator.
_METRES = (-20_037_509, 20_037_509)
_MOST_FAULTS = 20
_MOST_TEXT = 80

Frame = TypeVar("Frame", bound=pd.DataFrame)


def _text(
    expected: str, pattern: str | None = None, *, nullable: bool = False, unique: bool = False
) -> pa.Column:
    checks = [_whole(pattern, expected)] if pattern else []
    words = {"expected": expected}
    return pa.Column(str, checks, metadata=words, nullable=nullable, unique=unique)


def _whole(pattern: str, expected: str) -> pa.Check:
    # Not pandas' own match: its "$" lets a final line feed through.
    matches = re.compile(pattern).fullmatch
    return pa.Check(lambda cell: matches(cell) is not None, element_wise=True, error=expected)


def _list_of(pattern: str) -> str:
    return rf"\s*{pattern}\s*(?:[,;]\s*{pattern}\s*)*"


def _choice(expected: str, values: tuple[str, ...], *, nullable: bool = False) -> pa.Column:
    check = pa.Check.isin(values, error=expected)
    return pa.Column(str, check, metadata={"expected": expected}, nullable=nullable)


def _number(
    dtype: str, expected: str, low: float, high: float, *, nullable: bool = False
) -> pa.Column:
    check = pa.Check.in_range(low, high, error=expected)
    return pa.Column(dtype, check, metadata={"expected": expected}, nullable=nullable)


def _day(what: str) -> pa.Column:
    expected = f"la date {what}, écrite AAAA-MM-JJ, ou une cellule vide"
    check = pa.Check(_is_day, element_wise=True, error=expected)
    return pa.Column(str, check, metadata={"expected": expected}, nullable=True)


def _is_day(cell: str) -> bool:
    try:
        return date.fromisoformat(cell).isoformat() == cell
    except ValueError:
        return False


def _cents(what: str) -> pa.Column:
    expected = f"un {what} en euros, positif ou nul, ou une cellule vide"
    return _number("Int64", expected, 0, 10**13, nullable=True)


PROJECTS = pa.DataFrameSchema(
    {
        "project_id": _text("un identifiant unique", r"\S.*", unique=True),
        "programme": _text("le code du programme", r"[a-z0-9-]+"),
        "fictitious": pa.Column(bool, metadata={"expected": "oui ou non"}),
        "reference": _text(
            "une référence DAUPHIN (DA et 8 chiffres, -n par action) ou celle de la source",
            nullable=True,
        ),
        "year": _number("Int64", "une année entre 2000 et 2100", 2000, 2100),
        "title": _text("un intitulé", r"[\s\S]*\S[\s\S]*"),
        "operator": _text("le nom du porteur", r"[\s\S]*\S[\s\S]*"),
        "operator_siret": _text("un SIRET de 14 chiffres", r"[0-9]{14}", nullable=True),
        "theme": _text(
            "un code de thème de la nomenclature (1.1, 1.5a…)",
            r"[0-9](\.[0-9][a-z]?)?",
            nullable=True,
        ),
        "dispositif": _text("un dispositif du territoire", nullable=True),
        "renewal": _choice("« new » ou « renewed »", ("new", "renewed"), nullable=True),
        "scope": _choice("« quarters », « commune » ou « territory »", SCOPES, nullable=True),
        "declared_qpv": _text("un ou plusieurs codes QPV séparés par des virgules", nullable=True),
        "address": _text("une adresse", nullable=True),
        "commune_code": _text(
            "un code commune Insee de 5 caractères", INSEE_COMMUNE, nullable=True
        ),
        "commune_name": _text("un nom de commune", nullable=True),
        # Metres of a projected system may stand here by mistake: they are read, so that
        # ``geo.coordinates`` can say which and propose the remedy, and never used as they are.
        "lon": _number(
            "float64", "une longitude en degrés, de -180 à 180", *_METRES, nullable=True
        ),
        "lat": _number("float64", "une latitude en degrés, de -90 à 90", *_METRES, nullable=True),
        "position_method": _choice(
            "l'origine de la position (surveyed, housenumber, street, locality, commune)",
            POSITION_METHODS,
            nullable=True,
        ),
        "beneficiaries": _number("Int64", "un nombre de personnes", 0, 10**7, nullable=True),
        "declared_shares": _text(
            "des pourcentages séparés par des virgules, dans l'ordre des quartiers (60, 40)",
            _list_of(SHARE),
            nullable=True,
        ),
        "qpv_beneficiaries": _text(
            "des nombres de personnes séparés par des virgules, dans l'ordre des quartiers",
            _list_of(PEOPLE),
            nullable=True,
        ),
        "address_kind": _choice(
            "« activity » (lieu de l'action) ou « seat » (siège du porteur)",
            ADDRESS_KINDS,
            nullable=True,
        ),
        "qpv_residents": _number(
            "Int64",
            "le nombre de bénéficiaires prévus qui habitent un QPV",
            0,
            10**7,
            nullable=True,
        ),
        # The word of the source, not the atlas's: the nomenclature says which state it means.
        "dossier_status": _text("l'état du dossier, tel que la source l'écrit", nullable=True),
        "operator_rna": _text("un numéro RNA : W et 9 chiffres", r"W[0-9]{9}", nullable=True),
        "postcode": _text("un code postal de 5 chiffres", r"[0-9]{5}", nullable=True),
        "starts_on": _day("du début de l'action"),
        "ends_on": _day("de la fin de l'action"),
        "total_cost_cents": _cents("coût total de l'action"),
    },
    strict=True,
    name="projets",
)
# What a file of projects may leave out: the columns are then empty.
OPTIONAL_PROJECT_COLUMNS = (
    "declared_shares",
    "qpv_beneficiaries",
    "address_kind",
    "qpv_residents",
    "dossier_status",
    "operator_rna",
    "postcode",
    "starts_on",
    "ends_on",
    "total_cost_cents",
)

FUNDING = pa.DataFrameSchema(
    {
        "project_id": _text("l'identifiant d'un projet", r"\S.*"),
        "funder": _text("le code d'un financeur du territoire", r"[a-z0-9-]+"),
        "status": _choice("« granted », « pending », « refused » ou « ineligible »", STATUSES),
        "requested_cents": _cents("montant demandé"),
        "granted_cents": _cents("montant accordé"),
        "previous_cents": _cents("montant de l'année précédente"),
        "requested_on": _day("du dépôt de la demande"),
        "decided_on": _day("de la décision du financeur"),
    },
    unique=["project_id", "funder"],
    strict=True,
    name="financements",
)
OPTIONAL_FUNDING_COLUMNS = ("requested_on", "decided_on")

QUARTERS = pa.DataFrameSchema(
    {
        "qpv_code": _text(
            "un code QPV (comme QN00001A)", f"(?:{QPV_CODE}|{QPV_CODE_2015})", unique=True
        ),
        "qpv_name": _text("un nom de quartier", r".*\S.*"),
        "commune_codes": _text(
            "des codes commune séparés par des virgules",
            rf"{INSEE_COMMUNE}(, ?{INSEE_COMMUNE})*",
        ),
        "commune_names": _text("des noms de communes", r".*\S.*"),
        "geometry": pa.Column("geometry", metadata={"expected": "un polygone valide"}),
    },
    strict=True,
    name="quartiers",
)

# Any published layer: some editions give no commune, or only codes, or only names.
LAYER = QUARTERS.update_columns(
    {"commune_codes": {"nullable": True}, "commune_names": {"nullable": True}}
)

QUARTERS_2015 = pa.DataFrameSchema(
    {
        "qpv_code": _text("un code QPV 2015", QPV_CODE_2015, unique=True),
        "qpv_name": _text("un nom de quartier", r".*\S.*"),
        "communes": _text("des noms de communes", r".*\S.*"),
        "population_2013": _number("Int64", "un nombre d'habitants", 0, 10**7, nullable=True),
        "population_2018": _number("Int64", "un nombre d'habitants", 0, 10**7, nullable=True),
        "npnru": _choice("oui ou non", ("oui", "non")),
    },
    strict=True,
    name="quartiers 2015",
)

COMMUNES = pa.DataFrameSchema(
    {
        "commune_code": _text("un code commune Insee", INSEE_COMMUNE, unique=True),
        "commune_name": _text("un nom de commune", r".*\S.*"),
        "population": _number("Int64", "un nombre d'habitants", 0, 10**7, nullable=True),
        "lon": _number(
            "float64", "une longitude en degrés, de -180 à 180", -180, 180, nullable=True
        ),
        "lat": _number("float64", "une latitude en degrés, de -90 à 90", -90, 90, nullable=True),
        "postcodes": _text(
            "des codes postaux de 5 chiffres séparés par des virgules",
            _list_of("[0-9]{5}"),
            nullable=True,
        ),
    },
    strict=True,
    name="communes",
)

CROSSWALK = pa.DataFrameSchema(
    {
        "qpv_code": _text("un code QPV 2024", QPV_CODE, nullable=True),
        "qpv_code_2015": _text("un code QPV 2015", QPV_CODE_2015, nullable=True),
        "status": _text("le statut de la correspondance, en capitales", r"[A-Z_ -]+"),
    },
    unique=["qpv_code", "qpv_code_2015"],
    strict=True,
    name="correspondance des générations",
)

FIGURES = pa.DataFrameSchema(
    {
        "area_level": _choice(
            "un niveau géographique",
            ("quarter", "commune", "epci", "department", "region", "country"),
        ),
        "area_code": _text("le code du territoire mesuré", r"\S+"),
        # Two tables may give the same name to two things (A: CAF recipients, job seekers).
        "table": _text("le nom de la table publiée, ou rien"),
        "variable": _text("le nom de la variable dans le fichier publié", r"\S+"),
        "data_year": _number("Int64", "une année de donnée", 1990, 2100, nullable=True),
        "file_year": _number("Int64", "une année de fichier", 1990, 2100, nullable=True),
        "value": pa.Column("float64", metadata={"expected": "un nombre"}, nullable=True),
        "status": _choice("l'état du chiffre", FIGURE_STATUSES),
        "generation": _number("Int64", "2015 ou 2024", 2015, 2024, nullable=True),
        "dataset": _text("un jeu de données du catalogue", r"[a-z0-9_-]+"),
    },
    unique=[
        *("dataset", "table", "area_level", "area_code", "variable", "data_year", "file_year"),
    ],
    strict=True,
    name="indicateurs",
)


def types(contract: pa.DataFrameSchema) -> dict[str, str]:
    """Return the pandas type of each column of a contract, as ``astype`` takes it."""
    found = {name: str(column.dtype) for name, column in contract.columns.items()}
    return {name: "str" if "string" in word else word for name, word in found.items()}


def empty(contract: pa.DataFrameSchema) -> pd.DataFrame:
    """Return a frame without a row that keeps a contract."""
    known = types(contract)
    return pd.DataFrame(columns=list(known)).astype(known)


def check(frame: Frame, contract: pa.DataFrameSchema, source: str, first_line: int = 2) -> Frame:
    """Return the frame, unchanged, if it keeps its contract.

    ``source`` names the file in the message and ``first_line`` is the line of the file that holds
    row 0 of the index (2 below a header). Raises ContractError with every fault (the first 20 in
    full).
    """
    message = report(frame, contract, source, first_line=first_line)
    if message:
        raise ContractError(message)
    return frame


def report(
    frame: pd.DataFrame,
    contract: pa.DataFrameSchema,
    source: str,
    *,
    first_line: int = 2,
    row: str = "ligne",
    names: Mapping[str, str] | None = None,
    met: Sequence[str] = (),
) -> str:
    """Return the French message that lists every fault of a frame, empty if there is none.

    ``names`` gives the file's own name of a column of the contract and ``row`` the word for a row;
    ``met`` are faults already found by ``cell_fault`` while the cells were read: they come first,
    and the contract says nothing more of those cells.
    """
    told = {_place(line) for line in met}
    found = _faults(frame, contract, first_line, row, names or {})
    lines = [*met, *(line for line in dict.fromkeys(found) if _place(line) not in told)]
    if not lines:
        return ""
    shown = "\n".join(f"- {line}" for line in lines[:_MOST_FAULTS])
    more = len(lines) - _MOST_FAULTS
    rest = f"\n- … et {more} autres." if more > 0 else ""
    return (
        f"{source} ({contract.name}) : {len(lines)} défaut(s).\n{shown}{rest}\n"
        "Corrigez ces cellules dans le fichier, puis recommencez."
    )


def cell_fault(where: str, column: str, found: object, expected: str) -> str:
    """Say in French what is wrong with one cell: where, what was found, what was expected."""
    what = "cellule vide" if pd.isna(found) else f"« {_cut(str(found))} »"  # type: ignore[call-overload]
    return f"{where}, colonne « {column} » : {what} ; attendu : {expected}."


def _cut(text: str) -> str:
    line = text.replace("\n", "⏎")
    return line if len(line) <= _MOST_TEXT else f"{line[:_MOST_TEXT]}…"


def _place(fault: str) -> str:
    return fault.partition(" : ")[0]


def _faults(
    frame: pd.DataFrame,
    contract: pa.DataFrameSchema,
    first_line: int,
    row: str,
    names: Mapping[str, str],
) -> list[str]:
    try:
        contract.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as failures:
        cases = failures.failure_cases.to_dict("records")
        return [_fault(case, contract, first_line, row, names) for case in cases]
    return []


def _fault(
    case: dict[str, object],
    contract: pa.DataFrameSchema,
    first_line: int,
    row: str,
    names: Mapping[str, str],
) -> str:
    rule, found = str(case["check"]), case["failure_case"]
    if rule == "column_in_dataframe":
        return f"colonne « {names.get(str(found), found)} » absente ; ajoutez-la."
    if rule == "column_in_schema":
        return f"colonne « {found} » inattendue ; retirez-la."
    index = str(case["index"])
    where = f"{row} {int(index) + first_line}" if index.isdigit() else f"{row}s"
    if rule == "multiple_fields_uniqueness":
        keys = ", ".join(f"« {names.get(key, key)} »" for key in contract.unique)
        return f"{where}, colonnes {keys} : répétées ; attendu : une ligne par combinaison."
    column = str(case["column"])
    known = contract.columns.get(column)
    expected = (known.metadata or {}).get("expected", "") if known is not None else ""
    column = names.get(column, column)
    if rule.startswith("dtype"):
        return f"colonne « {column} » : type {found} ; attendu : {expected}."
    if rule == "field_uniqueness":
        expected = "une valeur qui n'apparaît qu'une fois"
    return cell_fault(where, column, found, expected)
