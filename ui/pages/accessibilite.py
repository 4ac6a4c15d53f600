"""Accessibilité: what is held, what is not, how it was checked, whom to tell."""

import os
from collections.abc import Sequence

import streamlit as st

from analysis.selection import Selection
from store.accessibility import gaps
from store.atlas import Atlas
from ui import frame, profile
from ui.tables import html_table

_LEAD = (
    "L'atlas vise le niveau AA des WCAG 2.1, sur lesquelles s'appuie le RGAA 4.1. Aucun audit "
    "n'a encore été fait : au sens du RGAA, il doit être déclaré non conforme. Voici ce qui est "
    "tenu et vérifié, ce qui ne l'est pas, et à qui le dire."
)
_HELD = (
    (
        "Aucune faute grave dans les pages ni dans la carte",
        "axe-core (règles « critical » et « serious ») dans un navigateur, sur chaque page, à "
        "chaque version.",
    ),
    (
        "Textes contrastés d'au moins 4,5 pour 1",
        "Calculé depuis les couleurs déclarées : pages, tableaux, légendes, cartes, graphiques.",
    ),
    (
        "Un titre propre à chaque page, la langue française déclarée, des titres ordonnés",
        "Lus dans un navigateur, sur chaque page.",
    ),
    (
        "Lisible sur un écran de 360 pixels et avec un zoom de 200 %",
        "Aucune page ne défile de côté ; un tableau large ou un graphique défile dans son cadre.",
    ),
    (
        "Les parcours principaux au clavier, sans piège, avec un repère visible",
        "Parcourus touche à touche : menus, lexique, filtres, carte (on y entre et on en sort ; "
        "Entrée ouvre un quartier), choix d'un projet dans une liste.",
    ),
    (
        "Chaque carte et chaque graphique a une phrase, un tableau aux mêmes totaux et un nom",
        "Comparés aux calculs par les contrôles des pages.",
    ),
)
_NOT_HELD = (
    (
        "Pas d'essai avec des personnes handicapées ni avec un lecteur d'écran",
        "Les contrôles automatiques ne voient qu'une partie des obstacles.",
    ),
    (
        "Les cercles des projets, sur la carte, ne s'atteignent pas au clavier",
        "La page Projets donne la même liste : la choisir y ouvre le même projet.",
    ),
    (
        "Les tableaux que l'on trie sont dessinés par le navigateur, sans balise de tableau",
        "Une liste placée au-dessus permet d'en choisir une ligne ; leurs lignes s'exportent en "
        "CSV depuis la page Données.",
    ),
    (
        "Quelques boutons de Streamlit ont un nom anglais, lu par un lecteur d'écran",
        "Ouvrir ou fermer la barre latérale, vider un filtre.",
    ),
    (
        "Une adresse inconnue ouvre la carte sous un avis de Streamlit en anglais",
        "« Page not found » : la page demandée n'existe pas ; Échap ferme l'avis.",
    ),
    (
        "Sur un téléphone, le menu des pages est dans la barre latérale",
        "Le premier bouton de la page l'ouvre.",
    ),
)


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw the statement: held, not held, Streamlit's own shortcomings, whom to tell."""
    profile.lead(_LEAD)
    _texts("Ce qui est tenu", ("Point", "Comment c'est vérifié"), _HELD)
    _texts("Ce qui ne l'est pas", ("Point", "Ce qui le remplace"), _NOT_HELD)
    own = [(gap.words, f"Streamlit, n° {gap.issue}") for gap in gaps(atlas.directory)]
    _texts("Ce qui vient de Streamlit, l'outil des pages", ("Point", "Signalé"), own)
    st.subheader("Signaler un obstacle", anchor=False)
    contact = os.environ.get("ATLAS_CONTACT", "").strip()
    publisher = f"{atlas.territory.epci_name}{f', {contact}' if contact else ''}"
    st.markdown(
        frame.plain(
            f"Écrivez à la collectivité qui publie cet atlas ({publisher}) : la page, ce que vous "
            "vouliez faire, ce qui vous en a empêché, votre navigateur. Sans réponse, vous pouvez "
            "saisir le Défenseur des droits (www.defenseurdesdroits.fr, 09 69 39 00 00)."
        )
    )


def _texts(title: str, headers: tuple[str, str], rows: Sequence[tuple[str, str]]) -> None:
    st.html(f'<div class="tx">{html_table(title, headers, rows)}</div>')
