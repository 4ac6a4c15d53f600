"""The sheet of a quarter: two A4 pages of the same figures and sentences as the screen."""

from typing import Any

import pandas as pd

from analysis import coverage, findings, wording
from analysis.contrast import ink
from analysis.material import Material
from analysis.perimeters import became, measured_on
from analysis.profile import (
    KEYS,
    POPULATION,
    POVERTY,
    TRENDS,
    card,
    latest_of,
    portrait,
    support,
)
from analysis.programme import grand_total
from analysis.vocabulary import labels, what_if
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
from reports.plan import quarter_map

MAP_WIDTH = 372.0
_READING = (
    "Surface d'un cercle : montant accordé, dès que le cercle peut porter sa lettre.",
    "Un trait mène à la position quand des cercles se toucheraient.",
)
MOST_PROJECTS = 10
_NO_PROJECT = pd.DataFrame(columns=["project_id", "granted_cents"])
_SIGNS = 64  # of a title in the list of projects, so that a row keeps two lines at most


def quarter_pdf(material: Material, code: str) -> bytes:
    """Return the sheet of a quarter as PDF/UA-1; raises KeyError for an unknown code."""
    return press.pdf("quarter", content(material, code), material.day)


def content(material: Material, code: str) -> dict[str, Any]:
    """Return all that the sheet of a quarter says, as its template reads it."""
    row = material.table.loc[code]
    name = str(row["qpv_name"])
    site = material.territory.npnru.get(code)
    rows = material.rows[material.rows["qpv_code"] == code]
    band = [f"{row['commune_names']} · {code}", material.territory.contract]
    return {
        **frame(material, f"{name} ({code})", f"Fiche de quartier : {name}"),
        "title-short": wording.shortened(name, 110),
        "band": [wording.shortened(line, 120) for line in band],
        "mark": "Site NPNRU" if site else "",
        "headline": _headline(material, code, rows),
        "cards": [_card(material, word, code) for word in KEYS],
        "map": _map(material, code),
        "money": money(material, rows, "part de ce quartier"),
        "missing": _missing(material, code),
        "projects": _projects(material, code, rows),
        "trends": [_trend(material, word, code) for word in TRENDS],
        "trend-note": _trend_note(material),
        "need": _need(material, code),
        "reserves": _reserves(material, code),
        "sources": credits(material),
        "data": data_lines(material, "quartiers", code),
    }


def _headline(material: Material, code: str, rows: pd.DataFrame) -> list[str]:
    found = material.readings
    people = portrait(latest_of(found, POPULATION), latest_of(found, POVERTY), code)
    before = material.before
    then = None if before is None else grand_total(before[before["qpv_code"] == code])
    return [people, support(material.selection.year, grand_total(rows), then)]


def _card(material: Material, word: str, code: str) -> dict[str, Any]:
    found = material.readings
    label, value, notes = card(found, word, code)
    one = latest_of(found, word)
    drawn = drawings.strip(one.quarters, code, one.indicator.text)
    rank = notes[1] if one.status(code) == "published" else "sans rang"
    alt = f"{label} de tous les quartiers sur un axe ; ce quartier : {value}, {rank}."
    return {"label": label, "value": value, "notes": notes, "strip": drawn, "alt": alt}


def _map(material: Material, code: str) -> dict[str, Any]:
    every = material.projects
    own = material.shares.get(code, _NO_PROJECT).set_index("project_id")["granted_cents"]
    serves = every["project_id"].isin(own.index)
    doubtful = every["location_status"] == "undecided"
    near = doubtful & (every["nearest_qpv_code"] == code)
    shown = every[serves | near]
    own = shown["project_id"].map(own)
    shown = shown.assign(granted_cents=own.fillna(shown["granted_cents"]))
    drawn, away = quarter_map(
        material.quarters, code, shown, material.communes, material.groups,
        material.labels, material.territory.npnru, MAP_WIDTH,
    )  # fmt: skip
    lost = int((serves & (every["location_status"] == "not_located")).sum())
    doubt = int(doubtful[shown.index].sum())
    notes = [*_READING] if len(shown) > lost else ["Aucun projet à dessiner ici."]
    if away:
        notes.append(f"{wording.plural(away, 'projet')} hors du cadre de la carte.")
    if lost:
        notes.append(f"{wording.plural(lost, 'projet')} sans position : non dessinés.")
    alt = (
        f"Carte du quartier {material.labels[code]} : son contour, les quartiers voisins et "
        f"{wording.plural(len(shown) - away - lost, 'projet')}, dont "
        f"{wording.number(doubt)} de position indécise. La liste des projets est en page 2."
    )
    return {"svg": drawn, "alt": alt, "legend": _legend(material, shown, doubt), "notes": notes}


