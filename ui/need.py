"""Need against effort on the screen: the plot, its table, the curve and the steps of the need."""

from collections.abc import Callable
from dataclasses import dataclass

import altair as alt
import pandas as pd
import streamlit as st

from analysis import findings, wording
from analysis.equity import BASES, Equity
from analysis.indicators import Vintage
from analysis.need import METHODS, Measured, Need
from analysis.selection import Selection
from analysis.vocabulary import file_stem
from store.atlas import Atlas
from store.equity import Choice, export_equity
from ui import charts, frame, pictures, plots, profile
from ui.tables import html_table


@dataclass(frozen=True)
class View:
    """What the blocks share."""

    atlas: Atlas
    selection: Selection
    choice: Choice
    equity: Equity

    @property
    def year(self) -> int:
        """Return the year of the programme."""
        return self.selection.year

    @property
    def measured(self) -> tuple[Measured, ...]:
        """Return the indicators of the need."""
        return self.equity.need.measured

    @property
    def vintages(self) -> list[Vintage]:
        """Return when and where the indicators of the need were measured."""
        return [one.vintage for one in self.measured if one.vintage]

    def name(self, code: object) -> str:
        """Return the label of a quarter."""
        return self.atlas.quarter_labels[str(code)]

    @property
    def person(self) -> str:
        """Return whom the euros are counted for, in the singular."""
        return BASES[self.equity.basis]

    @property
    def people(self) -> str:
        """Return whom the euros are counted for, in the plural."""
        return findings.people(self.equity.basis)


def against(view: View) -> None:
    """Draw need against effort, then the ordered table and the quarters left out."""
    st.subheader("Le besoin face aux moyens", anchor=False, divider="gray")
    found, table = view.equity, view.equity.table
    title, values, write = _need_axis(found.need)
    values = values.reindex(table.index)
    cents = table["per_inhabitant" if found.basis == "population" else "per_poor"]
    mean = float(table["granted_cents"].sum() / table[found.basis].sum())
    words = f"ensemble : {findings.per_person(mean)} par {view.person}"
    chart = plots.scatter(
        _points(view, values, cents, write),
        (title, write),
        (f"Accordé par {view.person} (€)", wording.number),
        (float(values.median()), mean / 100, words),
    )
    charts.show(
        chart,
        "Chaque disque est un quartier, numéroté comme dans le tableau : besoin vers la droite, "
        "euros par personne vers le haut.",
        table=f"Besoin et moyens, {view.year}",
    )
    st.caption(
        "Chaque disque est un quartier, numéroté comme dans le tableau ; en foncé, ceux dont le "
        "besoin dépasse la médiane. Pointillés : besoin médian et montant de l'ensemble."
    )
    _downloads(view, chart, "besoins_moyens", f"Besoin et moyens des quartiers, {view.year}")
    st.html(profile.wide(_table(view, [write(value) for value in values])))
    if len(found.left_out):
        lines = [(view.name(code), str(reason)) for code, reason in found.left_out.items()]
        st.html(html_table("Quartiers non comparés", ("Quartier", "Raison"), lines))


def _downloads(view: View, chart: alt.LayerChart, name: str, title: str) -> None:
    atlas, selection = view.atlas, view.selection
    programme = atlas.territory.programme(selection.programme)
    used = [one for one in (atlas.population[0], *view.vintages) if one]
    keys = dict.fromkeys([*programme.datasets.values(), *(one.dataset for one in used)])
    invented = ["Données fictives : porteurs, projets et montants sont inventés."]
    dated = [
        f"{one.indicator.label} : {one.vintage.label}, périmètre {one.vintage.generation}"
        for one in view.measured
        if one.vintage
    ]
    pictures.downloads(
        chart,
        lambda: export_equity(atlas, selection, view.choice),
        name=file_stem(atlas.territory, selection, name),
        title=title,
        notes=[
            *(invented if programme.fictitious else []),
            findings.summary(view.year, view.equity)[0],
            f"{' ; '.join(dated)}.",
            f"Source : {' ; '.join(atlas.catalogue[key].credit for key in keys)}",
        ],
    )


def _points(
    view: View, values: pd.Series, cents: pd.Series, write: Callable[[float], str]
) -> pd.DataFrame:
    labels = [view.name(code) for code in cents.index]
    named: set[object] = set(view.selection.quarters) or {cents.idxmax(), cents.index[0]}
    return pd.DataFrame(
        {
            "number": [str(k) for k in range(1, len(labels) + 1)],
            "label": labels,
            "name": [wording.shortened(label, 34) for label in labels],
            "x": values.to_numpy(),
            "y": cents.to_numpy() / 100,
            "x_text": [write(value) for value in values],
            "y_text": [findings.per_person(value) for value in cents],
            "high": cents.index.isin(list(view.equity.high)),
            # The chosen quarters, else the two that stand out.
            "chosen": [code in named for code in cents.index],
            "side": [_side(value, values) for value in values],
        }
    )


def _side(value: float, values: pd.Series) -> str:
    """Say how a name is aligned on its disc, so that it stays within the plot."""
    place = (value - values.min()) / ((values.max() - values.min()) or 1)
    return "left" if place < 0.2 else "right" if place > 0.8 else "center"


def _need_axis(need: Need) -> tuple[str, pd.Series, Callable[[float], str]]:
    """Return title, values and writing of the need: the figure itself when it is alone."""
    if need.alone is None:
        return "Indice composé de besoin", need.score, lambda value: wording.signed(value, 2)
    indicator = need.alone.indicator
    # The ticks carry the signs % and €.
    said = not indicator.unit or indicator.unit.startswith(("%", "€"))
    unit = "" if said else f" ({indicator.unit})"
    less = " ; faible = besoin fort" if indicator.direction == "less" else ""
    values = need.steps.set_index("qpv_code")["value"]
    return f"{indicator.label}{unit}{less}", values, need.alone.writing


