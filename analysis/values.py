"""Cells of French files read as values: amounts, days, years, references, identifiers.

Each reader takes the text of one cell and returns a ``Reading``: its value, the text to write
instead when something was mended, and what is wrong, if anything.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from stdnum.exceptions import ValidationError
from stdnum.fr import siret as siret_number

from analysis.search import fold
from geo.schema import INSEE_COMMUNE

BLOCKING, TO_CHECK, FOR_INFORMATION = "blocking", "check", "info"
MOST_CENTS = 10**13
_BLANKS = {
    "-",
    "–",
    "—",
    "/",
    "neant",
    "nd",
    "n.d.",
    "nc",
    "n.c.",
    "na",
    "sans objet",
    "so",
    "#n/a",
}
_DIGIT = re.compile(r"[0-9]")
_SPACES = re.compile(r"[\s'’]+")
_MONEY = re.compile(r"€|euros?|eur", re.I)
_WHOLE = re.compile(r"-?\d{1,13}")
_DECIMAL = re.compile(r"(-?\d{1,13})[.,](\d+)")
_FRENCH = re.compile(r"-?\d{1,3}(?:\.\d{3})+,\d{1,2}")
_ENGLISH = re.compile(r"-?\d{1,3}(?:,\d{3})+\.\d{1,2}")
_THOUSANDS = re.compile(r"-?\d{1,3}(?:\.\d{3}){2,}")
_UNSURE = re.compile(r"-?\d{1,3}[.,]\d{3}")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_DAY = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})(?:\s.*)?")
_WRITTEN = re.compile(r"(\d{1,2})(?:er)?\s+([a-z]+)\.?\s+(\d{4})")
_SERIAL = re.compile(r"[34567]\d{4}(?:\.0)?")
_YEAR = re.compile(r"(?<!\d)(20\d{2})(?!\d)")
_DAUPHIN = re.compile(r"DA0*(\d{1,8})(?:[-_/ ]+0*(\d{1,3}))?", re.I)
_BARE = re.compile(r"0*(\d{1,8})(?:[-_/]0*(\d{1,3}))?")
_RNA = re.compile(r"W\d{9}")
_MONTHS = (
    *("janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre"),
    *("octobre", "novembre", "decembre"),
)
_EXCEL_EPOCH = date(1899, 12, 30)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a cell: how serious, what kind, what was expected, how to mend it."""

    severity: str
    kind: str
    expected: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of a cell (None when missing or unreadable), its mended text, its problem."""

    value: Any = None
    mended: str | None = None
    problem: Problem | None = None


Reader = Callable[[str], Reading]
NOTHING = Reading()


def _wrong(severity: str, kind: str, expected: str, remedy: str) -> Reading:
    return Reading(problem=Problem(severity, kind, expected, remedy))


def _mended(
    value: Any, text: str, kind: str, expected: str, severity: str = FOR_INFORMATION
) -> Reading:
    remedy = f"Lu comme « {text} » ; corrigé dans le fichier à télécharger."
    return Reading(value, text, Problem(severity, kind, expected, remedy))


def _is_blank(text: str) -> bool:
    """Say whether a cell is filled with a word for nothing."""
    return not _DIGIT.search(text) and fold(text).strip() in _BLANKS


def cents(text: str) -> Reading:
    """Read euros as integer cents, exactly: ``1 234,50 €``, ``1.234,50``, ``1234.5``.

    ``1,234`` could be either and is refused; more than two decimals are rounded half up to the
    cent and said.
    """
    if _is_blank(text):
        return NOTHING
    compact = _MONEY.sub("", _SPACES.sub("", text))
    if _FRENCH.fullmatch(compact) or _THOUSANDS.fullmatch(compact):
        compact = compact.replace(".", "")
    elif _ENGLISH.fullmatch(compact):
        compact = compact.replace(",", "")
    elif _UNSURE.fullmatch(compact):
        expected = "un montant sans ambiguïté : 1234 (mille deux cent trente-quatre) ou 1,23"
        return _wrong(BLOCKING, "amount", expected, "Récrivez ce montant.")
    return _plain_cents(compact)


def _plain_cents(compact: str) -> Reading:
    expected = "un montant en euros, positif ou nul, comme 1 234,50"
    decimal = _DECIMAL.fullmatch(compact)
    if not decimal and not _WHOLE.fullmatch(compact):
        return _wrong(BLOCKING, "amount", expected, "Récrivez ce montant, ou videz la cellule.")
    euros, decimals = decimal.groups() if decimal else (compact, "")
    if compact.startswith("-") and compact.strip("-0.,"):
        return _wrong(BLOCKING, "amount", expected, "Un montant négatif n'est pas repris.")
    value = abs(int(euros)) * 100 + int(decimals[:2].ljust(2, "0"))
    if value > MOST_CENTS:
        return _wrong(BLOCKING, "amount", expected, "Vérifiez ce montant, hors d'échelle.")
    rest = decimals[2:]
    if not rest.strip("0"):
        return Reading(value)
    value += rest[0] >= "5"
    noise = rest.startswith(("000000", "999999"))
    text = f"{value // 100},{value % 100:02d}"
    return Reading(value) if noise else _mended(value, text, "rounded", "deux décimales au plus")


def day(text: str) -> Reading:
    """Read a day as ``AAAA-MM-JJ``; ``03/04/2024`` is 3 April, a spreadsheet's serial is a day."""
    expected = "une date, jour d'abord : 31/12/2025"
    if _is_blank(text):
        return NOTHING
    words = fold(text).strip()
    if found := _ISO.fullmatch(words):
        return _day_of(int(found[1]), int(found[2]), int(found[3]), expected)
    if found := _DAY.fullmatch(words):
        year = int(found[3]) + (2000 if len(found[3]) == 2 else 0)
        first, second = int(found[1]), int(found[2])
        if second > 12 >= first:
            turned = _day_of(year, first, second, expected)
            if turned.value:
                written = f"{second:02d}/{first:02d}/{year}"
                return _mended(turned.value, written, "date", expected, TO_CHECK)
        return _day_of(year, second, first, expected)
    if (found := _WRITTEN.fullmatch(words)) and found[2] in _MONTHS:
        return _day_of(int(found[3]), _MONTHS.index(found[2]) + 1, int(found[1]), expected)
    if _SERIAL.fullmatch(words):
        moment = _EXCEL_EPOCH + timedelta(days=int(float(words)))
        return _mended(moment.isoformat(), moment.strftime("%d/%m/%Y"), "date", expected)
    return _wrong(TO_CHECK, "date", expected, "Date laissée de côté ; récrivez-la.")


