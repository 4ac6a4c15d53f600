"""One project in full: what it is, where it is, whom it serves, who pays."""

from datetime import date

import pandas as pd
import streamlit as st

from analysis import wording
from analysis.allocation import CENTS
from analysis.programme import LoadedProgramme, grand_total
from analysis.vocabulary import (
    AMOUNT_WORDS,
    LOCATION_WORDS,
    RULE_WORDS,
    SITUATION_WORDS,
    TARGET_WORDS,
    label,
)
from store.atlas import Atlas
from store.places import placed_remark
from ui import frame
from ui.tables import fact_list, html_table

_HEADERS = tuple(AMOUNT_WORDS[name] for name in CENTS)
_RENEWAL = {"new": "première demande", "renewed": "renouvellement"}


def render(atlas: Atlas, loaded: LoadedProgramme, project_id: str) -> None:
    """Draw a project whole: every line of funding, whatever the filters."""
    row = int((loaded.projects["project_id"] == project_id).to_numpy().argmax())
    project, place = loaded.projects.iloc[row], loaded.located.iloc[row]
    st.subheader(frame.plain(project["title"]), anchor=False)
    where = _location(atlas, project, place, loaded.services.iloc[row])
    st.html(fact_list(_identity(atlas, project) + where))
    funding = loaded.funding[loaded.funding["project_id"] == project_id]
    st.html(_funding(atlas, funding))
    rows = loaded.ledger[loaded.ledger["project_id"] == project_id]
    st.html(_beneficiaries(atlas, rows))
    st.caption("Toutes les lignes de financement du projet, sans tenir compte des filtres.")


def _identity(atlas: Atlas, project: pd.Series) -> list[tuple[str, str]]:
    people = project["beneficiaries"]
    return [
        ("Porteur", project["operator"]),
        ("SIRET", _text(project["operator_siret"])),
        ("RNA", _text(project["operator_rna"])),
        ("Référence", _text(project["reference"])),
        ("Année", str(project["year"])),
        ("Dates", days(project)),
        ("Coût total", _cost(project)),
        ("Thème", _label(atlas, "theme", project["theme"])),
        ("Dispositif", _label(atlas, "dispositif", project["dispositif"])),
        ("Demande", _RENEWAL.get(_text(project["renewal"]), "")),
        ("Bénéficiaires", "" if pd.isna(people) else wording.plural(int(people), "personne")),
    ]


def days(project: pd.Series) -> str:
    """Say when a project takes place, as far as its dossier tells."""
    start, end = (
        wording.day(date.fromisoformat(text)) if text else ""
        for text in (_text(project["starts_on"]), _text(project["ends_on"]))
    )
    if start and end:
        return f"du {start} au {end}"
    return f"à partir du {start}" if start else f"jusqu'au {end}" if end else ""


def _cost(project: pd.Series) -> str:
    cents = project["total_cost_cents"]
    return "" if pd.isna(cents) else wording.euros(int(cents), 2)


def _location(
    atlas: Atlas, project: pd.Series, place: pd.Series, service: pd.Series
) -> list[tuple[str, str]]:
    town = " ".join(filter(None, (_text(project["postcode"]), _text(project["commune_name"]))))
    words = ", ".join(filter(None, (_text(project["address"]), town)))
    return [
        ("Adresse" if project["address_kind"] != "seat" else "Adresse du siège", words),
        ("Position", _position(atlas, project, place)),
        ("Précision", _precision(atlas, project, place)),
        ("Situation", SITUATION_WORDS[service["situation"]]),
        ("Lieu vécu", service["lived"]),
        ("Codes inconnus", service["unknown_codes"]),
    ]


def _position(atlas: Atlas, project: pd.Series, place: pd.Series) -> str:
    state = place["location_status"]
    if state == "not_located":
        return _not_located(project)
    name = atlas.quarter_labels[place["nearest_qpv_code"]]
    metres = wording.number(abs(place["distance_to_edge_m"])) + f"{wording.NARROW}m"
    side = "à l'intérieur" if place["distance_to_edge_m"] < 0 else "à l'extérieur"
    words = LOCATION_WORDS[state].capitalize()
    remark = placed_remark(atlas.quarter_labels, place)
    return f"{words} ; {metres} {side} de la limite de {name}.{remark} Indicatif."


def _not_located(project: pd.Series) -> str:
    if project["address_kind"] == "seat":
        return "Non localisé : l'adresse du siège ne dit pas où l'action a lieu."
    missing = int(project[["lon", "lat"]].isna().sum())
    if missing:
        which = "aucune coordonnée" if missing == 2 else "une seule des deux coordonnées"
        return f"Non localisé : {which}."
    return "Non localisé : coordonnées douteuses, non utilisées."


def _precision(atlas: Atlas, project: pd.Series, place: pd.Series) -> str:
    if place["location_status"] == "not_located":
        return ""
    method = _text(project["position_method"]) or "unknown"
    words = atlas.territory.nomenclature.positions.get(method, method)
    return f"±{wording.NARROW}{wording.number(place['uncertainty_m'])}{wording.NARROW}m ({words})"


def _funding(atlas: Atlas, funding: pd.DataFrame) -> str:
    lines = [
        (
            label(atlas.territory, "funder", line["funder"]),
            label(atlas.territory, "status", line["status"]),
            *_amounts(line),
        )
        for _, line in funding.iterrows()
    ]
    total = ("Total", "", *_amounts(grand_total(funding)))
    headers = ("Financeur", "Statut", *_HEADERS)
    return html_table("Financements", headers, lines, totals=[total])


def _beneficiaries(atlas: Atlas, rows: pd.DataFrame) -> str:
    parts = [part for _, part in rows.groupby(["target", "qpv_code"], dropna=False)]
    lines = [
        (
            _target(atlas, part.iloc[0]),
            RULE_WORDS[part["rule"].iloc[0]],
            *_amounts(grand_total(part)),
        )
        for part in parts
    ]
    total = ("Total", "", *_amounts(grand_total(rows)))
    headers = ("Bénéficie à", "Partage", *_HEADERS)
    return html_table("Pour qui", headers, lines, totals=[total])


def _target(atlas: Atlas, row: pd.Series) -> str:
    code = _text(row["qpv_code"])
    return atlas.quarter_labels[code] if code else TARGET_WORDS[row["target"]]


def _amounts(cents: pd.Series) -> tuple[str, ...]:
    return tuple(wording.euros(cents[name], 2) for name in CENTS)


def _label(atlas: Atlas, column: str, code: object) -> str:
    return label(atlas.territory, column, _text(code) or "none")


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]
