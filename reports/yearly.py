"""The yearly report of the contract (*bilan annuel de la programmation*): all its money."""

from typing import Any

import pandas as pd

from analysis import wording
from analysis.allocation import CENTS
from analysis.decisions import CASES
from analysis.material import Material
from analysis.programme import by_target, change, grand_total, project_table, totals
from analysis.sentences import signed_euros
from analysis.vocabulary import AMOUNT_WORDS, TARGET_WORDS, labels
from reports import press
from reports.contract import cards, headline, missing, quarters_table, reserves
from reports.parts import credits, data_lines, frame, money

_COLUMNS = {
    "group": "Par famille de thèmes",
    "funder": "Par financeur",
    "dispositif": "Par dispositif",
}


def yearly_pdf(material: Material) -> bytes:
    """Return the yearly report as PDF/UA-1."""
    return press.pdf("yearly", yearly(material), material.day)


def yearly(material: Material) -> dict[str, Any]:
    """Return all that the yearly report says, as its template reads it."""
    year = material.selection.year
    name = f"Bilan annuel de la programmation {year}"
    return {
        **frame(material, name, name),
        "title": f"{name} – {material.territory.contract}",
        "title-short": name,
        "band": [material.territory.contract],
        "headline": headline(material),
        "cards": cards(material),
        "identity": _identity(material),
        "money": money(material, material.rows, "tout le contrat"),
        "changes": [_changes(material, column, title) for column, title in _COLUMNS.items()],
        "quarters": quarters_table(material),
        "missing": missing(material),
        "doubts": _doubts(material),
        "reserves": reserves(material),
        "projects": _projects(material),
        "sources": credits(material),
        "data": data_lines(material, "tableau"),
    }


def _counted(part: pd.Series) -> list[str]:
    return [wording.number(part["projects"]), *(wording.euros(part[name], 2) for name in CENTS)]


def _identity(material: Material) -> dict[str, Any]:
    """Return where all the money goes: the five targets add up to the total, to the cent."""
    buckets = by_target(material.rows)
    rows = [[TARGET_WORDS[str(target)], *_counted(part)] for target, part in buckets.iterrows()]
    return {
        "headers": ["Destination", "Projets", *AMOUNT_WORDS.values()],
        "numbers": [1, 2, 3, 4],
        "rows": rows,
        "totals": [["Total", *_counted(grand_total(material.rows))]],
    }


def _changes(material: Material, column: str, title: str) -> dict[str, Any]:
    """Return the amounts by a column, beside those granted the year before."""
    words, year = labels(material.territory, column), material.selection.year
    now, before = totals(material.rows, column), material.before
    moved = change(material.rows, material.rows if before is None else before, column)
    rows = []
    for code, line in moved.sort_values("now", ascending=False, kind="stable").iterrows():
        own = now.reindex([code]).iloc[0]
        then = None if before is None else line["before"]
        gap = wording.MISSING if before is None else signed_euros(line["difference"])
        rows.append(
            [
                words.get(str(code), str(code)),
                wording.number(0 if pd.isna(own["projects"]) else own["projects"]),
                wording.euros(own["requested_cents"], 2),
                wording.euros(line["now"], 2),
                wording.euros(then, 2),
                gap,
            ]
        )
    whole = grand_total(material.rows)
    past = None if before is None else grand_total(before)["granted_cents"]
    return {
        "title": title,
        "headers": ["", "Projets", "Demandé", "Accordé", f"Accordé {year - 1}", "Écart"],
        "numbers": [1, 2, 3, 4, 5],
        "rows": rows,
        "totals": [
            [
                "Total (projets distincts)",
                wording.number(whole["projects"]),
                wording.euros(whole["requested_cents"], 2),
                wording.euros(whole["granted_cents"], 2),
                wording.euros(past, 2),
                wording.MISSING if past is None else signed_euros(whole["granted_cents"] - past),
            ]
        ],
    }


def _doubts(material: Material) -> dict[str, Any]:
    """Return the cases still to be decided, by kind, with the granted money they bear on."""
    table = material.doubts
    rows = [
        [CASES[str(kind)], wording.number(line["projects"]), wording.euros(line["granted_cents"])]
        for kind, line in table.fillna(0).iterrows()
        if line["projects"]
    ]
    return {"headers": ["À décider", "Projets", "Accordé"], "numbers": [1, 2], "rows": rows}


def _projects(material: Material) -> dict[str, Any]:
    status = labels(material.territory, "status")
    table = project_table(material.rows)
    names = material.table["qpv_name"]
    rows = [
        [
            wording.shortened(str(row["title"]), 90),
            wording.shortened(str(row["operator"]), 60),
            material.groups[row["group"]][0],
            _served(row, names),
            wording.euros(row["requested_cents"], 2),
            wording.euros(row["granted_cents"], 2),
            ", ".join(status.get(one, one) for one in row["statuses"]),
        ]
        for _, row in table.iterrows()
    ]
    return {
        "title": f"Liste des {len(rows)} projets",
        "headers": ["Intitulé", "Porteur", "Th.", "Bénéficie à", "Demandé", "Accordé", "Statut"],
        "numbers": [4, 5],
        "rows": rows,
        "note": "Thèmes : "
        + " ; ".join(f"{letter} {label}" for letter, label, _ in material.groups.values()),
    }


def _served(row: pd.Series, names: pd.Series) -> str:
    served = [wording.shortened(str(names[code]), 30) for code in row["quarters"]]
    if served:
        return wording.listing(served, most=2)
    return ", ".join(TARGET_WORDS[target] for target in row["targets"])