def _legend(material: Material, shown: pd.DataFrame, doubt: int) -> list[dict[str, str]]:
    items = [
        {"kind": "area", "colour": "#cfdcec", "text": "Ce quartier"},
        {"kind": "other", "colour": "#e3ddcf", "text": "Autre quartier prioritaire"},
    ]
    used = set(shown["group"])
    for code, (letter, label, colour) in material.groups.items():
        if code in used:
            items.append(
                {
                    "kind": "theme",
                    "letter": letter,
                    "colour": colour,
                    "ink": ink(colour),
                    "text": label,
                }
            )
    if doubt:
        items.append({"kind": "hollow", "text": "Position indécise (lettre du thème)"})
    return items


def _missing(material: Material, code: str) -> list[str]:
    shown = material.grid
    if not shown.words:
        return [coverage.UNKNOWN_SERVED.format(year=material.selection.year)]
    empty = material.empty_cells.get(code, [])
    year, count = material.selection.year, wording.number(len(shown.words))
    lines = [
        f"En {year}, {wording.plural(len(empty), 'thème')} sur {count} sans projet soutenu : "
        f"{wording.listing(empty, most=6)}."
        if empty
        else f"En {year}, chacun des {count} thèmes a au moins un projet soutenu."
    ]
    cells = shown.cells[shown.cells["qpv_code"] == code]
    words = [shown.words[one] for one in cells["code"][cells["state"] == "pending"]]
    if words:
        lines.append(f"Demandes qui attendent une réponse : {wording.listing(words, most=4)}.")
    own = material.services[material.services["qpv_code"] == code]
    told = [_service(one) for _, one in own[own["state"] != "covered"].iterrows()]
    if told:
        lines.append(f"Dispositifs attendus de tout quartier et absents : {' ; '.join(told)}.")
    elif len(own):
        lines.append("Les dispositifs attendus de tout quartier y sont.")
    lost = [shown.words[one] for one in cells["code"][cells["change"] == "lost"]]
    if lost:
        lines.append(f"Thèmes couverts en {year - 1} et plus en {year} : "
                     f"{wording.listing(lost, most=4)}.")  # fmt: skip
    return lines


def _service(one: pd.Series) -> str:
    if pd.isna(one["distance_m"]):
        return f"{one['label']} (distance {wording.MISSING})"
    if not one["distance_m"]:
        return f"{one['label']} (se tient sur place, sert un autre quartier)"
    return f"{one['label']} (le plus proche à {wording.metres(one['distance_m'])})"


def _projects(material: Material, code: str, rows: pd.DataFrame) -> dict[str, Any]:
    words = labels(material.territory, "status")
    table = material.shares.get(code, _NO_PROJECT)
    first = table.head(MOST_PROJECTS)
    lines = [
        [
            wording.shortened(str(row["title"]), _SIGNS),
            wording.shortened(str(row["operator"]), 48),
            material.groups[row["group"]][0] + " " + material.groups[row["group"]][1],
            wording.euros(row["granted_cents"]),
            ", ".join(words.get(one, one) for one in row["statuses"]),
        ]
        for _, row in first.iterrows()
    ]
    whole = grand_total(rows)
    note = (
        f"Montants : part de ce quartier. Total : {wording.euros(whole['requested_cents'])} "
        f"demandés, {wording.euros(whole['granted_cents'])} accordés."
    )
    if len(table) > len(first):
        rest = table.iloc[MOST_PROJECTS:]
        note = (
            f"Et {wording.plural(len(rest), 'autre projet', 'autres projets')} pour "
            f"{wording.euros(int(rest['granted_cents'].sum()))} accordés. {note}"
        )
    title = "Principaux projets" if len(table) > len(first) else "Projets"
    return {
        "title": f"{title} de {material.selection.year} ({len(first)} sur {len(table)})"
        if len(table)
        else f"Projets de {material.selection.year}",
        "headers": ["Intitulé", "Porteur", "Famille de thèmes", "Accordé", "Statut"],
        "numbers": [3],
        "rows": lines,
        "empty": "Aucun projet de la sélection ne sert ce quartier.",
        "note": note if len(table) else "",
    }


