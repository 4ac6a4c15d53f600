"""Cells of declared quarters: codes, names or « tous les QPV », read as codes."""

import re
from collections.abc import Collection, Mapping

from analysis.fields import plain
from analysis.values import TO_CHECK, Problem, Reader, Reading
from geo.schema import QPV_CODE, QPV_CODE_2015

_SEPARATORS = re.compile(r"[,;|\n+]|\s/\s|\set\s")
_CODE = re.compile(rf"(?<![A-Z0-9])(?:{QPV_CODE}|{QPV_CODE_2015})(?![A-Z0-9])")
_GENERIC = re.compile(
    r"^(?:qpv |quartier prioritaire |quartier )?(?:de la |de l |des |du |de |d )?"
)
TERRITORY = "territory"


def quarter_reader(
    quarters: Mapping[str, str], former: Collection[str], scopes: Mapping[str, str]
) -> Reader:
    """Return the reader of a column of quarters.

    ``quarters`` gives names by code, ``former`` the codes of the other generation, ``scopes`` the
    words for all quarters or the whole territory. The value is codes joined by ", ", or
    ``territory``. A word that is neither stays in the value, so that the project waits for a
    decision instead of serving the other quarters alone, and is a fault.
    """
    names: dict[str, set[str]] = {}
    for code, name in quarters.items():
        for key in {plain(name), _GENERIC.sub("", plain(name))}:
            names.setdefault(key, set()).add(code)
    known = {*quarters, *former}

    def read(text: str) -> Reading:
        """Return the code of a text, or why it has none."""
        scope = scopes.get(plain(text))
        if scope == TERRITORY:
            return Reading(TERRITORY)
        if scope:
            return Reading(", ".join(sorted(quarters)))
        codes: list[str] = []
        unknown: list[str] = []
        for piece in filter(None, map(str.strip, _SEPARATORS.split(text))):
            found = _CODE.findall(piece.upper())
            key = plain(piece)
            named = names.get(key) or names.get(_GENERIC.sub("", key)) or set()
            if found:
                codes += found
                unknown += [code for code in found if code not in known]
            elif len(named) == 1:
                codes += named
            else:
                codes.append(key.replace(" ", "-").upper() or "INCONNU")
                unknown.append(piece)
        value = ", ".join(dict.fromkeys(codes)) or None
        return Reading(value, problem=_unknown(unknown) if unknown else None)

    return read


def _unknown(words: list[str]) -> Problem:
    told = ", ".join(f"« {word} »" for word in words[:5])
    remedy = f"{told} : quartier inconnu ; le projet attendra une décision."
    return Problem(TO_CHECK, "quarter", "des codes ou des noms de quartiers du territoire", remedy)
