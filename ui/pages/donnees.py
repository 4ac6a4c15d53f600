"""Données: where the figures come from, and how to take them away."""

from functools import partial

import pandas as pd
import streamlit as st

from analysis import summaries, wording
from analysis.programme import by_target, grand_total
from analysis.selection import Selection, rules_text
from geo.catalogue import Dataset, condition
from geo.errors import AtlasError
from store.atlas import Atlas
from store.exports import MIME_TYPES, export_bytes, export_name
from store.glossary import glossary
from store.listing import figures_csv
from store.places import ground_error
from store.tables import selected
from ui import accounts, frame, lexicon, official, outlines, profile
from ui.tables import fact_list, html_table

_STATES = {
    "sound": ("conforme", ":material/check_circle:"),
    "missing": ("absent", ":material/error:"),
    "altered": ("altéré", ":material/error:"),
}
_BLANKS = {
    "secret": "chiffre non diffusé (secret statistique)",
    "absent": "chiffre absent du fichier",
}
_FORMATS = {"geojson": "GeoJSON (carte)", "csv": "CSV (tableur)"}


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw one of four views: sources, exports, territory, glossary."""
    found = {key: condition(dataset) for key, dataset in atlas.catalogue.items()}
    profile.lead(_summary(atlas, [state for state, _ in found.values()]))
    views = {
        "Sources": lambda: _sources(atlas, found),
        "Exports": lambda: _exports(atlas, selection),
        "Territoire": lambda: _territory(atlas),
        "Lexique": lambda: st.html(lexicon.listed(glossary(atlas.directory))),
    }
    chosen = st.segmented_control(
        "Vue",
        list(views),
        default="Sources",
        required=True,
        key="data_view",
        label_visibility="collapsed",
    )
    views[chosen or "Sources"]()


def _sources(atlas: Atlas, found: dict[str, tuple[str, str]]) -> None:
    official.render(atlas)
    for key, (state, problem) in found.items():
        dataset = atlas.catalogue[key]
        words, icon = _STATES[state]
        title = f"{dataset.title} · {dataset.producer} · {dataset.vintage} · {words}"
        with st.expander(frame.plain(title), icon=icon, expanded=state != "sound"):
            if problem:
                st.error(frame.plain(problem), icon=":material/error:")
            st.html(fact_list(_facts(dataset, words)))


def _summary(atlas: Atlas, states: list[str]) -> str:
    words = {word: states.count(state) for state, (word, _) in _STATES.items() if state in states}
    producers = pd.Series([dataset.producer for dataset in atlas.catalogue.values()])
    return summaries.catalogued(words, producers)


def _facts(dataset: Dataset, state: str) -> list[tuple[str, str]]:
    return [
        ("État", state),
        ("Nature", "données fictives de démonstration" if dataset.fictitious else ""),
        ("Producteur", dataset.producer),
        ("Licence", dataset.licence),
        ("Source", dataset.source),
        ("Millésime", dataset.vintage),
        ("Périmètre", dataset.perimeter),
        ("Cellule vide", _BLANKS.get(dataset.blank, dataset.blank)),
        ("Limites", dataset.limits),
        ("Installé le", dataset.installed),
        ("Fichier", f"{dataset.path.parent.name}/{dataset.path.name}"),
        ("Empreinte", f"{dataset.sha256[:12]}… (sha256)"),
    ]


def _exports(atlas: Atlas, selection: Selection) -> None:
    rows = selected(atlas, selection)
    whole, located = grand_total(rows), by_target(rows)["granted_cents"]["quarter"]
    quarters = wording.plural(len(selection.quarters or atlas.quarters), "quartier")
    projects = wording.plural(int(whole["projects"]), "projet")
    _download(
        atlas,
        selection,
        "quarters",
        "Quartiers",
        f"{quarters} avec leurs indicateurs ; {wording.euros(located, 2)} "
        "accordés leur sont attribués dans la sélection.",
    )
    _download(
        atlas,
        selection,
        "projects",
        "Projets",
        f"{projects} ; {wording.euros(whole['requested_cents'], 2)} demandés, "
        f"{wording.euros(whole['granted_cents'], 2)} accordés.{_part_only(selection)}",
    )
    _figures(atlas, selection)
    _download(
        atlas,
        selection,
        "totals",
        "Totaux",
        "Où va tout l'argent de la sélection : quartiers, hors quartier, indécis, tout le "
        "territoire, non affecté. Le fichier des quartiers n'en porte que la première ligne.",
    )
    st.html(accounts.identity(rows, f"Le total de la sélection, {selection.year}, au centime"))
    st.caption(frame.INDICATIVE)
    st.html(
        '<p class="sources">GeoJSON : RFC 7946, WGS 84. CSV : UTF-8, point-virgule, virgule '
        "décimale. Une cellule vide est une valeur absente ; les colonnes « _statut » disent si un "
        "chiffre est publié, secret, absent ou non comparable. Dans un CSV, un texte commençant "
        "par = + - ou @ est précédé d'une apostrophe, pour qu'un tableur ne l'exécute pas.</p>"
    )
    if atlas.territory.programme(selection.programme).fictitious:
        st.caption(
            "Programme fictif : les fichiers le disent dans leur nom (« _fictif ») et dans la "
            "colonne « donnees_fictives »."
        )


def _figures(atlas: Atlas, selection: Selection) -> None:
    codes = list(selection.quarters)
    st.subheader("Tous les chiffres", anchor=False)
    st.markdown(
        frame.plain(
            f"{wording.plural(len(atlas.indicators), 'indicateur')}, toutes les années : une "
            "ligne par quartier, indicateur et millésime, avec l'année de la donnée, celle du "
            "fichier, l'état, le périmètre et la source."
        )
    )
    st.download_button(
        f"Tous les chiffres, {_FORMATS['csv']}",
        data=partial(figures_csv, atlas, codes or None),
        file_name=f"chiffres_{atlas.territory.code}.csv",
        mime=MIME_TYPES["csv"],
        key="export_figures",
        on_click="ignore",
        icon=":material/download:",
    )
    with st.expander("La même chose en ligne de commande"):
        words = ["python cli.py figures", *codes, f"--territory {atlas.territory.code}"]
        st.code(" ".join([*words, "--format csv"]), language="bash", wrap_lines=True)


def _part_only(selection: Selection) -> str:
    if not selection.quarters:
        return ""
    return " Les montants sont la part des quartiers choisis."


def _download(atlas: Atlas, selection: Selection, what: str, title: str, words: str) -> None:
    st.subheader(title, anchor=False)
    st.markdown(frame.plain(words))
    with st.container(horizontal=True):
        for file_format, label in _FORMATS.items():
            st.download_button(
                f"{title}, {label}",  # read aloud, a format alone would not say of what
                data=partial(export_bytes, atlas, selection, what, file_format),
                file_name=export_name(atlas, selection, what, file_format),
                mime=MIME_TYPES[file_format],
                key=f"export_{what}_{file_format}",
                on_click="ignore",
                icon=":material/download:",
            )
    with st.expander("La même chose en ligne de commande"):
        st.code(command(atlas, selection, what), language="bash", wrap_lines=True)


def command(atlas: Atlas, selection: Selection, what: str) -> str:
    """Return the command that writes the same GeoJSON file as the button."""
    filters = {
        "theme": selection.themes,
        "funder": selection.funders,
        "status": selection.statuses,
        "dispositif": selection.dispositifs,
        "quarter": selection.quarters,
    }
    words = [f"--{option} {code}" for option, codes in filters.items() for code in codes]
    parts = [
        f"python cli.py export --what {what} --format geojson",
        f"--territory {atlas.territory.code} --programme {selection.programme}",
        f"--year {selection.year}",
        *([f"--rule {rules_text(selection.rules)}"] if selection.what_if else []),
        *words,
        f"--out {export_name(atlas, selection, what, 'geojson')}",
    ]
    return " ".join(parts)


def _territory(atlas: Atlas) -> None:
    territory = atlas.territory
    st.markdown(frame.plain(f"{territory.contract}."))
    st.html(fact_list(_territory_facts(atlas)))
    positions = territory.nomenclature.positions
    rows = [
        (
            positions.get(method, method),
            f"±{wording.NARROW}{wording.number(metres)}{wording.NARROW}m",
        )
        for method, metres in territory.nomenclature.uncertainty_m.items()
    ]
    st.html(
        html_table(
            "Incertitude d'une position, selon son origine", ("Origine", "Incertitude"), rows
        )
    )
    st.caption(
        "Un projet est dit « dans le quartier » ou « hors quartier » seulement s'il est plus loin "
        "de la limite que cette incertitude ; un lieu-dit ou une commune ne suffit jamais."
    )
    outlines.render(atlas)


def _metric_system(atlas: Atlas) -> str:
    crs = atlas.territory.crs
    name = f"{crs.to_string()} ({crs.name})"
    try:
        return f"{name}, {ground_error(atlas)}"
    except AtlasError:  # the layer cannot be read: the outlines below say why
        return name


def _territory_facts(atlas: Atlas) -> list[tuple[str, str]]:
    territory = atlas.territory
    signatories = [funder.label for funder in territory.funders if funder.signatory]
    others = [funder.label for funder in territory.funders if not funder.signatory]
    sites = [f"{label} ({code})" for code, label in territory.npnru.items()]
    return [
        ("Intercommunalité", f"{territory.epci_name} (SIREN {territory.epci_siren})"),
        ("Axes du contrat", " ; ".join(axis.label for axis in territory.axes)),
        ("Signataires financeurs", " ; ".join(signatories)),
        ("Autres financeurs", " ; ".join(others)),
        ("Dispositifs", " ; ".join(term.label for term in territory.dispositifs)),
        ("Sites NPNRU", " ; ".join(sites)),
        ("Comparé à", " ; ".join(area.label for area in territory.comparators)),
        ("Programmes", " ; ".join(programme.label for programme in territory.programmes)),
        ("Périmètres", f"quartiers de {territory.generation}"),
        ("Chiffres mesurés sur", f"les quartiers de {territory.figures_generation}"),
        ("Calculs en mètres dans", _metric_system(atlas)),
    ]
