"""What ``data/indicators.toml`` may say, read into indicators with every fault told at once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.indicators import Indicator
from analysis.sources import Source
from geo.errors import DataFileError

THEMES = (
    *("Population", "Ménages", "Revenus et pauvreté", "Emploi", "Éducation"),
    *("Santé et prestations", "Logement", "Entreprises"),
)
KINDS = ("count", "share", "median", "quantile", "mean", "index", "evolution")
# What may be done with a figure over several areas, by kind.
OPERATIONS = {
    "count": ("sum", "none"),
    "share": ("weighted_mean", "none"),
    **dict.fromkeys(("median", "quantile", "mean", "index", "evolution"), ("none",)),
}
DIRECTIONS = ("more", "less", "neither")
_TEXTS = (
    *("label", "short", "theme", "unit", "kind", "direction", "definition", "perimeter"),
    *("operation",),
)
_OPTIONAL_TEXTS = ("numerator", "denominator", "breaks_note", "series")
_YEARS = ("breaks", "rounded")
_REQUIRED = (*_TEXTS, "decimals", "sources")
_SOURCE = {"part": str, "variable": str, "table": str, "since": int, "until": int}
# Words of the file, not codes of an indicator: what the indicators of one source share.
SERIES = "series"


def catalogue(
    content: Mapping[str, Any], datasets: Mapping[str, Sequence[str]]
) -> dict[str, Indicator]:
    """Build the indicators, by code and in order of theme, from the parsed TOML.

    ``datasets`` gives the territory's data sets for each part a source may name ("insee",
    "filosofi"…), the first to be read first, none where the territory has none: the same
    indicators serve every territory. An indicator takes what it does not say from its ``series``.
    Raises DataFileError with every fault of every entry.
    """
    shared = content.get(SERIES, {})
    entries = {code: entry for code, entry in content.items() if code != SERIES}
    faults = [*_series_faults(shared), *_repeated(entries)]
    whole = {code: _inherited(entry, shared) for code, entry in entries.items()}
    for code, entry in whole.items():
        faults += [f"indicateur « {code} » : {fault}" for fault in _faults(entry, shared, datasets)]
    if faults or not entries:
        told = "\n".join(f"- {fault}" for fault in faults or ["aucun indicateur"])
        raise DataFileError(
            f"indicators.toml : {len(faults) or 1} défaut(s).\n{told}\nCorrigez ce fichier en "
            "prenant exemple sur ses autres entrées."
        )
    built = {code: _indicator(code, entry, datasets) for code, entry in whole.items()}
    order = sorted(built, key=lambda code: THEMES.index(built[code].theme))
    return {code: built[code] for code in order}


def _inherited(entry: object, shared: object) -> object:
    if not isinstance(entry, dict) or not isinstance(shared, dict):
        return entry
    series = shared.get(entry.get(SERIES), {})
    return {**series, **entry} if isinstance(series, dict) else entry


def _series_faults(shared: object) -> Iterator[str]:
    if not isinstance(shared, dict):
        yield f"« {SERIES} » n'est pas une table"
        return
    known = {*_TEXTS, *_OPTIONAL_TEXTS, *_YEARS, "decimals", "least_years"} - {SERIES}
    for name, entry in shared.items():
        if not isinstance(entry, dict):
            yield f"série « {name} » : ce n'est pas une table"
            continue
        for field in sorted(set(entry) - known):
            yield f"série « {name} » : champ « {field} » inconnu"


def _repeated(entries: Mapping[str, object]) -> Iterator[str]:
    for field in ("label", "short"):
        seen: dict[object, str] = {}
        for code, entry in entries.items():
            word = entry.get(field) if isinstance(entry, dict) else None
            if isinstance(word, str) and word in seen:
                yield f"indicateur « {code} » : « {field} » est aussi celui de « {seen[word]} »"
            seen[word if isinstance(word, str) else code] = code


def _faults(
    entry: object, shared: Mapping[str, object], datasets: Mapping[str, object]
) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield "ce n'est pas une table"
        return
    known = {*_REQUIRED, *_OPTIONAL_TEXTS, *_YEARS, "comparators", "least_years"}
    yield from (f"champ « {name} » absent" for name in _REQUIRED if name not in entry)
    yield from (f"champ « {name} » inconnu" for name in entry if name not in known)
    if SERIES in entry and entry[SERIES] not in shared:
        yield f"série « {entry[SERIES]} » inconnue ; attendu : {_listed(shared)}"
    yield from _value_faults(entry)
    for field in ("sources", "comparators"):
        yield from _source_faults(field, entry.get(field, []), datasets)
    yield from _contradictions(entry)


def _value_faults(entry: Mapping[str, Any]) -> Iterator[str]:
    for field in (*_TEXTS, *_OPTIONAL_TEXTS):
        value = entry.get(field, "x")
        if not isinstance(value, str) or not (value.strip() or field == "unit"):
            yield f"« {field} » : « {value} » ; attendu : un texte"
    for field, allowed in (("theme", THEMES), ("kind", KINDS), ("direction", DIRECTIONS)):
        if field in entry and entry[field] not in allowed:
            yield f"« {field} » : « {entry[field]} » ; attendu : {_listed(allowed)}"
    if type(entry.get("decimals", 0)) is not int or not 0 <= entry.get("decimals", 0) <= 3:
        yield f"« decimals » : « {entry['decimals']} » ; attendu : un entier de 0 à 3"
    if type(entry.get("least_years", 2)) is not int or entry.get("least_years", 2) < 2:
        yield f"« least_years » : « {entry['least_years']} » ; attendu : un entier, 2 ou plus"
    for field in _YEARS:
        years = entry.get(field, [])
        if not isinstance(years, list) or any(type(year) is not int for year in years):
            yield f"« {field} » : « {years} » ; attendu : une liste d'années"


def _source_faults(field: str, sources: object, datasets: Mapping[str, object]) -> Iterator[str]:
    if not isinstance(sources, list) or (field == "sources" and not sources):
        yield f"« {field} » : « {sources} » ; attendu : une liste de sources"
        return
    for rank, source in enumerate(sources, start=1):
        where = f"« {field} » n° {rank} : "
        if not isinstance(source, dict):
            yield f"{where}ce n'est pas une table"
            continue
        yield from (
            f"{where}champ « {name} » absent" for name in ("part", "variable") if name not in source
        )
        for name, value in source.items():
            if name not in _SOURCE:
                yield f"{where}champ « {name} » inconnu"
            elif type(value) is not _SOURCE[name]:
                kind = "un texte" if _SOURCE[name] is str else "une année"
                yield f"{where}« {name} » : « {value} » ; attendu : {kind}"
        if isinstance(part := source.get("part"), str) and part not in datasets:
            yield f"{where}« part » : « {part} » ; attendu : {_listed(datasets)}"


def _contradictions(entry: Mapping[str, Any]) -> Iterator[str]:
    kind, operation = entry.get("kind"), entry.get("operation")
    lawful = OPERATIONS.get(kind, ()) if isinstance(kind, str) else ()
    if lawful and "operation" in entry and operation not in lawful:
        yield f"« operation » : « {operation} » ; attendu pour « {kind} » : {_listed(lawful)}"
    ratios = ["/" in str(source.get("variable")) for source in _tables(entry.get("sources"))]
    if operation == "weighted_mean" and not all(ratios):
        yield (
            "« operation » : « weighted_mean » demande que chaque source soit le rapport de deux "
            "effectifs publiés (« ABC_25/ABC »)"
        )
    if any(ratios) and (kind, entry.get("unit")) != ("share", "%"):
        yield "une source qui est un rapport donne une part : « kind » share et « unit » %"
    if kind == "share":
        for field in ("numerator", "denominator"):
            if field not in entry:
                yield f"champ « {field} » absent ; une part dit ce qu'elle rapporte et à quoi"


def _tables(sources: object) -> list[dict[str, Any]]:
    return [one for one in sources if isinstance(one, dict)] if isinstance(sources, list) else []


def _listed(words: object) -> str:
    return ", ".join(map(str, words))  # type: ignore[call-overload]


def _indicator(code: str, entry: Any, datasets: Mapping[str, Sequence[str]]) -> Indicator:
    read = {name: tuple(entry.get(name, ())) for name in _YEARS}
    sources = {
        field: tuple(_sources(entry.get(field, ()), datasets))
        for field in ("sources", "comparators")
    }
    words = {name: value for name, value in entry.items() if name != SERIES}
    return Indicator(**{**words, **read, **sources, "code": code})


def _sources(
    entries: Sequence[Mapping[str, Any]], datasets: Mapping[str, Sequence[str]]
) -> Iterator[Source]:
    for entry in entries:
        for dataset in datasets[entry["part"]]:
            yield Source(dataset=dataset, **entry)
