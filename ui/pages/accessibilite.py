"""Accessibilité: what is held, what is not, how it was checked, whom to tell."""

import os
from collections.abc import Sequence
from datetime import date

import streamlit as st

from analysis import wording
from analysis.selection import Selection
from store.accessibility import gaps
from store.atlas import Atlas
from ui import frame, profile
from ui.tables import html_table

# The day of the statement: to be written again with each change of what it says.
_DECLARED = date(2026, 11, 25)
_LEAD = (
    "L'atlas vise le niveau AA des WCAG 2.1, sur lesquelles s'appuie le RGAA 4.1. Aucun audit "
    "n'a encore été fait : au sens du RGAA, il doit être déclaré non conforme. Voici ce qui est "
    "tenu et vérifié, ce qui ne l'est pas, et à qui le dire."
)
_METHOD = (
    "Déclaration établie le {} par les auteurs de l'atlas, d'après les contrôles automatiques de "
    "cette version et l'examen des écrans en 1 400, 700, 390 et 360 pixels. Taux de conformité au "
    "RGAA : non mesuré."
)
_HELD = (
    (
        "Aucune faute grave dans les pages ni dans la carte",
        "axe-core (règles « critical » et « serious ») dans un navigateur, à chaque version : "
        "chaque page en grand et en 390 pixels, et ses états (rien trouvé, lien faux, listes et "
        "fenêtres ouvertes, projet choisi, fichier déposé).",
    ),
    (
        "Textes contrastés d'au moins 4,5 pour 1 ; marques des graphiques et contours, 3 pour 1",
        "Calculé depuis les couleurs déclarées : pages, tableaux, légendes, cartes, graphiques, "
        "fiches imprimées. Une couleur de thème pâle a un bord foncé et une lettre ou un texte.",
    ),
    (
        "Un titre propre à chaque page, la langue française déclarée, des titres ordonnés",
        "Lus dans un navigateur, sur chaque page.",
    ),
    (
        "Lisible sur un écran de 360 pixels et avec un zoom de 200 %",
        "Aucune page ne défile de côté ; un tableau large défile dans son cadre, au clavier aussi.",
    ),
    (
        "Chaque page au clavier : tout est atteint, dans l'ordre, sans piège, repère visible",
        "Parcourue touche à touche ; le premier arrêt mène au contenu. On entre dans la carte, "
        "Entrée ouvre un quartier, et on en sort.",
    ),
    (
        "Chaque carte et chaque graphique a une phrase et un tableau",
        "Le nom lu du graphique cite son tableau ; un contrôle le cherche sur la page.",
    ),
    (
        "Les fiches imprimées sont des PDF balisés (PDF/UA-1)",
        "Langue, titres, ordre de lecture et textes des images sont relus dans le fichier.",
    ),
)
_NOT_HELD = (
    (
        "Pas d'essai avec des personnes handicapées ni avec un lecteur d'écran",
        "Les contrôles automatiques ne voient qu'une partie des obstacles.",
    ),
    (
        "Les cercles des projets, sur la carte, ne s'atteignent pas au clavier",
        "La page Projets donne la même liste, projets sans position compris : y choisir une ligne "
        "ouvre le même projet.",
    ),
    (
        "Les tableaux que l'on trie sont dessinés par le navigateur, sans balise de tableau",
        "Une liste placée au-dessus permet d'en choisir une ligne ; leurs lignes s'exportent en "
        "CSV depuis la page Données.",
    ),
    (
        "Sur la carte, des noms de communes peuvent toucher ceux des quartiers",
        "Le tableau donne tous les quartiers ; la couche des communes s'enlève.",
    ),
    (
        "Sur un téléphone, des graphiques n'écrivent pas toutes leurs valeurs",
        "Le tableau du graphique les donne.",
    ),
    (
        "Sur un grand écran, le bouton qui ferme les filtres n'apparaît qu'au survol",
        "Rien n'oblige à les fermer.",
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
# Checked against statements of public services: form, telephone and post of the Défenseur.
_RECOURSE = (
    "Sans réponse satisfaisante, vous pouvez saisir le Défenseur des droits : "
    "[par son formulaire](https://formulaire.defenseurdesdroits.fr), par l'un de ses délégués, par "
    "téléphone au 09\u00a069\u00a039\u00a000\u00a000, ou par courrier sans timbre : Défenseur des "
    "droits, Libre réponse 71120, 75342 Paris CEDEX 07."
)


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw the statement: held, not held, Streamlit's own shortcomings, whom to tell."""
    profile.lead(_LEAD)
    st.caption(frame.plain(_METHOD.format(wording.day(_DECLARED))))
    _texts("Ce qui est tenu", ("Point", "Comment c'est vérifié"), _HELD)
    _texts("Ce qui ne l'est pas", ("Point", "Ce qui le remplace"), _NOT_HELD)
    own = [(gap.words, f"Streamlit, n°\u00a0{gap.issue}") for gap in gaps(atlas.directory)]
    _texts("Ce qui vient de Streamlit, l'outil des pages", ("Point", "Signalé"), own)
    st.subheader("Signaler un obstacle", anchor=False)
    contact = os.environ.get("ATLAS_CONTACT", "").strip()
    publisher = f"{atlas.territory.epci_name}{f', {contact}' if contact else ''}"
    st.markdown(
        frame.plain(
            f"Écrivez à la collectivité qui publie cet atlas ({publisher}) : la page, ce que vous "
            "vouliez faire, ce qui vous en a empêché, votre navigateur."
        )
    )
    st.markdown(_RECOURSE)


def _texts(title: str, headers: tuple[str, str], rows: Sequence[tuple[str, str]]) -> None:
    st.html(f'<div class="tx">{html_table(title, headers, rows)}</div>')