def _table(view: View, needs: list[str]) -> str:
    table = view.equity.table
    lines = [
        (
            f"{number}. {view.name(code)}",
            written,
            *_amounts(row),
            *(wording.percent(row[f"share_{part}"]) for part in ("population", "poor", "cents")),
            wording.signed(row["gap"], 1),
        )
        for number, (written, (code, row)) in enumerate(
            zip(needs, table.iterrows(), strict=True), start=1
        )
    ]
    # A missing part leaves the whole missing.
    sums = table[["population", "poor", "granted_cents"]].astype("float64").sum(skipna=False)
    sums["per_inhabitant"] = sums["granted_cents"] / sums["population"]
    sums["per_poor"] = sums["granted_cents"] / sums["poor"]
    total = ("Quartiers comparés", "", *_amounts(sums), "", "", "", "")
    headers = (
        "Quartier, du besoin le plus fort au plus faible",
        *("Besoin", "Habitants", "Habitants pauvres", "Accordé"),
        *("Par habitant", "Par habitant pauvre"),
        *("Part des habitants", "Part des pauvres", "Part des crédits"),
        f"Écart en points (crédits − {view.people})",
    )
    caption = f"Besoin et moyens, {view.selection.year}"
    return html_table(caption, headers, lines, totals=[total])


def _amounts(row: pd.Series) -> tuple[str, ...]:
    return (
        wording.number(row["population"]),
        wording.number(row["poor"]),
        wording.euros(row["granted_cents"]),
        findings.per_person(row["per_inhabitant"]),
        findings.per_person(row["per_poor"]),
    )


def concentration(view: View) -> None:
    """Draw the curve of cumulated shares, with its index and the unevenness in words."""
    st.subheader("Qui reçoit, du besoin le plus fort au plus faible", anchor=False, divider="gray")
    found, people = view.equity, view.people
    st.markdown(frame.plain(f"{findings.concentration(found)} {findings.unevenness(found)}"))
    if found.curve is None:
        return
    shares = [
        (wording.percent(100 * x), wording.percent(100 * y))
        for x, y in zip(*found.curve, strict=True)
    ]
    texts = [f"{x} des {people}, {y} des crédits" for x, y in shares]
    steps = pd.DataFrame({"x": found.curve.x, "y": found.curve.y, "text": texts})
    chart = plots.cumulated(steps, f"Part cumulée des {people}", "Part cumulée des crédits")
    charts.show(
        chart,
        "Courbe de concentration : au-dessus de la diagonale, les quartiers au besoin le plus fort "
        "reçoivent plus que leur part.",
        table="Courbe de concentration",
    )
    _downloads(view, chart, "besoins_concentration", f"Courbe de concentration, {view.year}")
    with st.expander("Voir le tableau", icon=":material/table:"):
        lines = [(str(step), *pair) for step, pair in enumerate(shares[1:], start=1)]
        headers = ("Étape (besoins égaux ensemble)", f"Part cumulée des {people}", "des crédits")
        st.html(html_table("Courbe de concentration", headers, lines))


def steps(view: View) -> None:
    """Show how the need was measured: every value, scale, weight and contribution."""
    need = view.equity.need
    st.subheader("Comment le besoin est mesuré", anchor=False, divider="gray")
    st.markdown(frame.plain(_method(need)))
    with st.expander("Voir chaque étape du calcul", icon=":material/calculate:"):
        for one in need.measured:
            st.html(profile.wide(_step_table(view, one)))
        if not need.alone:
            ordered = need.score.sort_values(ascending=False, kind="stable")
            lines = [(view.name(code), wording.signed(score, 2)) for code, score in ordered.items()]
            headers = ("Quartier", "Indice = somme des contributions")
            st.html(html_table("Indice composé", headers, lines))


def _method(need: Need) -> str:
    if need.alone:
        indicator = need.alone.indicator
        label = f"{indicator.label[0].lower()}{indicator.label[1:]}"
        return (
            f"Le besoin est ici un seul chiffre publié, pris tel quel : {label}. "
            f"{indicator.definition}"
        )
    return (
        f"Le besoin est un indice composé ({METHODS[need.method]}). Chaque chiffre est mis à la "
        "même échelle sur les quartiers dont tous les chiffres sont publiés, tourné pour que "
        "« plus » veuille dire « besoin plus fort », multiplié par son poids ; l'indice est la "
        "somme. Un autre choix de poids donne un autre classement."
    )


def _step_table(view: View, one: Measured) -> str:
    own = view.equity.need.steps
    own = own[own["indicator"] == one.indicator.code].set_index("qpv_code")
    own = own.reindex(one.figures.index)
    lines = []
    for (code, row), (_, step) in zip(one.figures.iterrows(), own.iterrows(), strict=True):
        if pd.isna(step["weight"]):
            value = one.indicator.text(row["value"], row["status"])
            lines.append((view.name(code), value, "non comparé", "", ""))
        else:
            scaled, part = (wording.signed(step[k], 2) for k in ("standardised", "contribution"))
            weight = wording.percent(100 * step["weight"], 0)
            lines.append((view.name(code), one.writing(row["value"]), scaled, weight, part))
    when = f"{one.vintage.label}, périmètre {one.vintage.generation}" if one.vintage else "n.d."
    headers = ("Quartier", "Valeur publiée", "À la même échelle", "Poids", "Contribution")
    return html_table(f"{one.indicator.label} ({when})", headers, lines)
