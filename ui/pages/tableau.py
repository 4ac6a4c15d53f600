"""Dashboard: what to remember of a year, in one sentence, four figures and five blocks."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd
import streamlit as st

from analysis import sentences, summaries, wording
from analysis.allocation import TARGETS
from analysis.duplicates import sentence as duplicates_sentence
from analysis.programme import NO_THEME, by_target, change, grand_total, totals
from analysis.selection import Selection
from analysis.vocabulary import TARGET_WORDS, labels, sharing
from store.atlas import Atlas
from store.tables import duplicates_of, quarter_table, selected, year_before
from ui import accounts, charts, frame, navigation, pictures, printing, profile, state
from ui.accounts import cents_or_zero, share_of


@dataclass(frozen=True)
class _View:
    """What the blocks share: the selection, its rows, those of the year before, the quarters."""

    atlas: Atlas
    selection: Selection
    rows: pd.DataFrame
    before: pd.DataFrame | None
    quarters: pd.DataFrame

    @property
    def whole(self) -> pd.Series:
        """Return the grand total of the selection."""
        return grand_total(self.rows)

    @property
    def shown(self) -> pd.DataFrame:
        """Return the chosen quarters, or all of them when none is chosen."""
        return self.quarters.loc[list(self.selection.quarters) or self.quarters.index]

    def words(self, column: str) -> dict[str, str]:
        """Return the names of the codes of a column of the ledger."""
        if column == "qpv_code":
            return self.atlas.quarter_labels
        return labels(self.atlas.territory, column)


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw the dashboard of a selection."""
    rows = selected(atlas, selection)
    if rows.empty:
        frame.empty()
        return
    quarters = quarter_table(atlas, selection)
    view = _View(atlas, selection, rows, year_before(atlas, selection), quarters)
    headline = sentences.headline(selection.year, view.whole, quarters, selection.quarters)
    st.subheader(frame.plain(headline), anchor=False)
    then = None if view.before is None else grand_total(view.before)
    supported = _supported_count(rows)
    profile.lead(summaries.year_total(selection.year, supported, view.whole, then))
    printing.button(atlas, selection, selection.quarters[: state.MOST_QUARTERS])
    _figures(view)
    _quarters(view)
    _themes(view)
    _funders(view)
    _change(view)
    _located(view)
    _sources(view)


# The four figures


def _figures(view: _View) -> None:
    with st.container(horizontal=True):
        _granted(view)
        _supported(view)
        _per_inhabitant(view)
        _reach(view)


def _figure(label: str, value: str, meaning: str, *, delta: str = "", exact: str = "") -> None:
    with st.container(border=True, width=220, height="stretch"):
        # Neither green nor red: more credits is a fact, not a merit.
        st.metric(
            label,
            value,
            delta or None,
            delta_color="off",
            delta_arrow="off",
            help=exact or None,
        )
        st.caption(frame.plain(meaning))


def _granted(view: _View) -> None:
    cents, year = view.whole["granted_cents"], view.selection.year
    meaning = f"Ce que les financeurs ont accordé aux projets de {year}"
    delta = ""
    if view.before is None:
        meaning += f" ; pas d'année {year - 1} dans ce programme"
    elif pd.notna(cents):
        then = grand_total(view.before)["granted_cents"]
        delta = f"{sentences.signed_euros(cents - then)} sur un an" if pd.notna(then) else ""
        if pd.notna(then) and then:
            moved = wording.signed(100 * (int(cents) - then) / then, 1)
            meaning += f" : {moved}{wording.NARROW}% sur un an"
    exact = f"Montant exact : {wording.euros(cents, 2)}"
    _figure("Crédits accordés", wording.short_euros(cents), f"{meaning}.", delta=delta, exact=exact)


def _supported(view: _View) -> None:
    now = _supported_count(view.rows)
    delta = ""
    if view.before is not None:
        then = _supported_count(view.before)
        delta = f"{wording.signed(now - then)} sur un an"
    asked = wording.plural(int(view.whole["projects"]), "projet")
    meaning = f"Sur {asked} de la sélection, ceux qui ont au moins un financement accordé."
    _figure("Projets soutenus", wording.number(now), meaning, delta=delta)


