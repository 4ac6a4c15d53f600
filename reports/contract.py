"""The sheet of the whole territory: its quarters together, compared, on one map."""

from typing import Any

import pandas as pd

from analysis import coverage, findings, sentences, summaries, wording
from analysis.classes import Classes, quantile_classes
from analysis.effort import supported
from analysis.material import Material
from analysis.palette import RAMPS
from analysis.profile import POVERTY, latest_of
from analysis.programme import by_target, grand_total
from analysis.vocabulary import what_if
from geo.location import INDICATIVE
from reports import drawings, press
from reports.parts import (
    NOT_COMPARED,
    credits,
    data_lines,
    frame,
    money,
    undecided_words,
)
from reports.plan import codes_of, territory_map

_MAP_WIDTH = 372.0
_BLANK = "#ffffff"


def territory_pdf(material: Material) -> bytes:
    """Return the sheet of the territory as PDF/UA-1."""
    return press.pdf("territory", territory(material), material.day)


def territory(material: Material) -> dict[str, Any]:
    """Return all that the sheet of the territory says, as its template reads it."""
    name, count = material.territory.name, len(material.table)
    return {
        **frame(material, f"Fiche du territoire : {name}", f"Fiche du territoire : {name}"),
        "title-short": wording.shortened(name, 110),
        "band": [f"{count} quartiers prioritaires · {material.territory.contract}"],
        "headline": headline(material),
        "cards": cards(material),
        "map": _map(material),
        "money": money(material, material.rows, "tout le contrat"),
        "quarters": quarters_table(material),
        "need": _need(material),
        "missing": missing(material),
        "reserves": reserves(material),
        "sources": credits(material),
        "data": data_lines(material, "tableau"),
    }


def headline(material: Material) -> list[str]:
    """Return the sentences of the dashboard: where the money goes, and the year's total."""
    year, whole = material.selection.year, grand_total(material.rows)
    then = None if material.before is None else grand_total(material.before)
    count = supported(material.rows)["project_id"].nunique()
    return [
        sentences.headline(year, whole, material.table),
        summaries.year_total(year, int(count), whole, then),
    ]


def cards(material: Material) -> list[dict[str, Any]]:
    """Return the four figures of the dashboard, each with what it means."""
    whole, buckets = grand_total(material.rows), by_target(material.rows)["granted_cents"]
    cents, people = material.table["granted_cents"], material.table["population"]
    known = people.fillna(0) > 0
    shared, counted = int(cents[known].sum()), int(people[known].sum())
    each = wording.euros(round(shared / counted)) if counted and shared else wording.MISSING
    vintage = material.population
    when = f"{vintage.label}, périmètre {vintage.generation}" if vintage else "année inconnue"
    count = supported(material.rows)["project_id"].nunique()
    told = [
        (
            "Crédits accordés",
            wording.short_euros(whole["granted_cents"]),
            f"Montant exact : {wording.euros(whole['granted_cents'], 2)}.",
        ),
        (
            "Projets soutenus",
            wording.number(count),
            f"Sur {wording.plural(int(whole['projects']), 'projet')} de la sélection.",
        ),
        (
            "Accordé par habitant des QPV",
            each,
            f"{wording.euros(shared)} pour {wording.number(counted)} habitants ({when}).",
        ),
        (
            "Part des quartiers identifiés",
            wording.share(buckets["quarter"], whole["granted_cents"]),
            f"{wording.euros(buckets['quarter'])} vont à un quartier ; le reste ne va à aucun.",
        ),
    ]
    return [
        {"label": label, "value": value, "notes": [note], "strip": "", "alt": ""}
        for label, value, note in told
    ]


def _numbers(material: Material) -> dict[str, str]:
    return {str(code): str(rank) for rank, code in enumerate(material.table.index, 1)}


def _map(material: Material) -> dict[str, Any]:
    each = material.table["granted_per_inhabitant"]
    classes = quantile_classes(each / 100, decimals=0)
    ramp = RAMPS.get(classes.count, RAMPS[5])
    fills = {
        str(code): _BLANK if pd.isna(value) else ramp[classes.index(value / 100)]
        for code, value in each.items()
    }
    drawn, lost = territory_map(
        material.quarters, fills, _numbers(material), material.communes,
        material.territory.npnru, _MAP_WIDTH,
    )  # fmt: skip
    alt = (
        f"Carte des {len(each)} quartiers, numérotés comme dans le tableau et colorés selon les "
        "crédits accordés par habitant ; les valeurs sont dans le tableau."
    )
    notes = ["Numéro cerclé d'un trait épais : site NPNRU.", "Numéros : ceux du tableau."]
    unwritten = sorted({*lost, *_unplaced(material)})
    if unwritten:
        names = wording.listing(unwritten, most=len(unwritten))
        notes.append(f"Communes qui portent un quartier et ne sont pas nommées ici : {names}.")
    return {"svg": drawn, "alt": alt, "legend": _legend(classes, ramp, each), "notes": notes}


