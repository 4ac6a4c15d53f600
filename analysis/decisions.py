"""Decisions made by a person: which project they are about today, and what they change.

A decision is an entry of the journal (see ``store.decisions``). It is tied to a project by the
reference of its file and its year, so that it survives a new import; without a reference, by the
project's identifier. The last decision that stands wins, for whom a project serves and for its
position apart. A decision whose ground has changed has no effect any more: the case is open again.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

import pandas as pd

DECIDED = "decided"
CASES = {
    "undecided": "Position trop proche d'une limite",
    "declared_elsewhere": "Quartier déclaré, mais position ailleurs",
    "split_code": "Code de 2015 que plusieurs quartiers continuent",
    "unknown_code": "Code de quartier inconnu",
    "suspect_position": "Coordonnées douteuses",
    "incomplete_position": "Position incomplète",
    "seat_address": "Adresse du siège, pas du lieu de l'action",
    "no_rule": "Plusieurs quartiers, aucune règle de partage applicable",
}
_SAME_DEGREES = 1e-6  # about 0.1 m: what the files keep of a position


class Choice(NamedTuple):
    """A decision one may take: its French words, what it ``needs``, what it bears on."""

    label: str
    needs: str = ""
    aspect: str = "service"
    target: str = ""


DECISIONS = {
    "serves": Choice("Sert un ou plusieurs quartiers", needs="quarters", target="quarter"),
    "outside": Choice("Hors quartier", target="outside"),
    "territory": Choice("Sert tout le territoire", target="territory"),
    "unallocated": Choice("Ne pas affecter", target="unallocated"),
    "keep_declared": Choice("Garder le quartier déclaré", needs="quarters", target="quarter"),
    "accept_position": Choice("Accepter la position proposée", needs="position", aspect="position"),
    "keep_position": Choice("Garder la position donnée", needs="position", aspect="position"),
}


def standing(entries: pd.DataFrame, projects: pd.DataFrame) -> pd.DataFrame:
    """Return the decisions that stand, the last of each project and aspect, oldest first.

    ``entries`` is the journal of the programme, ``projects`` keeps contract PROJECTS. Columns of
    ``entries`` and ``aspect``; ``project_id`` is the project's identifier today, missing when no
    project, or more than one, answers to the decision any more.
    """
    kept = entries[entries["undone_by"].isna() & entries["decision"].isin(list(DECISIONS))]
    found = kept.assign(
        aspect=[DECISIONS[word].aspect for word in kept["decision"]],
        project_id=pd.Series(_today(kept, projects), index=kept.index, dtype="str"),
    )
    later = found.duplicated(["project_id", "aspect"], keep="last") & found["project_id"].notna()
    return found[~later]


def _today(entries: pd.DataFrame, projects: pd.DataFrame) -> list[str | None]:
    filed: dict[tuple[Any, Any], list[str]] = {}
    years: dict[str, Any] = {}
    for key, year, reference in zip(
        projects["project_id"], projects["year"], projects["reference"], strict=True
    ):
        years[key] = year
        if isinstance(reference, str):
            filed.setdefault((year, reference), []).append(key)
    found: list[str | None] = []
    for key, year, reference in zip(
        entries["project_id"], entries["year"], entries["reference"], strict=True
    ):
        if not isinstance(reference, str):
            found.append(key if years.get(key) == year else None)
            continue
        same = filed.get((year, reference), [])
        # One reference entered twice: only the identifier can tell the two projects apart.
        found.append(same[0] if len(same) == 1 else key if key in same else None)
    return found


def decided(
    services: pd.DataFrame,
    projects: pd.DataFrame,
    decisions: pd.DataFrame,
    known: Collection[str],
) -> pd.DataFrame:
    """Return ``services`` as the decisions on service want them, on the same index.

    ``services`` is ``analysis.allocation.serve``'s answer for ``projects``, ``decisions`` comes
    from ``standing``, ``known`` are the quarters of the territory. A decided project has the
    situation "decided" and, in ``decision_id``, the number of its decision. "Keep what is declared"
    holds only while the same quarters are declared; a quarter that no longer exists voids its
    decision.
    """
    rows = {key: row for row, key in enumerate(projects["project_id"])}
    changed = services.assign(decision_id=pd.Series(pd.NA, index=services.index, dtype="Int64"))
    columns = {name: list(changed[name]) for name in changed.columns}
    bears = decisions[(decisions["aspect"] == "service") & decisions["project_id"].notna()]
    for entry in bears.to_dict("records"):
        row = rows[entry["project_id"]]
        codes = quarters_of(entry["quarters"])
        target = DECISIONS[entry["decision"]].target
        moved = entry["decision"] == "keep_declared" and codes != columns["codes"][row]
        if moved or not set(codes) <= set(known) or bool(codes) != (target == "quarter"):
            continue
        columns["situation"][row] = DECIDED
        columns["target"][row] = target
        columns["codes"][row] = codes
        columns["decision_id"][row] = entry["id"]
    frame = pd.DataFrame(columns, index=services.index, columns=changed.columns)
    return frame.astype(changed.dtypes.to_dict())


def quarters_of(cell: object) -> tuple[str, ...]:
    """Read the quarters of an entry of the journal: codes separated by commas."""
    return tuple(filter(None, (code.strip() for code in str(cell).split(","))))


def case_kinds(services: pd.DataFrame, unshared: pd.Series) -> pd.Series:
    """Return the kind of case (a word of CASES) each project is, missing when it is none.

    A project with an unknown code among known ones is a case too: a part of what its operator
    declared is lost until someone says what it meant. So is one that serves several quarters
    between which no rule shares its money (``unshared``, on the same index).
    """
    kinds = services["situation"].where(services["situation"].isin(list(CASES)))
    open_ = services["situation"] != DECIDED
    kinds = kinds.mask(kinds.isna() & open_ & (services["unknown_codes"] != ""), "unknown_code")
    return kinds.mask(kinds.isna() & open_ & unshared, "no_rule").astype("str")


def settle_positions(
    projects: pd.DataFrame, diagnosis: pd.DataFrame, decisions: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return projects and diagnosis as the decisions on position want them.

    ``diagnosis`` is ``geo.coordinates.diagnose``'s answer on the index of ``projects``. A position
    kept as given, or the proposed one once accepted, has no ``fault`` any more; ``decision_id``
    is the number of the decision. A decision on other coordinates than today's has no effect.
    """
    rows = {key: row for row, key in enumerate(projects["project_id"])}
    lon, lat = list(projects["lon"]), list(projects["lat"])
    fault = list(diagnosis["fault"])
    by: list[Any] = [pd.NA] * len(projects)
    bears = decisions[(decisions["aspect"] == "position") & decisions["project_id"].notna()]
    proposed = list(zip(diagnosis["proposed_lon"], diagnosis["proposed_lat"], strict=True))
    for entry in bears.to_dict("records"):
        row, place = rows[entry["project_id"]], (entry["lon"], entry["lat"])
        kept = entry["decision"] == "keep_position"
        if pd.isna(fault[row]) or not _same(place, (lon[row], lat[row]) if kept else proposed[row]):
            continue
        lon[row], lat[row] = place
        fault[row], by[row] = None, entry["id"]
    settled = diagnosis.assign(
        fault=pd.Series(fault, diagnosis.index, dtype="str"),
        decision_id=pd.Series(by, diagnosis.index, dtype="Int64"),
    )
    return projects.assign(lon=lon, lat=lat), settled


def _same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    # A missing number is equal to none.
    return all(abs(a - b) <= _SAME_DEGREES for a, b in zip(one, other, strict=True))


def moves(before: pd.DataFrame, after: pd.DataFrame, amount: str) -> pd.DataFrame:
    """Compare where the money of two ledgers goes: ``target``, ``qpv_code``, ``cents`` gained.

    ``amount`` is a column of cents; a destination that gains or loses nothing is left out. The
    cents gained and lost cancel out.
    """
    keys = ["target", "qpv_code"]
    then, now = (rows.groupby(keys, dropna=False)[amount].sum() for rows in (before, after))
    gained = now.astype("int64").sub(then.astype("int64"), fill_value=0).astype("int64")
    return gained[gained != 0].rename("cents").reset_index()