def _supported_count(rows: pd.DataFrame) -> int:
    return int(rows.loc[rows["status"] == "granted", "project_id"].nunique())


def _per_inhabitant(view: _View) -> None:
    vintage, _ = view.atlas.population
    known = view.shown[view.shown["population"].fillna(0) > 0]
    people, cents = int(known["population"].sum()), int(known["granted_cents"].sum())
    if people and view.shown["granted_per_inhabitant"].isna().all() and not cents:
        # Nothing says whom the credits serve: zero euros an inhabitant would be a false zero.
        text = "Aucun crédit n'est rattaché à un quartier : le montant par habitant est inconnu."
        _figure("Accordé par habitant des QPV", wording.MISSING, text)
        return
    value = wording.euros(round(cents / people)) if people else wording.MISSING
    when = f"{vintage.label}, périmètre {vintage.generation}" if vintage else "année inconnue"
    quarters = wording.plural(len(known), "quartier")
    meaning = (
        f"{wording.euros(cents)} accordés à {quarters} pour {wording.number(people)} habitants "
        f"({when})."
    )
    missing = len(view.shown) - len(known)
    if missing:
        meaning += f" {wording.plural(missing, 'quartier')} sans population connue."
    _figure("Accordé par habitant des QPV", value, meaning)


def _reach(view: _View) -> None:
    part, chosen = view.whole["granted_cents"], view.selection.quarters
    if chosen:
        whole = grand_total(selected(view.atlas, view.selection, quarters=False))["granted_cents"]
        label, rest = "Part des quartiers choisis", ""
    else:
        buckets, whole = by_target(view.rows)["granted_cents"], part
        part, lost = buckets["quarter"], wording.short_euros(buckets["unallocated"])
        label, rest = "Part des quartiers identifiés", f" ; {lost} ne sont affectés à aucun lieu"
    text = (
        f"{wording.short_euros(part)} sur {wording.short_euros(whole)} de crédits accordés{rest}."
    )
    _figure(label, share_of(part, cents_or_zero(whole)), text)


# The blocks: a sentence, a chart, its table


def _block(title: str, sentence: str) -> None:
    st.subheader(title, anchor=False, divider="gray")
    st.markdown(frame.plain(sentence))


def _table(
    view: _View, html: str, chart: alt.LayerChart, rows: pd.DataFrame, name: str, title: str
) -> None:
    """Draw what stands under a chart: its table, and both as files."""
    with st.expander("Voir le tableau", icon=":material/table:"):
        st.html(html)
        pictures.of_money(view.atlas, view.selection, chart, rows, name, title)


def _choice(name: str, words: dict[str, str]) -> str:
    """Draw a switch between two ways to see a block; return the word chosen."""
    return st.segmented_control(
        "Détail",
        list(words),
        format_func=words.__getitem__,
        default=next(iter(words)),
        required=True,
        key=f"tableau_{name}",
        label_visibility="collapsed",
    )


def _bars(frame_: pd.DataFrame, texts: Sequence[str]) -> pd.DataFrame:
    return frame_.assign(value=frame_["granted_cents"].astype("Float64") / 100, text=texts)


def _quarters(view: _View) -> None:
    table = view.shown.sort_values("granted_cents", ascending=False, kind="stable")
    cents, words = table["granted_cents"], view.atlas.quarter_labels
    if not cents.sum():
        _block("Par quartier", "Aucun crédit accordé n'est rattaché aux quartiers montrés.")
        return
    what = "crédits accordés aux quartiers montrés"
    first = sentences.leading(cents, words, "Montant le plus élevé", what)
    _block("Par quartier", f"{first} {sentences.without(cents, words)}")
    pairs = zip(cents, table["projects"], strict=True)
    texts = [f"{wording.euros(own)} · {wording.plural(count, 'projet')}" for own, count in pairs]
    chart = charts.bars(_bars(table, texts))
    told = "Crédits accordés et nombre de projets par quartier"
    charts.show(chart, told, table=accounts.caption(view.selection.year, "quartier"))
    served = view.rows["qpv_code"].isin(table.index)
    distinct = view.rows.loc[served, "project_id"].nunique()
    html = accounts.quarters_table(table, distinct, view.selection.year)
    _table(view, html, chart, table, "quartiers", "Crédits accordés par quartier")
    st.caption("Un projet qui sert plusieurs quartiers compte dans chacun.")


