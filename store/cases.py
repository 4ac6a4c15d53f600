"""The queue of what is not sure, what a decision would change, and the decisions taken."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from analysis import wording
from analysis.decisions import CASES, case_kinds, moves, standing
from analysis.selection import Selection
from analysis.vocabulary import LOCATION_WORDS, TARGET_WORDS, sharing
from geo.location import INDICATIVE
from store.atlas import Atlas
from store.decisions import Case
from store.tables import loaded, projects_of

IN_FORCE = "en vigueur"
_AMOUNTS = {"granted_cents": "accordés", "requested_cents": "demandés"}


@dataclass(frozen=True)
class Answer:
    """What a person answers to a case: a word of DECISIONS, and what it needs."""

    decision: str
    quarters: tuple[str, ...] = ()
    position: tuple[float, float] | None = None


def cases(atlas: Atlas, selection: Selection) -> pd.DataFrame:
    """Return one row a case of the selection, most granted money first.

    Those of ``projects_of`` (amounts in cents, position) and ``kind`` (a word of CASES), ``codes``
    (quarters served as things stand), ``declared_qpv``, ``unknown_codes``, ``proposed_lon``,
    ``proposed_lat`` (degrees) and ``finding``, a French sentence. A choice of quarters keeps the
    cases that are near one of them or serve it.
    """
    programme = loaded(atlas, selection)
    without_rule = programme.ledger.loc[programme.ledger["situation"] == "no_rule", "project_id"]
    unshared = programme.projects["project_id"].isin(without_rule)
    facts = programme.projects[["project_id", "declared_qpv"]].join(
        [
            programme.services[["codes", "unknown_codes"]],
            programme.diagnosis[["message", "proposed_lon", "proposed_lat"]],
            case_kinds(programme.services, unshared).rename("kind"),
        ]
    )
    table = projects_of(atlas, replace(selection, quarters=()))
    table = table.merge(facts.dropna(subset=["kind"]), on="project_id", validate="1:1")
    chosen = set(selection.quarters)
    near = [
        not chosen or bool(chosen & {*codes, nearest})
        for codes, nearest in zip(table["codes"], table["nearest_qpv_code"], strict=True)
    ]
    table = table[pd.Series(near, table.index, dtype="bool")].reset_index(drop=True)
    table["finding"] = [_finding(atlas, row, selection.rules) for _, row in table.iterrows()]
    return table


def _finding(atlas: Atlas, row: pd.Series, rules: tuple[str, ...]) -> str:
    kind = row["kind"]
    if kind in ("suspect_position", "incomplete_position"):
        return str(row["message"])
    if kind == "seat_address":
        return "Le projet n'a que l'adresse du siège du porteur."
    if kind == "unknown_code":
        return f"Codes déclarés qui ne sont pas du territoire : {row['unknown_codes']}."
    served = wording.listing([atlas.quarter_labels[code] for code in row["codes"]])
    if kind == "split_code":
        return f"Déclare {row['declared_qpv']}, ancien code que continuent {served}."
    if kind == "no_rule":
        return f"Sert {served}, et rien ne dit pour quelle part ({sharing(rules)})."
    name = atlas.quarter_labels[row["nearest_qpv_code"]]
    metres = wording.metres(abs(row["distance_to_edge_m"]))
    side = "à l'intérieur" if row["distance_to_edge_m"] < 0 else "à l'extérieur"
    where = f"{metres} {side} de la limite de {name}"
    if kind == "undecided":
        doubt = f"±{wording.NARROW}{wording.metres(row['uncertainty_m'])}"
        return f"Position à {where}, connue à {doubt}."
    return f"Déclare {served}, mais se trouve à {where}."


def counts(table: pd.DataFrame) -> pd.DataFrame:
    """Return cases and cents by kind, in the order of CASES, zero where there is none.

    Every case has one kind: kinds add up to the queue, to the cent.
    """
    grouped = table.groupby("kind")
    frame = grouped[list(_AMOUNTS)].sum(min_count=1).astype("Int64")
    frame.insert(0, "projects", grouped.size())
    return frame.reindex(list(CASES), fill_value=0)


def case_of(atlas: Atlas, selection: Selection, project_id: str) -> Case:
    """Return the project a decision is about, as the journal names it."""
    programme = loaded(atlas, selection)
    row = int((programme.projects["project_id"] == project_id).to_numpy().argmax())
    project = programme.projects.iloc[row]
    reference = project["reference"]
    return Case(
        programme=selection.programme,
        year=int(project["year"]),
        reference=None if pd.isna(reference) else str(reference),
        project_id=project_id,
        situation=str(programme.services["situation"].iloc[row]),
    )


def effect(atlas: Atlas, selection: Selection, project_id: str, answer: Answer) -> str:
    """Say in French which euros an answer would move, from where to where; nothing is recorded.

    All the lines of the project count, whatever the filters.
    """
    rows = loaded(atlas, selection).ledger
    before = rows[rows["project_id"] == project_id]
    entry = _entry(atlas, case_of(atlas, selection, project_id), answer)
    after = atlas.trial(selection.programme, project_id, entry, selection.rules)
    for amount, word in _AMOUNTS.items():
        moved = moves(before, after, amount)
        if len(moved):
            return _moved(atlas, moved, word)
    return "Aucun euro ne change de destination."


def _entry(atlas: Atlas, case: Case, answer: Answer) -> pd.DataFrame:
    """Return the answer as the entry that the journal would have."""
    lon, lat = answer.position or (float("nan"), float("nan"))
    entries = atlas.journal.entries(case.programme)
    row = {
        "id": atlas.journal.size() + 1,
        **vars(case),
        "decision": answer.decision,
        "quarters": ", ".join(answer.quarters),
        "lon": lon,
        "lat": lat,
    }
    return pd.DataFrame([row], columns=entries.columns).astype(entries.dtypes.to_dict())


def _moved(atlas: Atlas, moved: pd.DataFrame, word: str) -> str:
    lost, won = moved[moved["cents"] < 0], moved[moved["cents"] > 0]
    whole = f"{wording.euros(int(won['cents'].sum()), 2)} {word}"
    sources, goals = _destinations(atlas, lost), _destinations(atlas, won)
    if len(sources) == 1 and len(goals) == 1:
        return f"{whole} passent de {sources[0][0]} à {goals[0][0]}."
    return f"{whole} changent de destination : {_signed(sources, '−')} ; {_signed(goals, '+')}."


def _destinations(atlas: Atlas, part: pd.DataFrame) -> list[tuple[str, int]]:
    return [
        (
            TARGET_WORDS[target] if pd.isna(code) else atlas.quarter_labels[code],
            abs(int(cents)),
        )
        for target, code, cents in part[["target", "qpv_code", "cents"]].itertuples(index=False)
    ]


def _signed(parts: Sequence[tuple[str, int]], sign: str) -> str:
    return ", ".join(f"{name} {sign}{wording.NARROW}{wording.euros(c, 2)}" for name, c in parts)


def export_cases(atlas: Atlas, selection: Selection) -> pd.DataFrame:
    """Return the queue as it leaves the atlas: French columns, euros, nothing of the screen."""
    table = cases(atlas, selection)
    return pd.DataFrame(
        {
            "identifiant": table["project_id"],
            "reference": table["reference"],
            "annee": table["year"],
            "programme": table["programme"],
            "donnees_fictives": table["fictitious"].astype(bool),
            "cas": table["kind"].map(CASES),
            "constat": table["finding"],
            "intitule": table["title"],
            "porteur": table["operator"],
            "demande_eur": table["requested_cents"].astype("Float64") / 100,
            "accorde_eur": table["granted_cents"].astype("Float64") / 100,
            "codes_declares": table["declared_qpv"],
            "codes_inconnus": table["unknown_codes"],
            "etat_position": table["location_status"].map(LOCATION_WORDS),
            "distance_limite_m": table["distance_to_edge_m"].round(1),
            "incertitude_m": table["uncertainty_m"],
            "quartier_le_plus_proche": table["nearest_qpv_code"],
            "regle_partage": sharing(selection.rules),
            "avertissement": INDICATIVE,
        }
    )


def taken(atlas: Atlas, selection: Selection) -> pd.DataFrame:
    """Return the decisions of the programme and year, latest first, with ``state`` in French.

    ``state`` says whether a decision holds: in force, undone, replaced by a later one, or without
    effect because the project has changed or gone. ``project_id`` is the one of that day.
    """
    programme = atlas.programme(selection.programme)
    entries = atlas.journal.entries(selection.programme)
    last = standing(entries, programme.projects).set_index("id")["project_id"]
    acting = {*programme.services["decision_id"].dropna()}
    acting |= {*programme.diagnosis["decision_id"].dropna()}
    made = entries[entries["undoes"].isna() & (entries["year"] == selection.year)]
    titles = programme.projects.set_index("project_id")["title"].to_dict()
    frame = made.assign(
        title=[titles.get(last.get(key), "") for key in made["id"]],
        state=[
            _state(key, undone, last.to_dict(), acting)
            for key, undone in zip(made["id"], made["undone_by"], strict=True)
        ],
    )
    return frame.sort_values("id", ascending=False, ignore_index=True)


def _state(key: int, undone: object, last: dict[object, object], acting: set[int]) -> str:
    if not pd.isna(undone):  # type: ignore[call-overload]
        return "annulée"
    if key in acting:
        return IN_FORCE
    if key not in last:
        return "remplacée par une décision plus récente"
    gone = pd.isna(last[key])  # type: ignore[call-overload]
    return f"sans effet : le projet a {'disparu' if gone else 'changé'}"