def _day_of(year: int, month: int, number: int, expected: str) -> Reading:
    try:
        return Reading(date(year, month, number).isoformat())
    except ValueError:
        return _wrong(TO_CHECK, "date", expected, "Cette date n'existe pas ; récrivez-la.")


def year(text: str) -> Reading:
    """Read a year (int) written alone, in a date or after a word."""
    found = set(_YEAR.findall(text))
    if len(found) == 1:
        return Reading(int(found.pop()))
    expected = "une année, comme 2025"
    return _wrong(BLOCKING, "year", expected, "Indiquez l'exercice de cette ligne.")


def reference(text: str, *, dauphin: bool) -> Reading:
    """Read a reference; DAUPHIN's own get back the zeros a spreadsheet has eaten.

    ``dauphin`` says that the file's references are DAUPHIN's: a bare number is then one too.
    """
    compact = " ".join(text.split())
    found = _DAUPHIN.fullmatch(compact) or (_BARE.fullmatch(compact) if dauphin else None)
    if not found:
        return Reading(compact)
    whole = f"DA{int(found[1]):08d}" + (f"-{int(found[2])}" if found[2] else "")
    if whole == compact.upper():
        return Reading(whole)
    return _mended(whole, whole, "reference", "DA, 8 chiffres, tiret, numéro d'action")


def siret(text: str) -> Reading:
    """Read a SIRET of 14 digits with a right key (La Poste has its own); restores a lost zero.

    A wrong one is left out and said: it would name another establishment.
    """
    if _is_blank(text):
        return NOTHING
    digits = re.sub(r"[\s.\-]", "", text)
    expected = "un SIRET de 14 chiffres dont la clé est juste"
    if not digits.isascii() or not digits.isdigit():
        return _wrong(TO_CHECK, "siret", expected, "SIRET non retenu ; corrigez-le.")
    if len(digits) == 9:
        remedy = "C'est un SIREN (9 chiffres) : ajoutez le NIC de l'établissement (5 chiffres)."
        return _wrong(TO_CHECK, "siret", expected, remedy)
    whole = digits.zfill(14) if len(digits) in (12, 13) else digits
    try:
        siret_number.validate(whole)
    except ValidationError:
        remedy = "SIRET non retenu : la clé est fausse, un chiffre est sans doute mal recopié."
        return _wrong(TO_CHECK, "siret", expected, remedy)
    return Reading(whole) if whole == digits else _mended(whole, whole, "siret", expected)


def rna(text: str) -> Reading:
    """Read an RNA number: W and nine digits (it has no check digit)."""
    compact = re.sub(r"[\s.\-]", "", text).upper()
    if _is_blank(text):
        return NOTHING
    if _RNA.fullmatch(compact):
        return Reading(compact)
    return _wrong(TO_CHECK, "rna", "un numéro RNA : W et 9 chiffres", "Corrigez ce numéro.")


def commune_code(text: str) -> Reading:
    """Read an Insee code of 5 characters; restores a lost zero."""
    compact = text.strip().upper()
    whole = compact.zfill(5) if compact.isdigit() and len(compact) == 4 else compact
    expected = "un code commune Insee de 5 caractères, comme 01004"
    if not re.fullmatch(INSEE_COMMUNE, whole):
        return _wrong(TO_CHECK, "commune", expected, "Code laissé de côté ; corrigez-le.")
    return Reading(whole) if whole == compact else _mended(whole, whole, "commune", expected)


def postcode(text: str) -> Reading:
    """Read a postcode of 5 digits; restores a lost zero."""
    compact = re.sub(r"\s", "", text)
    whole = compact.zfill(5) if compact.isdigit() and len(compact) == 4 else compact
    expected = "un code postal de 5 chiffres"
    if not re.fullmatch(r"[0-9]{5}", whole):
        return _wrong(TO_CHECK, "postcode", expected, "Code laissé de côté ; corrigez-le.")
    return Reading(whole) if whole == compact else _mended(whole, whole, "postcode", expected)


def degrees(text: str) -> Reading:
    """Read a coordinate (float), decimal comma or point; what it means is judged elsewhere."""
    compact = _SPACES.sub("", text).replace(",", ".")
    if re.fullmatch(r"[-+]?\d{1,8}(?:\.\d+)?", compact):
        return Reading(float(compact))
    expected = "une coordonnée en degrés, comme 2,6432"
    return _wrong(TO_CHECK, "position", expected, "Position laissée de côté ; récrivez-la.")


def count(text: str) -> Reading:
    """Read a number of people (int)."""
    if _is_blank(text):
        return NOTHING
    compact = _SPACES.sub("", text)
    if re.fullmatch(r"\d{1,7}(?:[.,]0+)?", compact):
        return Reading(int(re.split("[.,]", compact)[0]))
    expected = "un nombre entier de personnes"
    return _wrong(TO_CHECK, "count", expected, "Nombre laissé de côté ; récrivez-le.")