def _themes(view: _View) -> None:
    families = _by_code(view, "group")
    cents, words = families["granted_cents"], view.words("group")
    if set(families.index) == {NO_THEME}:
        _block("Par thème", "Le thème des projets n'est pas précisé.")
        return
    _block(
        "Par thème",
        sentences.leading(cents, words, "Première famille de thèmes", "crédits accordés"),
    )
    level = _choice("theme", {"group": "Familles de thèmes", "theme": "Thèmes"})
    table = families if level == "group" else _by_code(view, "theme")
    painted = table.assign(colour=[_colour(view, level, code) for code in table.index])
    chart = charts.bars(_bars(painted, _with_share(table["granted_cents"])))
    caption = accounts.caption(view.selection.year, "thème")
    charts.show(chart, "Crédits accordés par thème", table=caption)
    themes, year = _by_code(view, "theme"), view.selection.year
    html = accounts.themes_table(families, themes, _groups(view), view.whole, year)
    _table(view, html, chart, table, "themes", "Crédits accordés par thème")


def _by_code(view: _View, column: str) -> pd.DataFrame:
    """Return the totals by a column, largest first, zero for a code nothing was granted to.

    Codes without any line are there too, unless themes are chosen, or some project has no theme:
    then a zero might be false.
    """
    found = totals(view.rows, column)
    words = view.words(column)
    complete = view.selection.themes or NO_THEME in found.index
    silent = [] if complete else [code for code in words if code not in {*found.index, NO_THEME}]
    table = found.reindex([*found.index, *silent], fill_value=0)
    table["label"] = [words.get(code, code) for code in table.index]
    return table.sort_values("granted_cents", ascending=False, kind="stable")


def _groups(view: _View) -> dict[str, str]:
    return {theme.code: theme.group for theme in view.atlas.territory.nomenclature.themes}


def _colour(view: _View, level: str, code: str) -> str:
    family = code if level == "group" else _groups(view).get(code, NO_THEME)
    return charts.group_colours(view.atlas.territory)[family]


def _with_share(cents: pd.Series) -> list[str]:
    """Write each amount with its share of their sum, as a bar's text."""
    whole = int(cents.sum())
    return [f"{wording.euros(own)} · {share_of(own, whole)}" for own in cents]


def _funders(view: _View) -> None:
    table = totals(view.rows, "funder").sort_values("granted_cents", ascending=False, kind="stable")
    words = view.words("funder")
    table["label"] = [words.get(code, code) for code in table.index]
    pending = view.rows.loc[view.rows["status"] == "pending", "requested_cents"].sum()
    asked = sentences.requested_and_granted(view.selection.year, view.whole, int(pending))
    cents = table["granted_cents"]
    first = sentences.leading(cents, words, "Premier financeur", "crédits accordés")
    _block("Par financeur", f"{asked} {first}")
    if table["requested_cents"].isna().all():
        texts = [wording.euros(cents) for cents in table["granted_cents"]]
        chart = charts.bars(_bars(table, texts))
    else:
        chart = charts.paired_bars(*_pairs(table))
    caption = accounts.caption(view.selection.year, "financeur")
    charts.show(chart, "Montants par financeur", table=caption)
    html = accounts.funders_table(table, view.whole, view.selection.year)
    _table(view, html, chart, table, "financeurs", "Montants par financeur")


