"""Données: where the figures come from, and how to take them away."""

from contextlib import suppress
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from analysis import summaries, wording
from analysis.programme import by_target, grand_total
from analysis.selection import Selection, rules_text
from geo.catalogue import Dataset, condition
from geo.errors import AtlasError
from store.atlas import Atlas
from store.contents import ALL, CONTENTS, invented
from store.exports import (
    MIME_TYPES,
    TITLES,
    USUAL,
    Options,
    export_bytes,
    export_name,
    formats_of,
)
from store.glossary import glossary
from store.packages import package, package_name
from store.places import ground_error
from store.subsidies import subsidies
from store.tables import selected
from ui import accounts, addresses, frame, lexicon, official, outlines, profile
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
_FORMATS = {
    "geojson": "GeoJSON (carte)",
    "gpkg": "GeoPackage (QGIS)",
    "parquet": "GeoParquet (calcul)",
    "fgb": "FlatGeobuf (carte)",
    "csv": "CSV (tableur)",
    "xlsx": "Excel (tableur)",
    "scdl": "SCDL subventions (publication)",
}
_SYSTEMS = {4326: "WGS 84, degrés (EPSG:4326)", 2154: "Lambert-93, mètres (EPSG:2154)"}
_DIALECTS = {"fr": "français (; et virgule)", "international": "international (, et point)"}


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw one of four views: sources, exports, territory, glossary."""
    found = {key: condition(dataset) for key, dataset in atlas.catalogue.items()}
    profile.lead(_summary(atlas, [state for state, _ in found.values()]))
    views = {
        "Sources": lambda: _sources(atlas, selection, found),
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


def _sources(atlas: Atlas, selection: Selection, found: dict[str, tuple[str, str]]) -> None:
    official.render(atlas)
    addresses.render(atlas, selection)
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
    st.markdown(frame.plain(_chosen(atlas, selection, rows)))
    what, file_format, options = _choices()
    name = export_name(atlas, selection, what, file_format)
    try:
        body = export_bytes(atlas, selection, what, file_format, options)
    except AtlasError as error:
        st.error(frame.plain(str(error)), icon=":material/error:")
    else:
        size = wording.plural(len(body), "octet")
        st.download_button(
            f"Télécharger : {TITLES[what]}, {_FORMATS[file_format]}",
            data=body,
            file_name=name,
            mime=MIME_TYPES[file_format],
            key="export_file",
            on_click="ignore",
            icon=":material/download:",
        )
        st.caption(frame.plain(f"{name} : {size}."))
    with st.expander("La même chose en ligne de commande"):
        line = command(atlas, selection, what, file_format, options)
        st.code(line, language=None, wrap_lines=True)
    _package(atlas, selection, options)
    st.html(accounts.identity(rows, f"Le total de la sélection, {selection.year}, au centime"))
    st.caption(frame.INDICATIVE)
    st.html(
        '<p class="sources">GeoJSON : RFC 7946, WGS 84. CSV : UTF-8, point-virgule, virgule '
        "décimale. Une cellule vide est une valeur absente ; les colonnes « _statut » disent si un "
        "chiffre est publié, secret, absent ou non comparable. Dans un CSV, un texte commençant "
        "par = + - ou @ est précédé d'une apostrophe, pour qu'un tableur ne l'exécute pas.</p>"
    )
    for line in _remarks(atlas, selection, what, file_format):
        st.caption(frame.plain(line))


def _remarks(atlas: Atlas, selection: Selection, what: str, file_format: str) -> list[str]:
    """Say what of a file is invented, what does not choose its rows, what it leaves out."""
    if what == "indicators":
        return [
            "Les indicateurs sont ceux des producteurs, toutes années : seul le choix des "
            "quartiers les restreint, et le programme n'y change rien."
        ]
    lines = []
    if words := invented(atlas, selection, what):
        flag = "montants_fictifs" if what == "quarters" else "donnees_fictives"
        column = "« objet »" if file_format == "scdl" else f"« {flag} »"
        lines.append(
            f"Programme fictif ; est inventé : {words}. Le nom du fichier (« _fictif ») et la "
            f"colonne {column} le disent."
        )
    with suppress(AtlasError):  # told in place of the button
        lines.append(subsidies(atlas, selection).remark if file_format == "scdl" else "")
    return [line for line in lines if line]


def _chosen(atlas: Atlas, selection: Selection, rows: pd.DataFrame) -> str:
    whole, located = grand_total(rows), by_target(rows)["granted_cents"]["quarter"]
    quarters = wording.plural(len(selection.quarters or atlas.quarters), "quartier")
    projects = wording.plural(int(whole["projects"]), "projet")
    return (
        f"Sélection de {selection.year} : {projects} ; "
        f"{wording.euros(whole['requested_cents'], 2)} demandés, "
        f"{wording.euros(whole['granted_cents'], 2)} accordés, dont "
        f"{wording.euros(located, 2)} attribués à {quarters}.{_part_only(selection)}"
    )


def _choices() -> tuple[str, str, Options]:
    what = st.selectbox(
        "Contenu", [*CONTENTS, ALL], format_func=TITLES.__getitem__, key="export_what"
    )
    file_format = st.selectbox(
        "Format", formats_of(what), format_func=_FORMATS.__getitem__, key="export_format"
    )
    systems = [4326] if file_format == "geojson" else list(_SYSTEMS)
    crs = st.selectbox(
        "Système de coordonnées", systems, format_func=_SYSTEMS.__getitem__, key="export_crs"
    )
    dialects = list(_DIALECTS)
    dialect = st.selectbox("CSV", dialects, format_func=_DIALECTS.__getitem__, key="export_csv")
    return what, file_format, Options(crs, dialect)


def _package(atlas: Atlas, selection: Selection, options: Options) -> None:
    st.subheader("Le paquet de l'analyste", anchor=False)
    st.markdown(
        "Tous les contenus, le dictionnaire des colonnes, le manifeste (sources, empreintes, "
        "totaux) et les licences, en une archive que « cli.py verify » refait à l'identique."
    )

    def made() -> bytes:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return package(atlas, selection, now, options)

    st.download_button(
        "Télécharger le paquet (zip)",
        data=made,
        file_name=package_name(atlas, selection),
        mime="application/zip",
        key="export_package",
        on_click="ignore",
        icon=":material/folder_zip:",
    )


def _part_only(selection: Selection) -> str:
    if not selection.quarters:
        return ""
    return " Les montants sont la part des quartiers choisis."


def command(
    atlas: Atlas, selection: Selection, what: str, file_format: str, options: Options
) -> str:
    """Return the command that writes the same file as the button."""
    filters = {
        "theme": selection.themes,
        "funder": selection.funders,
        "status": selection.statuses,
        "dispositif": selection.dispositifs,
        "quarter": selection.quarters,
    }
    words = [f"--{option} {code}" for option, codes in filters.items() for code in codes]
    parts = [
        f"python cli.py export --what {what} --format {file_format}",
        f"--territory {atlas.territory.code} --programme {selection.programme}",
        f"--year {selection.year}",
        *([f"--rule {rules_text(selection.rules)}"] if selection.what_if else []),
        *([f"--crs {options.crs}"] if options.crs != USUAL.crs else []),
        *([f"--csv {options.dialect}"] if options.dialect != USUAL.dialect else []),
        *words,
        f"--out {export_name(atlas, selection, what, file_format)}",
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
