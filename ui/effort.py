"""The effort of a programme: by quarter, theme, funder or year, and how requests are answered."""

import pandas as pd
import streamlit as st

from analysis import findings, wording
from analysis.effort import Part
from analysis.selection import Selection
from analysis.vocabulary import labels
from store.atlas import Atlas
from store.equity import BREAKDOWNS, Answers, answers, breakdown, effort_table
from ui import profile
from ui.tables import html_table

_BY_QUARTER = {"quarter": "Quartier"}


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw the effort of a selection, then how its requests are answered."""
    st.subheader("L'effort en détail", anchor=False, divider="gray")
    kinds = {**_BY_QUARTER, **BREAKDOWNS}
    column = st.segmented_control(
        "Détail",
        list(kinds),
        format_func=lambda code: f"Par {kinds[code].lower()}",
        default="quarter",
        required=True,
        key="besoins_breakdown",
        label_visibility="collapsed",
    )
    table = quarters_table if column == "quarter" else breakdown_table
    st.html(profile.wide(table(atlas, selection, column)))
    st.caption(
        "Projets soutenus : au moins un financement accordé. Bénéficiaires prévus par le porteur, "
        "qui peuvent habiter ailleurs ; une même personne compte dans chaque projet. « + n.d. » : "
        "des projets ne les disent pas, ou ne les partagent pas entre leurs quartiers."
    )
    st.subheader("Comment les demandes sont reçues", anchor=False, divider="gray")
    st.html(profile.cards(answer_cards(answers(atlas, selection), selection)))


def quarters_table(atlas: Atlas, selection: Selection, _: str) -> str:
    """Return the HTML table of the effort by quarter, each measure per inhabitant too."""
    table = effort_table(atlas, selection)
    lines = [
        (
            str(row["label"]),
            wording.euros(row["granted_cents"]),
            findings.per_person(row["granted_per_inhabitant"]),
            wording.number(row["projects"]),
            wording.number(row["projects_per_1000"], 1),
            people(row),
            _told(wording.number(row["beneficiaries_per_100"]), row["unknown_projects"]),
        )
        for _, row in table.iterrows()
    ]
    headers = (
        "Quartier",
        "Accordé",
        "Par habitant",
        "Projets soutenus",
        "Projets pour 1 000 habitants",
        "Bénéficiaires prévus",
        "Bénéficiaires pour 100 habitants",
    )
    return html_table(f"Effort par quartier, {selection.year}", headers, lines)


def breakdown_table(atlas: Atlas, selection: Selection, column: str) -> str:
    """Return the HTML table of the effort by theme, funder or year, per inhabitant too."""
    table = breakdown(atlas, selection, column)
    words = {} if column == "year" else labels(atlas.territory, column)
    lines = [
        (
            words.get(str(code), str(code)),
            wording.euros(row["granted_cents"]),
            wording.euros(row["quarter_cents"]),
            findings.per_person(row["per_inhabitant"]),
            wording.number(row["projects"]),
            wording.number(row["projects_per_1000"], 1),
            people(row),
            _told(wording.number(row["beneficiaries_per_100"]), row["quarter_unknown"]),
        )
        for code, row in table.iterrows()
    ]
    headers = (
        BREAKDOWNS[column],
        "Accordé",
        "dont quartiers identifiés",
        "Quartiers, par habitant",
        "Projets soutenus",
        "Quartiers, projets pour 1 000 habitants",
        "Bénéficiaires prévus",
        "Quartiers, bénéficiaires pour 100 habitants",
    )
    when = "toutes les années" if column == "year" else str(selection.year)
    return html_table(f"Effort par {BREAKDOWNS[column].lower()}, {when}", headers, lines)


def people(row: pd.Series) -> str:
    """Write planned beneficiaries; a sum to which some projects are missing says so."""
    return _told(wording.number(row["beneficiaries"]), row["unknown_projects"])


def _told(text: str, unknown: int) -> str:
    return f"{text} + n.d." if unknown and text != wording.MISSING else text


def answer_cards(found: Answers, selection: Selection) -> list[tuple[str, str, list[str]]]:
    """Return the cards of leverage, renewal, requests granted and delay, each with its meaning."""
    filtered = "n'a pas de sens avec un filtre"
    lever = found.leverage
    cards = [
        (
            "Effet de levier",
            findings.ratio(lever),
            [
                f"{wording.euros(lever.part)} d'autres financeurs pour {wording.euros(lever.whole)}"
                " du programme 147, sur les projets qu'il soutient"
                if lever
                else f"Euros d'autres financeurs par euro du programme 147 ; {filtered} de "
                "financeurs, ou un seul financeur dans le fichier"
            ],
        ),
        (
            "Actions reconduites",
            findings.rate(found.renewal),
            [_counted(found.renewal, "projets soutenus", "sans l'information")],
        ),
        (
            "Demandes accordées",
            findings.rate(found.number),
            [
                _counted(found.number, "demandes ayant une réponse", "encore en cours")
                if found.number
                else f"{filtered} de statuts, ou sans demande dans le fichier".capitalize()
            ],
        ),
        (
            "Euros accordés / demandés",
            findings.rate(found.euros),
            [
                f"{wording.euros(found.euros.part)} sur {wording.euros(found.euros.whole)} des "
                "demandes ayant une réponse"
                + (f" ; {found.euros.unknown} sans montant connu" if found.euros.unknown else "")
                if found.euros
                else f"{filtered} de statuts, ou sans demande dans le fichier".capitalize()
            ],
        ),
        (
            "Délai de réponse médian",
            findings.days(found.delay),
            [
                f"Du dépôt à la décision, sur {wording.plural(found.delay.dated, 'réponse')} ; au "
                f"plus {found.delay.longest_days} jours"
                if found.delay.dated
                else "Le fichier ne donne pas les deux dates",
                f"{wording.plural(found.delay.undated, 'réponse')} sans dates"
                if found.delay.undated
                else "",
            ],
        ),
    ]
    return cards


def _counted(part: Part, noun: str, unknown: str) -> str:
    text = f"{wording.number(part.part)} sur {wording.number(part.whole)} {noun}"
    return f"{text} ; {wording.number(part.unknown)} {unknown}" if part.unknown else text
