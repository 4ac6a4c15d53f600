"""The format a programme is imported from: its columns, and the words real exports use for them.

Everything here is data (``data/import.toml``); the published Table Schema is made from it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from analysis.search import fold
from geo.territory import Territory

AMOUNT_FIELDS = ("requested", "granted", "previous")
LINE_FIELDS = ("status", *AMOUNT_FIELDS, "requested_on", "decided_on")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NOT_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Field:
    """One column of the format: the atlas's word, the published name, what it holds, synonyms."""

    field: str
    name: str
    title: str
    description: str
    on: str
    type: str
    example: str
    synonyms: tuple[str, ...]
    required: bool = False
    pattern: str = ""
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Vocabulary:
    """The format and the words of one territory: what each word written in a file stands for.

    ``funders``, ``statuses``, ``themes``, ``dispositifs``, ``renewals`` and ``scopes`` give a code
    by plain words (``plain``); ``amount_words`` gives words by kind of column.
    """

    fields: dict[str, Field]
    amount_words: dict[str, tuple[str, ...]]
    funders: dict[str, str]
    statuses: dict[str, str]
    themes: dict[str, str]
    dispositifs: dict[str, str]
    renewals: dict[str, str]
    scopes: dict[str, str]


@lru_cache(maxsize=2**16)
def plain(text: str) -> str:
    """Return the words of a text only: folded, camel case and punctuation made blanks."""
    return _NOT_WORDS.sub(" ", fold(_CAMEL.sub(" ", text))).strip()


def vocabulary(content: Mapping[str, Any], territory: Territory) -> Vocabulary:
    """Return the vocabulary of a territory from the content of ``data/import.toml``.

    The territory's own labels come first; words for a funder it does not have are left out.
    """
    fields = {
        one["field"]: Field(**{**one, "synonyms": tuple(one["synonyms"])})
        for one in content["fields"]
    }
    words = territory.nomenclature
    funders = {funder.code: (funder.label, funder.short) for funder in territory.funders}
    themes = {theme.code: (theme.label, theme.short) for theme in words.themes}
    return Vocabulary(
        fields=fields,
        amount_words={kind: tuple(some) for kind, some in content["amount_words"].items()},
        funders=_codes(content["funders"], funders),
        statuses=_codes(
            content["statuses"], {code: (one,) for code, one in words.statuses.items()}
        ),
        themes=_codes(content["themes"], themes),
        dispositifs=_codes({}, {one.code: (one.label, one.short) for one in territory.dispositifs}),
        renewals=_codes(content["renewals"], {"new": (), "renewed": ()}),
        scopes=_codes(content["scopes"], {"quarters": (), "territory": ()}),
    )


def _codes(words: Mapping[str, list[str]], known: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for code, own in known.items():
        for word in (code, *own, *words.get(code, ())):
            found.setdefault(plain(word), code)
    return found


def table_schema(fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the published format as a Table Schema (frictionlessdata.io), ready for Validata."""
    return {
        "$schema": "https://frictionlessdata.io/schemas/table-schema.json",
        "name": "programmation-contrat-de-ville",
        "title": "Programmation d'un contrat de ville",
        "description": (
            "Une ligne par financeur d'une action. Les lignes d'une même action portent la même "
            "référence et les mêmes informations ; une cellule vide est inconnue, jamais zéro. "
            "CSV en UTF-8, séparateur point-virgule ou virgule, point décimal."
        ),
        "countryCode": "FR",
        "version": "1.0.0",
        "created": "2026-11-25",
        "lastModified": "2026-11-25",
        "contributors": [{"title": "Atlas des quartiers prioritaires", "role": "author"}],
        "resources": [
            {"title": "Exemple valide", "path": "exemple_valide.csv"},
            {"title": "Exemple invalide", "path": "exemple_invalide.csv"},
        ],
        "fields": [_described(field) for field in fields.values()],
        "missingValues": [""],
    }


def _described(field: Field) -> dict[str, Any]:
    constraints: dict[str, Any] = {"required": True} if field.required else {}
    if field.pattern:
        constraints["pattern"] = field.pattern
    for name in ("minimum", "maximum"):
        if (limit := getattr(field, name)) is not None:
            constraints[name] = limit
    if field.type == "string":
        example: Any = field.example
    else:
        example = field.example if field.type == "date" else float(field.example)
        example = int(example) if field.type == "integer" else example
    shape = {"format": "%Y-%m-%d"} if field.type == "date" else {}
    return {
        "name": field.name,
        "title": field.title,
        "description": field.description,
        "type": field.type,
        **shape,
        "example": example,
        **({"constraints": constraints} if constraints else {}),
    }