def _unplaced(material: Material) -> list[str]:
    """Return the communes that bear a quarter and have no point: those of another territory."""
    known = set(material.communes["commune_code"])
    cells = material.table[["commune_codes", "commune_names"]].itertuples(index=False)
    pairs = [
        pair
        for codes, names in cells
        for pair in zip(codes_of(codes), codes_of(names), strict=True)
    ]
    return [name for code, name in pairs if code not in known]


def _legend(classes: Classes, ramp: tuple[str, ...], each: pd.Series) -> list[dict[str, str]]:
    pairs = list(zip(classes.breaks, classes.breaks[1:], strict=False))
    items = [
        {
            "kind": "other",
            "colour": ramp[rank],
            "text": f"{wording.number(low)} à {'' if rank + 1 == len(pairs) else 'moins de '}"
            f"{wording.number(high)}{wording.NARROW}€ par habitant",
        }
        for rank, (low, high) in enumerate(pairs)
    ]
    if each.isna().any():
        items.append({"kind": "other", "colour": _BLANK, "text": wording.MISSING})
    return items


def quarters_table(material: Material) -> dict[str, Any]:
    """Return the comparison of the quarters, their total last (projects counted once)."""
    table, poverty = material.table, latest_of(material.readings, POVERTY)
    cells = material.grid.cells
    empty = cells[cells["state"] == "empty"].groupby("qpv_code").size()
    numbers = _numbers(material)
    rows = [
        [
            numbers[str(code)],
            wording.shortened(str(row["label"]), 110) + (" – NPNRU" if row["npnru"] else ""),
            wording.number(row["population"]),
            poverty.text(str(code)),
            wording.number(row["projects"]),
            wording.euros(row["granted_cents"]),
            wording.euros(_whole(row["granted_per_inhabitant"])),
            wording.number(int(empty.get(code, 0)) if material.grid.words else None),
        ]
        for code, row in table.iterrows()
    ]
    served = material.rows[material.rows["target"] == "quarter"]
    people = table["population"]
    total = [
        "", "Ensemble (projets distincts)",
        wording.number(None if people.isna().any() else int(people.sum())), "",
        wording.number(served["project_id"].nunique()),
        wording.euros(int(table["granted_cents"].sum())), "", "",
    ]  # fmt: skip
    when = poverty.vintage.label if poverty.vintage else wording.MISSING
    vintage = material.population
    return {
        "title": f"Les {len(table)} quartiers en {material.selection.year}",
        "headers": ["N°", "Quartier", "Habitants", "Pauvreté", "Projets", "Accordé",
                    "Par habitant", "Thèmes sans projet"],
        "numbers": [2, 3, 4, 5, 6, 7],
        "rows": rows,
        "totals": [total],
        "note": f"Habitants : {vintage.label if vintage else wording.MISSING}. Taux de pauvreté : "
        f"{when}. Un projet qui sert plusieurs quartiers compte dans chacun.",
    }  # fmt: skip


def _whole(cents: float) -> int | None:
    return None if pd.isna(cents) else round(cents)


def _need(material: Material) -> dict[str, str]:
    found = material.equity
    if found is None or found.curve is None:
        return {"svg": "", "alt": "", "sentence": NOT_COMPARED}
    values = found.need.steps.set_index("qpv_code")["value"].reindex(found.table.index)
    points = pd.DataFrame(
        {"need": values, "effort": found.table["per_inhabitant"].astype("float64")}
    )
    one = found.need.alone
    write = one.writing if one else (lambda value: wording.number(value, 2))
    drawn = drawings.scatter(
        points, "", (f"Besoin : {findings.measure(found.need)}", "Accordé par habitant"),
        (write, findings.per_person),
    )  # fmt: skip
    text = " ".join(findings.summary(material.selection.year, found))
    alt = f"Besoin et crédits par habitant de {len(points)} quartiers. {text}"
    return {"svg": drawn, "alt": alt, "sentence": text}


def missing(material: Material) -> list[str]:
    """Return the sentences of the page Couverture."""
    year, names = material.selection.year, material.labels
    return coverage.summary(year, material.grid.cells, material.services, names)


def reserves(material: Material) -> list[str]:
    """Return what limits the figures of the whole contract."""
    poverty = latest_of(material.readings, POVERTY)
    secret = int((poverty.quarters["status"] == "secret").sum())
    lines = [sentences.identity(by_target(material.rows))]
    if secret:
        count = wording.plural(secret, "quartier")
        lines.append(f"Taux de pauvreté couvert par le secret statistique : {count}.")
    lines += undecided_words(material)
    return lines + [line for line in (what_if(material.selection.rules), INDICATIVE) if line]
