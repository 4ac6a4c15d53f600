"""The words of the atlas and what they mean, as data (``data/glossary.toml``)."""

import tomllib
from pathlib import Path

from analysis.search import fold
from geo.catalogue import RESTORE
from geo.errors import DataFileError


def glossary(directory: Path) -> list[tuple[str, str]]:
    """Read the terms of the data directory with their meaning, in French alphabetical order.

    Raises DataFileError, with every fault found, when the file is absent, is not such a glossary
    or explains a term twice.
    """
    path = directory / "glossary.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataFileError(
            f"Le lexique {path.name} est absent ou illisible : {error}. {RESTORE}"
        ) from error
    entries = content.get("terms", [])
    faults = _faults(entries)
    if faults or not entries:
        told = "\n".join(f"- {fault}" for fault in faults or ["aucun terme"])
        raise DataFileError(f"{path.name} : {len(faults) or 1} défaut(s).\n{told}\n{RESTORE}")
    pairs = [(entry["term"], entry["words"]) for entry in entries]
    return sorted(pairs, key=lambda pair: fold(pair[0]))


def _faults(entries: object) -> list[str]:
    if not isinstance(entries, list):
        return ["« terms » n'est pas une liste de tables"]
    faults, seen = [], set[str]()
    for rank, entry in enumerate(entries, start=1):
        term, words = _texts(entry)
        if not term or not words:
            faults.append(f"terme n° {rank} : attendu « term » et « words », deux textes")
        elif fold(term) in seen:
            faults.append(f"terme n° {rank} : « {term} » est déjà expliqué")
        seen.add(fold(term))
    return faults


def _texts(entry: object) -> tuple[str, str]:
    found = entry if isinstance(entry, dict) else {}
    term, words = found.get("term"), found.get("words")
    return (term if isinstance(term, str) else "", words if isinstance(words, str) else "")


def matching(terms: list[tuple[str, str]], query: str) -> list[tuple[str, str]]:
    """Return the terms that hold a query in their name, then those whose meaning does."""
    asked = fold(query.strip())
    named = [pair for pair in terms if asked in fold(pair[0])]
    return named + [pair for pair in terms if pair not in named and asked in fold(pair[1])]
