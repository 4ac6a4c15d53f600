"""Need and effort: whether the money goes where the need is, and what that does not say."""

from html import escape

import streamlit as st

from analysis import findings, wording
from analysis.need import DEFAULT
from analysis.selection import Selection
from analysis.vocabulary import sharing
from store.atlas import Atlas
from store.equity import equity, measured
from store.tables import selected
from ui import accounts, effort, frame, measuring, need, profile
from ui.need import View

_METHODS = (
    "Écart : intervalle par rééchantillonnage des quartiers dans chaque groupe (9 999 tirages, "
    "graine fixe, centiles 2,5 et 97,5), les quartiers au-dessus du besoin médian contre les "
    "autres. Il dit si l'écart tient à quelques quartiers ; ce n'est pas une marge de sondage.",
    "Gini, indice de concentration (Kakwani, Wagstaff et van Doorslaer 1997) et indice T de Theil "
    "(1967) sont pondérés par les personnes.",
)


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw need against effort for a selection."""
    rows = selected(atlas, selection, quarters=False)
    if rows.empty:
        frame.empty()
        return
    opening = st.container()
    choice = measuring.choose(atlas)
    view = View(atlas, selection, choice, equity(atlas, selection, choice))
    with opening:
        _opening(view)
    if view.equity.curve is not None:
        need.against(view)
        need.concentration(view)
    need.steps(view)
    effort.render(atlas, selection)
    _limits()
    st.subheader("Ce qui n'est pas à un quartier", anchor=False, divider="gray")
    st.html(profile.wide(accounts.identity(rows, f"Programmation {selection.year}")))
    _sources(view)


def _opening(view: View) -> None:
    first, second = findings.summary(view.selection.year, view.equity)
    st.subheader(frame.plain(first), anchor=False)
    st.html(f'<p class="lead">{escape(second)}</p>')
    found, spread = view.equity, view.equity.unevenness
    if not found.high:
        return
    strong, weak = len(found.high), len(found.low)
    person = f"Accordé par {view.person}"
    st.html(
        profile.cards(
            [
                (
                    f"{person}, besoin fort",
                    findings.per_person(found.per_person(found.high)),
                    [f"{wording.plural(strong, 'quartier')} au-dessus du besoin médian"],
                ),
                (
                    f"{person}, autres",
                    findings.per_person(found.per_person(found.low)),
                    [f"{wording.plural(weak, 'quartier')} : besoin médian ou plus faible"],
                ),
                (
                    "Écart",
                    findings.difference(found),
                    [
                        f"{findings.verdict(found.disparity).capitalize()}",
                        f"Intervalle {findings.bounds(found.disparity)}",
                    ],
                ),
                (
                    "Indice de Gini",
                    wording.number(spread.gini if spread else None, 2),
                    [f"Tous quartiers ; 0 : même montant par {view.person} partout"],
                ),
            ]
        )
    )


def _limits() -> None:
    title = "Ce que ces chiffres permettent de dire, et ne permettent pas"
    st.subheader(title, anchor=False, divider="gray")
    with st.container(key="pair_limits"):
        for name, lines in (
            ("Ils permettent de dire", findings.CAN_SAY),
            ("Ils ne permettent pas de dire", findings.CANNOT_SAY),
        ):
            with st.container():
                st.markdown(f"**{name}**")
                st.markdown("\n".join(f"- {frame.plain(line)}" for line in lines))


def _sources(view: View) -> None:
    atlas, shown = view.atlas, view.atlas.territory.generation
    programme = atlas.territory.programme(view.selection.programme)
    counted, poverty = atlas.population[0], measured(atlas, DEFAULT).vintage
    needs = [one for one in view.equity.need.measured if one.vintage]
    used = [one for one in (counted, poverty, *(one.vintage for one in needs)) if one]
    people = f"Population : {counted.label}. " if counted else ""
    poor = "Habitants pauvres : n.d., population et pauvreté ne sont pas du même périmètre."
    if counted and poverty and counted.generation == poverty.generation:
        poor = (
            "Habitants pauvres = population × taux de pauvreté, un ordre de grandeur : "
            f"{counted.label} pour l'une, {poverty.label} pour l'autre, sur le même périmètre."
        )
    frame.sources(
        atlas,
        [*programme.datasets.values(), *(one.dataset for one in used)],
        f"{people}{frame.perimeter_remark(counted, shown)}",
        poor,
        *(
            f"Besoin : {one.indicator.short.lower()}, {one.vintage.label}. "
            f"{frame.perimeter_remark(one.vintage, shown)}"
            for one in needs
            if one.vintage
        ),
        *_METHODS,
        f"Un financement qui sert plusieurs quartiers : {sharing(view.selection.rules)}.",
    )
