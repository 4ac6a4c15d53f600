"""Carte: where the money goes."""

from dataclasses import replace
from datetime import date

import streamlit as st

from analysis import sentences, summaries
from analysis.material import MapMaterial
from analysis.programme import grand_total
from analysis.selection import Selection
from reports import legend, map_state, map_table
from reports.map_file import map_file, map_name
from store.atlas import Atlas
from store.material import gather_map
from store.measures import measure_labels
from ui import accounts, frame, layers, maps, navigation, panel, place, profile, state
from ui.filters import KEPT

_SWITCHES = {
    "projets": "Projets",
    "grappes": "Grappes",
    "bandes": "Bandes 300 / 500 m",
    "communes": "Communes",
}
_LIVED = {"vecus": "Lieux vécus"}  # offered where the territory declares some
_MOST_ROWS = 50
_COUNTED_ONCE = (
    '<p class="sources">Un projet qui sert plusieurs quartiers compte une fois dans chacun et une '
    "seule fois dans le total ; les euros, eux, s'additionnent au centime.</p>"
)


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw the map, the panel of the chosen quarter and the same content as a table."""
    head = st.container()
    with st.container(key="carte_rang"):
        code, shown = _controls(atlas)
        place.controls(atlas)
        material = gather_map(atlas, selection, code)
        chosen = material.measure
        left, right = st.columns([2, 1], gap="medium")
    with head:
        profile.lead(summary(material))
    with left:
        _map(atlas, material, shown)
    with right:
        panel.render(atlas, selection)
    keys = (atlas.dataset("quarters").key, *chosen.datasets)
    measured = f"Indicateur : {chosen.perimeter}." if chosen.perimeter else ""
    frame.sources(atlas, keys, measured, frame.INDICATIVE)


def summary(material: MapMaterial) -> str:
    """Say where the credits go, then between which quarters the measure of the map ranges."""
    selection, chosen = material.selection, material.measure
    whole = grand_total(material.rows)
    first = sentences.headline(selection.year, whole, material.table, selection.quarters)
    subject = f"« {chosen.label} »{f' ({chosen.vintage})' if chosen.vintage else ''}"
    return f"{first} {summaries.spread(subject, chosen.figures, material.labels)}"


def _controls(atlas: Atlas) -> tuple[str, map_state.Layers]:
    names = measure_labels(atlas)
    left, right = st.columns([1, 1], gap="medium", vertical_alignment="bottom")
    code = left.selectbox(
        "Couleur des quartiers",
        list(names),
        format_func=names.__getitem__,
        key=state.key("measure"),
        persist_state=KEPT,
    )
    switches = _SWITCHES | (_LIVED if len(atlas.lived) else {})
    on = right.pills(
        "Couches",
        list(switches),
        format_func=switches.__getitem__,
        selection_mode="multi",
        default=[name for name in switches if name != "bandes"],
        key="map_layers",
        persist_state=KEPT,
    )
    return code, map_state.Layers(
        projects="projets" in on,
        clusters="grappes" in on,
        bands="bandes" in on,
        communes="communes" in on,
        lived="vecus" in on,
    )


def _map(atlas: Atlas, material: MapMaterial, shown: map_state.Layers) -> None:
    selection = material.selection
    map_base = layers.base(atlas, atlas.fingerprint)
    drawn = layers.points(atlas, atlas.edition, selection.programme)
    look = map_state.state(material, map_base.quarter_codes, drawn, shown)
    point, near = place.marked()
    maps.draw(
        map_base,
        replace(look, point=point, near=near, asking=place.asking()),
        drawn.layer,
        on_click=_chosen,
        on_point=place.pointed,
        on_project=panel.open_project,
    )
    if selection.quarters:
        _only_chosen(len(selection.quarters), shown.projects)
    _under(material, shown, drawn)
    _file(material, shown)
    navigation.link("projets", "Voir la liste des projets", state.query(selection))


def _file(material: MapMaterial, shown: map_state.Layers) -> None:
    st.download_button(
        "Carte seule (HTML)",
        data=lambda: map_file(material, date.today(), shown),
        file_name=map_name(material.territory, material.selection),
        mime="text/html",
        key="carte_fichier",
        on_click="ignore",
        type="tertiary",
    )


def _under(material: MapMaterial, shown: map_state.Layers, drawn: map_state.Points) -> None:
    """Draw the legend and the table in parts: what a change leaves as it was is not sent again."""
    chosen = material.measure
    st.html(legend.quarters_legend(chosen, map_state.classes_of(chosen)))
    if shown.projects and drawn.layer.count:
        st.html(legend.projects_legend(material.territory, drawn, shown.clusters))
    st.html(
        map_table.not_drawn(material.rows, drawn) + map_table.quarters_table(material, _MOST_ROWS)
    )
    st.html(_account(material))


def _chosen(code: str) -> None:
    panel.close_project()
    state.choose_quarters([code])


def _only_chosen(count: int, circles: bool) -> None:
    which = "ce quartier" if count == 1 else "ces quartiers"
    if circles:
        st.caption(f"Les cercles montrent les seuls projets qui servent {which}.")
    st.button("Voir tous les quartiers", on_click=state.choose_quarters, args=([],))


def _account(material: MapMaterial) -> str:
    return (
        _COUNTED_ONCE
        + "<details><summary>Le total, au centime</summary>"
        + accounts.identity(
            material.every, f"Programmation {material.selection.year}, tous quartiers"
        )
        + "</details>"
    )