def _trend(material: Material, word: str, code: str) -> dict[str, str]:
    indicator, every = material.indicators[word], material.histories[word]
    points = every[every["qpv_code"] == code]
    known = every.loc[every["status"] == "published", "value"]
    unit = f" ({indicator.unit})" if indicator.unit else ""
    title = f"{indicator.short}{unit}"
    if known.empty or points.empty:
        return {"title": title, "svg": "", "alt": "Aucune année publiée."}
    drawn = drawings.trend(points, indicator, (float(known.min()), float(known.max())))
    told = [
        f"{int(y)} : {indicator.in_year(int(y)).text(v, s)}{f' ({r})' if r else ''}"
        for y, v, s, r in zip(
            points["year"], points["value"], points["status"], points["break_reason"], strict=True
        )
    ]
    return {"title": title, "svg": drawn, "alt": f"{indicator.label} : {' ; '.join(told)}."}


def _trend_note(material: Material) -> str:
    notes = dict.fromkeys(material.indicators[word].breaks_note for word in TRENDS)
    return " ".join([
        "Trait pointillé : rupture de série ou changement de périmètre ; rien ne se compare de part"
        " et d'autre. Cercle creux : secret. L'axe ne part pas de zéro ; il est le même pour tous.",
        *[wording.shortened(note, 240) for note in notes if note],
    ])  # fmt: skip


def _need(material: Material, code: str) -> dict[str, str]:
    found = material.equity
    blank = {"svg": "", "alt": ""}
    if found is None or found.curve is None:
        return {**blank, "sentence": NOT_COMPARED}
    if code in found.left_out.index:
        reason = found.left_out[code]
        return {**blank, "sentence": f"Ce quartier n'est pas comparé aux autres : {reason}."}
    one = found.need.alone
    values = found.need.steps.set_index("qpv_code")["value"]
    points = pd.DataFrame(
        {
            "need": values.reindex(found.table.index),
            "effort": found.table["per_inhabitant"].astype("float64"),
        }
    )
    row: Any = found.table.loc[code]
    own: Any = points.loc[code]
    rank = int((points["need"] > own["need"]).sum()) + 1
    order = int((points["effort"] > own["effort"]).sum()) + 1
    write = one.writing if one else (lambda value: wording.number(value, 2))
    measure = findings.measure(found.need)
    many = len(points)
    text = (
        f"Parmi les {many} quartiers comparés, ce quartier est au {rank}e rang du besoin "
        f"({measure}, {write(own['need'])}) et au {order}e rang des crédits accordés par habitant "
        f"({findings.per_person(own['effort'])}). Il réunit "
        f"{wording.percent(row['share_population'], 0)} de leurs habitants et reçoit "
        f"{wording.percent(row['share_cents'], 0)} de leurs crédits. Ces chiffres ne mesurent "
        "pas l'effet des projets."
    ).replace(" 1e rang", " 1er rang")
    drawn = drawings.scatter(
        points, code, (f"Besoin : {measure}", "Accordé par habitant"),
        (write, findings.per_person),
    )  # fmt: skip
    alt = f"Besoin et crédits par habitant de {many} quartiers. {text}"
    return {"svg": drawn, "alt": alt, "sentence": text}


def _reserves(material: Material, code: str) -> list[str]:
    secret = material.secrets[code]
    lines = [f"Secret statistique : {wording.listing(secret, most=4)}."] if secret else []
    former = became(material.relations, code)
    if former:
        lines.append(
            f"Périmètre {material.territory.generation} : {wording.shortened(former, 220)}."
        )
    words = measured_on(
        latest_of(material.readings, POVERTY).vintage, material.territory.generation
    )
    if words:
        lines.append(f"Le taux de pauvreté est {words}.")
    lines += undecided_words(material, code)
    lines += [line for line in (what_if(material.selection.rules), INDICATIVE) if line]
    return lines