def _pairs(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    series = {"Demandé": "requested_cents", "Accordé": "granted_cents"}
    parts = [
        pd.DataFrame(
            {
                "label": table["label"],
                "series": name,
                "value": table[column].astype("Float64") / 100,
                "text": [wording.euros(cents) for cents in table[column]],
            }
        )
        for name, column in series.items()
    ]
    return pd.concat(parts), {"Demandé": charts.PALE, "Accordé": charts.ACCENT}


def _change(view: _View) -> None:
    year = view.selection.year
    title = f"Évolution depuis {year - 1}"
    if view.before is None:
        _block(title, f"Ce programme n'a pas d'année {year - 1} : pas d'évolution à montrer.")
        return
    place = st.container()
    column = _choice("change", {"group": "Par famille de thèmes", "qpv_code": "Par quartier"})
    changed, words = _changed(view, column), view.words(column)
    what = "crédits accordés" if column == "group" else "crédits accordés aux quartiers montrés"
    with place:
        _block(title, sentences.evolution(year, changed, words, what))
    changed["label"] = [words.get(code, code) for code in changed.index]
    drawn = changed.dropna(subset=["difference"])
    html = accounts.change_table(changed, year)
    if drawn.empty:
        with st.expander("Voir le tableau", icon=":material/table:"):
            st.html(html)
        return
    drawn = drawn.assign(
        value=drawn["difference"].astype("Float64") / 100,
        text=drawn["difference"].map(sentences.signed_euros),
    )
    chart, title = charts.change_bars(drawn), f"Crédits accordés, écart entre {year - 1} et {year}"
    charts.show(chart, title, table=accounts.CHANGE)
    _table(view, html, chart, changed, "evolution", title)


def _changed(view: _View, column: str) -> pd.DataFrame:
    """Return the change by a column, largest rise first; every quarter shown has its row."""
    now, before = view.rows, view.before
    if column == "qpv_code":
        now, before = now.dropna(subset=[column]), before.dropna(subset=[column])  # type: ignore[union-attr]
    changed = change(now, before, column)  # type: ignore[arg-type]
    if column == "qpv_code":
        changed = changed.reindex(view.shown.index, fill_value=0)
    return changed.sort_values("difference", ascending=False, kind="stable")


def _located(view: _View) -> None:
    buckets = by_target(view.rows)
    _block("Ce qui va à un quartier, et le reste", sentences.identity(buckets))
    texts = _with_share(buckets["granted_cents"])
    drawn = _bars(buckets.assign(label=[TARGET_WORDS[target] for target in TARGETS]), texts)
    chart, title = charts.bars(drawn), "Crédits accordés selon ce qu'ils servent"
    charts.show(chart, title, table=accounts.EXACT)
    st.html(accounts.identity_table(buckets, view.whole))
    pictures.of_money(view.atlas, view.selection, chart, drawn, "destinations", title)
    with st.expander("Pourquoi : ce que disent les dossiers", icon=":material/help:"):
        found = totals(view.rows, ["target", "situation"])
        st.html(accounts.reasons_table(found, view.whole))
    pairs = duplicates_of(view.atlas, view.rows)
    if len(pairs):
        granted = totals(view.rows, "project_id")["granted_cents"]
        st.caption(frame.plain(f"Doublons possibles : {duplicates_sentence(pairs, granted)}"))
    if view.selection.quarters:
        st.caption("Des quartiers sont choisis : seuls les montants qui leur vont sont montrés.")
    navigation.link("projets", "Voir la liste des projets", state.query(view.selection))


def _sources(view: _View) -> None:
    atlas = view.atlas
    programme = atlas.territory.programme(view.selection.programme)
    vintage, _ = atlas.population
    shown = atlas.territory.generation
    keys = [*programme.datasets.values(), *([vintage.dataset] if vintage else [])]
    population = (
        f"Population : {vintage.label}. {frame.perimeter_remark(vintage, shown)}" if vintage else ""
    )
    frame.sources(
        atlas,
        keys,
        population,
        f"Un financement qui sert plusieurs quartiers : {sharing(view.selection.rules)}.",
        "Montants affichés à l'euro près ; les totaux sont faits sur les centimes.",
    )
