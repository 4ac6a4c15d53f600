"""What a request asks for: every word of its address checked, all faults told at once in French."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import geopandas as gpd

from analysis.allocation import RULES
from analysis.selection import NO_SHARING, Selection, rules_of
from analysis.vocabulary import labels
from api.layers import COLLECTIONS
from geo.errors import AtlasError
from geo.territory import NO_PROGRAMME
from store.atlas import Atlas

MOST_ITEMS = 1000
USUAL_ITEMS = 100
FORMATS = ("json", "html")
# Words of the address that choose the selection: those of the application's own links.
FILTER_WORDS = {
    "theme": ("themes", "theme"),
    "financeur": ("funders", "funder"),
    "statut": ("statuses", "status"),
    "dispositif": ("dispositifs", "dispositif"),
}
SELECTION_WORDS = ("programme", "annee", *FILTER_WORDS, "quartier", "partage")
STANDARD_WORDS = (
    *("f", "lang", "limit", "offset", "bbox", "bbox-crs", "crs", "sortby", "properties"),
    *("skipGeometry", "resulttype"),
)
_SHOWN = 40


class BadQuestion(AtlasError):
    """A request asks for what the service does not know; the message lists every fault."""


@dataclass(frozen=True)
class Question:
    """The selection of a request and what its features must be, by column.

    ``query`` are the words of the address that chose the selection (``&annee=2024``).
    """

    selection: Selection
    wanted: Mapping[str, str]
    query: str = ""


def usual(atlas: Atlas) -> Selection:
    """Return the selection of a request that chooses nothing: the last year of the programme."""
    code = atlas.territory.default_programme
    return Selection(code, atlas.years(code)[0])


def check_general(params: Mapping[str, str]) -> None:
    """Refuse a format or a language that the service does not speak (BadQuestion)."""
    faults = [
        f"{word} « {params[word][:_SHOWN]} » inconnu ; attendu : {', '.join(known)}."
        for word, known in (("f", FORMATS), ("lang", ("fr",)))
        if word in params and params[word] not in known
    ]
    refuse(faults)


def refuse(faults: list[str]) -> None:
    """Raise BadQuestion with every fault, if there is one."""
    if faults:
        raise BadQuestion(" ".join(faults))


def read_question(
    atlas: Atlas, name: str, params: Mapping[str, str], columns: Mapping[str, Any]
) -> Question:
    """Read the address of a request for the features of a collection.

    ``columns`` are the properties of its features. Raises BadQuestion with every fault.
    """
    faults: list[str] = []
    selection = usual(atlas)
    if COLLECTIONS[name].of_programme:
        selection = _selection(atlas, params, faults)
    mine = {*SELECTION_WORDS} if COLLECTIONS[name].of_programme else set()
    wanted = {word: text for word, text in params.items() if word in columns and word not in mine}
    known = [*STANDARD_WORDS, *sorted(mine), *columns]
    unknown = [word for word in params if word not in known]
    if unknown:
        shown = ", ".join(f"« {word[:_SHOWN]} »" for word in unknown[:5])
        faults.append(
            f"Paramètre inconnu : {shown} ; attendu : {', '.join(known[:20])} ou une propriété de "
            f"la collection (voir /collections/{name}/queryables)."
        )
    _numbers(params, faults)
    _box(params, faults)
    for word in ("sortby", "properties"):
        asked = filter(None, params.get(word, "").split(","))
        bad = [one for one in asked if one.lstrip("+- ") not in columns]
        if bad:
            faults.append(f"{word} « {', '.join(bad)[:_SHOWN]} » : propriété inconnue.")
    refuse(faults)
    chosen = urlencode({word: params[word] for word in SELECTION_WORDS if word in params})
    return Question(selection, wanted, f"&{chosen}" if chosen and mine else "")


def _numbers(params: Mapping[str, str], faults: list[str]) -> None:
    for word, least in (("limit", 1), ("offset", 0)):
        text = params.get(word)
        if text is not None and not (text.isascii() and text.isdigit() and len(text) < 10):
            faults.append(f"{word} « {text[:_SHOWN]} » ; attendu : un nombre entier positif.")
        elif text is not None and int(text) < least:
            faults.append(f"{word} « {text} » ; attendu : au moins {least}.")


def _box(params: Mapping[str, str], faults: list[str]) -> None:
    text = params.get("bbox")
    if text is None:
        if "bbox-crs" in params:
            faults.append("bbox-crs est donné sans bbox ; donnez aussi bbox.")
        return
    try:
        corners = [float(part) for part in text.split(",")]
    except ValueError:
        corners = []
    sizes = len(corners) in (4, 6) and all(map(math.isfinite, corners))
    half = len(corners) // 2
    if not sizes or corners[0] > corners[half] or corners[1] > corners[half + 1]:
        faults.append(
            f"bbox « {text[:_SHOWN]} » ; attendu : quatre nombres séparés par des virgules, "
            "ouest, sud, est, nord (longitudes et latitudes en degrés)."
        )


def _selection(atlas: Atlas, params: Mapping[str, str], faults: list[str]) -> Selection:
    territory = atlas.territory
    programmes = [one.code for one in territory.programmes] or [NO_PROGRAMME.code]
    code = params.get("programme", territory.default_programme)
    if code not in programmes:
        faults.append(f"programme « {code[:_SHOWN]} » ; attendu : {', '.join(programmes)}.")
        code = territory.default_programme
    years = [str(year) for year in atlas.years(code)]
    year = params.get("annee", params.get("annee_programme", years[0]))
    if year not in years:
        faults.append(f"annee « {year[:_SHOWN]} » ; attendu : {', '.join(years)}.")
        year = years[0]
    chosen = Selection(code, int(year))
    for word, (field, column) in FILTER_WORDS.items():
        found = _codes(labels(territory, column), word, params.get(word, ""), faults)
        chosen = replace(chosen, **{field: found})  # type: ignore[arg-type]
    quarters = _codes(atlas.quarter_labels, "quartier", params.get("quartier", ""), faults)
    return replace(chosen, quarters=quarters, rules=_rules(params.get("partage"), faults))


def _rules(text: str | None, faults: list[str]) -> tuple[str, ...]:
    rules = RULES if text is None else rules_of(text)
    if rules is None:
        known = ", ".join([*RULES, NO_SHARING])
        faults.append(f"partage « {(text or '')[:_SHOWN]} » ; attendu : {known}.")
    return RULES if rules is None else rules


def _codes(known: Mapping[str, str], word: str, text: str, faults: list[str]) -> tuple[str, ...]:
    """Return the codes of a filter, given as codes or as the labels features bear."""
    by_label = {label: code for code, label in known.items()}
    if text in by_label:
        return (by_label[text],)
    asked = tuple(dict.fromkeys(filter(None, text.split(","))))
    bad = [one for one in asked if one not in known]
    if bad:
        faults.append(f"{word} « {', '.join(bad)[:_SHOWN]} » ; attendu : {', '.join(known)}.")
    return tuple(one for one in asked if one in known)


def wanted_rows(layer: gpd.GeoDataFrame, wanted: Mapping[str, str]) -> gpd.GeoDataFrame:
    """Return the rows whose columns are what is wanted; numbers and booleans as JSON writes them.

    A number is compared as a number; a text letter by letter.
    """
    for name, text in wanted.items():
        column = layer[name]
        if column.dtype.kind == "b":
            wished = text.lower() in ("true", "1", "oui")
            layer = layer[column.eq(wished).fillna(value=False)]
        elif column.dtype.kind in "iuf":
            layer = layer[column.astype("Float64").eq(_number(text)).fillna(value=False)]
        else:
            layer = layer[column.eq(text).fillna(value=False)]
    return layer


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
