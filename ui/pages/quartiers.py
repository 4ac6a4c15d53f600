"""Quartiers: one quarter in full, two to four side by side, or the directory of all."""

import unicodedata
from dataclasses import replace

import pandas as pd
import streamlit as st

from analysis import summaries, wording
from analysis.profile import LEVELS, Reading
from analysis.programme import by_quarter, totals
from analysis.selection import Selection
from analysis.sentences import signed_euros
from analysis.vocabulary import labels
from store.atlas import Atlas
from store.tables import quarter_table, selected, year_before
from ui import accounts, frame, printing, profile, state, support
from ui.tables import html_table
from ui.themes import by_theme


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw the chosen quarter, the chosen quarters side by side, or the directory."""
    shown = replace(selection, quarters=selection.quarters[: state.MOST_QUARTERS])
    codes = list(shown.quarters)
    if not codes:
        _directory(atlas, selection)
        return
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.button(
            "Tous les quartiers",
            icon=":material/arrow_back:",
            type="tertiary",
            on_click=state.choose_quarters,
            args=([],),
        )
        printing.button(atlas, selection, codes)
    if len(selection.quarters) > len(codes):
        st.info(
            f"{len(selection.quarters)} quartiers sont choisis : la comparaison montre les "
            f"{len(codes)} premiers.",
            icon=":material/info:",
        )
    if len(codes) == 1:
        _one(atlas, shown)
    else:
        _side_by_side(atlas, shown, codes)
    _identity(atlas, selection)
    _sources(atlas, selection)


def _sources(atlas: Atlas, selection: Selection) -> None:
    programme = atlas.territory.programme(selection.programme)
    keys = [*profile.dataset_keys(atlas), *programme.datasets.values()]
    frame.sources(atlas, keys, *profile.perimeter_remarks(atlas), frame.INDICATIVE)


def _identity(atlas: Atlas, selection: Selection) -> None:
    rows = selected(atlas, selection, quarters=False)
    if rows.empty:
        return
    with st.expander("D'où viennent ces montants : le total, au centime", icon=":material/table:"):
        st.html(accounts.identity(rows, f"Programmation {selection.year}, tous quartiers"))


def _one(atlas: Atlas, selection: Selection) -> None:
    code = selection.quarters[0]
    profile.heading(atlas, code)
    profile.lead(f"{profile.sentence(atlas, code)} {support.sentence(atlas, selection)}")
    st.html(profile.key_figures(atlas, code))
    profile.trends(atlas, code)
    support.render(atlas, selection)
    profile.indicator_table(atlas, code)


def _directory(atlas: Atlas, selection: Selection) -> None:
    table = quarter_table(atlas, selection)
    poverty = profile.latest(atlas, profile.POVERTY)
    people = profile.latest(atlas, profile.POPULATION)
    profile.lead(summaries.directory(people, poverty))
    st.html(
        '<p class="sources">Ouvrez un quartier pour sa fiche, ou choisissez-en 2 à '
        f"{state.MOST_QUARTERS} dans la barre latérale pour les comparer.</p>"
    )
    printing.button(atlas, selection)
    names = table["commune_names"].map(_sortable)
    with st.container(key="directory"):
        for code in table.assign(order=names).sort_values(["order", "qpv_name"]).index:
            _entry(str(code), table.loc[code], people, poverty, selection.year)
    support.elsewhere(atlas, selection)
    _identity(atlas, selection)
    years = f"Population : {_when(people)}. Taux de pauvreté : {_when(poverty)}."
    keys = [atlas.dataset("quarters").key]
    keys += [reading.vintage.dataset for reading in (people, poverty) if reading.vintage]
    keys += atlas.territory.programme(selection.programme).datasets.values()
    frame.sources(atlas, keys, years, profile.WORDS)


def _when(reading: Reading) -> str:
    label = reading.vintage.label if reading.vintage else wording.MISSING
    return f"{label}, périmètre {reading.perimeter}"


def _entry(code: str, row: pd.Series, people: Reading, poverty: Reading, year: int) -> None:
    site = " · **NPNRU**" if row["npnru"] else ""
    lines = [
        f"{frame.plain(row['commune_names'])}{site}",
        frame.plain(f"{people.text(code)} habitants · pauvreté : {poverty.text(code)}"),
        frame.plain(
            f"En {year} : {wording.euros(row['granted_cents'])} accordés, "
            f"{wording.plural(int(row['projects']), 'projet')}"
        ),
    ]
    with st.container(border=True, gap="small", height="stretch"):
        st.button(
            frame.plain(row["qpv_name"]),
            key=f"open_{code}",
            type="tertiary",
            on_click=state.choose_quarters,
            args=([code],),
        )
        st.caption("  \n".join(lines))


def _sortable(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()


def _side_by_side(atlas: Atlas, selection: Selection, codes: list[str]) -> None:
    poverty = profile.latest(atlas, profile.POVERTY)
    each = quarter_table(atlas, selection)["granted_per_inhabitant"]
    told = summaries.side_by_side(selection.year, poverty, each, codes, atlas.quarter_labels)
    profile.lead(told)
    key = [reading for reading in atlas.readings if reading.indicator.code in profile.KEYS]
    st.html(_figures(atlas, key, codes, "Chiffres clés"))
    st.html(_money(atlas, selection, codes))
    if selected(atlas, selection).empty:
        support.elsewhere(atlas, selection)
    st.subheader("Tous les indicateurs", anchor=False)
    by_theme(atlas, atlas.readings, lambda theme, own: _figures(atlas, own, codes, theme))
    st.caption(frame.plain(f"{profile.UNPROVEN} {profile.WORDS}"))


def _figures(atlas: Atlas, readings: list[Reading], codes: list[str], title: str) -> str:
    areas = [area.label for area in atlas.territory.comparators if area.level in LEVELS]
    headers = ("Indicateur", *_names(atlas, codes), *areas, "Année", "Périmètre")
    lines = [
        (
            profile.row_label(atlas, reading),
            *[reading.text(code) for code in codes],
            *reading.area_texts(LEVELS).values(),
            profile.short_year(reading),
            reading.perimeter,
        )
        for reading in readings
    ]
    return profile.wide(html_table(title, headers, lines))


def _money(atlas: Atlas, selection: Selection, codes: list[str]) -> str:
    rows = selected(atlas, selection)
    now = by_quarter(rows, codes)
    each = quarter_table(atlas, selection).loc[codes, "granted_per_inhabitant"]
    lines = [
        ("Projets", *map(wording.number, now["projects"])),
        ("Demandé", *map(wording.euros, now["requested_cents"])),
        ("Accordé", *map(wording.euros, now["granted_cents"])),
        (f"Accordé par habitant ({_population_year(atlas)})", *map(support.per_head, each)),
        *_year_before(atlas, selection, now["granted_cents"]),
    ]
    sections = {}
    for column, title in (("group", "famille de thèmes"), ("funder", "financeur")):
        sections[len(lines)] = f"Accordé par {title}"
        lines += _parts(atlas, rows, column, codes)
    title = f"Les moyens en {selection.year} (part de chaque quartier)"
    return profile.wide(html_table(title, ("", *_names(atlas, codes)), lines, sections=sections))


def _population_year(atlas: Atlas) -> str:
    vintage, _ = atlas.population
    return f"population : {vintage.label}" if vintage else wording.MISSING


def _year_before(atlas: Atlas, selection: Selection, now: pd.Series) -> list[tuple[str, ...]]:
    then = year_before(atlas, selection)
    if then is None:
        return [
            (f"Accordé en {selection.year - 1} (pas de programme)", *[wording.MISSING] * len(now))
        ]
    past = by_quarter(then, list(now.index))["granted_cents"]
    gaps = [wording.MISSING if pd.isna(gap) else signed_euros(int(gap)) for gap in now - past]
    return [
        (f"Accordé en {selection.year - 1}", *map(wording.euros, past)),
        (f"Écart avec {selection.year - 1}", *gaps),
    ]


def _parts(
    atlas: Atlas, rows: pd.DataFrame, column: str, codes: list[str]
) -> list[tuple[str, ...]]:
    words = labels(atlas.territory, column)
    cents = totals(rows[rows["target"] == "quarter"], [column, "qpv_code"])["granted_cents"]
    found = [key for key in words if key in cents.index.get_level_values(0)]
    return [
        (words[key], *[wording.euros(cents.get((key, code), 0)) for code in codes]) for key in found
    ]


def _names(atlas: Atlas, codes: list[str]) -> list[str]:
    return [atlas.quarter_labels[code] for code in codes]
