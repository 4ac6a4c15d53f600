"""One quarter in figures: who lives there, how it compares, how it moved."""

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

from analysis import wording
from analysis.perimeters import became
from analysis.profile import (
    KEYS,
    POPULATION,
    POVERTY,
    TRENDS,
    Reading,
    card,
    latest_of,
    portrait,
)
from store.atlas import Atlas
from store.comparisons import export_history
from ui import charts, frame, pictures
from ui.tables import html_table
from ui.themes import by_theme
from ui.trend import domain_of, trend

WORDS = (
    "n.d. : chiffre absent des données installées. Secret : chiffre que la source ne diffuse pas "
    "pour protéger les habitants. Non comparable : le chiffre publié porte sur une autre étendue."
)
_RANKS = (
    "Le rang se compte parmi les quartiers dont le chiffre est publié, depuis le bout le plus "
    "proche : le plus élevé ou le plus bas."
)
LATEST = "dernier chiffre publié, et dernière année commune avec un territoire plus large"
UNPROVEN = "* Année du fichier : la source ne dit pas l'année de la donnée."
_HISTORY = "Valeurs publiées, par année de la donnée"
_CAUTION = (
    "Trait pointillé : rupture de série ou changement de périmètre. Une évolution ne se lit "
    "qu'entre deux traits, et jamais sur deux années qui se suivent. L'axe ne part pas de zéro ; "
    "il est le même pour tous les quartiers."
)


def latest(atlas: Atlas, code: str) -> Reading:
    """Return the latest reading of an indicator."""
    return latest_of(atlas.readings, code)


def lead(text: str) -> None:
    """Write the sentence a page opens with, as plain text."""
    st.html(f'<p class="lead">{escape(text)}</p>')


def heading(atlas: Atlas, code: str) -> None:
    """Write a quarter's name, communes, code and NPNRU mark."""
    row = atlas.quarters.set_index("qpv_code").loc[code]
    st.header(frame.plain(row["qpv_name"]), anchor=False)
    site = atlas.territory.npnru.get(code)
    mark = f" · site NPNRU « {site} »" if site else ""
    former = became(atlas.relations, code)
    st.caption(frame.plain(f"{row['commune_names']} · {code}{mark}"))
    if former:
        st.caption(frame.plain(f"Génération {atlas.territory.generation} : {former}."))


def sentence(atlas: Atlas, code: str) -> str:
    """Return the sentence on the people of a quarter."""
    return portrait(latest(atlas, POPULATION), latest(atlas, POVERTY), code)


def cards(entries: Iterable[tuple[str, str, Sequence[str]]]) -> str:
    """Return an HTML row of cards: label, value, small notes; every text is escaped."""
    parts = []
    for label, value, notes in entries:
        lines = "".join(f"<dd>{escape(line)}</dd>" for line in (value, *notes) if line)
        parts.append(f"<div><dt>{escape(label)}</dt>{lines}</div>")
    return f'<dl class="cards">{"".join(parts)}</dl>'


def key_figures(atlas: Atlas, code: str) -> str:
    """Return the four key figures of a quarter as cards, beside the larger areas."""
    return cards(card(atlas.readings, name, code) for name in KEYS)


def trends(atlas: Atlas, code: str) -> None:
    """Draw the history of poverty and income, cut at the breaks, and the same as a table."""
    st.subheader("Pauvreté et revenu dans le temps", anchor=False)
    name = atlas.quarter_labels[code]
    with st.container(key="pair_trends"):
        for indicator_code in TRENDS:
            _trend(atlas, indicator_code, code, name)
    notes = dict.fromkeys(atlas.indicators[word].breaks_note for word in TRENDS)
    st.caption(frame.plain(" ".join([*notes, _CAUTION])))
    with st.expander("Voir le tableau"):
        st.html(_history_table(atlas, code))


def _trend(atlas: Atlas, indicator_code: str, code: str, name: str) -> None:
    indicator = atlas.indicators[indicator_code]
    every = atlas.history(indicator_code)
    points = every[every["qpv_code"] == code]
    with st.container():
        unit = f" ({indicator.unit})" if indicator.unit else ""
        st.markdown(f"**{frame.plain(indicator.short + unit)}**")
        st.caption(frame.plain(indicator.definition))
        if not (every["status"] == "published").any():
            st.caption("Aucune année publiée.")
            return
        drawn = trend(points, indicator, domain_of(every))
        charts.show(drawn, f"{indicator.label}, {name}", table=_HISTORY)
        dataset = atlas.catalogue[indicator.sources[0].dataset]
        pictures.downloads(
            drawn,
            lambda: export_history(atlas, indicator_code).query("code == @code"),
            name=f"{pictures.slug(indicator.short)}_{code}",
            title=f"{indicator.label}, {name}",
            notes=[indicator.breaks_note, f"Source : {dataset.credit}"],
        )


def _history_table(atlas: Atlas, code: str) -> str:
    columns = {word: _texts(atlas, word, code) for word in TRENDS}
    years = sorted(set().union(*columns.values()))
    lines = [
        (str(year), *[column.get(year, wording.MISSING) for column in columns.values()])
        for year in years
    ]
    headers = ["Année", *[atlas.indicators[word].short for word in TRENDS]]
    return html_table(_HISTORY, headers, lines)


def _texts(atlas: Atlas, word: str, code: str) -> dict[int, str]:
    indicator, every = atlas.indicators[word], atlas.history(word)
    rows = every[every["qpv_code"] == code]
    cells = zip(rows["year"], rows["value"], rows["status"], rows["break_reason"], strict=True)
    return {
        int(year): indicator.in_year(int(year)).text(value, status)
        + (f" ({reason})" if reason else "")
        for year, value, status, reason in cells
    }


def indicator_table(atlas: Atlas, code: str) -> None:
    """Draw every indicator by theme: value, year, perimeter, rank, larger areas."""
    st.subheader("Tous les indicateurs", anchor=False)
    by_theme(atlas, atlas.readings, lambda theme, own: _theme_table(atlas, code, theme, own))
    st.caption(frame.plain(f"{_RANKS} {UNPROVEN} {WORDS}"))


def _theme_table(atlas: Atlas, code: str, theme: str, readings: Sequence[Reading]) -> str:
    areas = [area.label for area in atlas.territory.comparators]
    headers = ("Indicateur", "Quartier", "Année", "Périmètre", "Rang", *areas)
    return wide(html_table(f"{theme} : {LATEST}", headers, indicator_lines(atlas, code, readings)))


def indicator_lines(atlas: Atlas, code: str, readings: Sequence[Reading]) -> list[tuple[str, ...]]:
    """Return a row a reading: label, figure, year, perimeter, rank, then the larger areas."""
    return [
        (
            row_label(atlas, reading),
            reading.text(code),
            short_year(reading),
            reading.perimeter,
            reading.rank(code),
            *reading.area_texts().values(),
        )
        for reading in readings
    ]


def wide(table: str) -> str:
    """Let an HTML table wider than the page scroll sideways, by keyboard too."""
    return f'<div class="wide" tabindex="0">{table}</div>'


def row_label(atlas: Atlas, reading: Reading) -> str:
    """Return the label of a reading's row; the second row of an indicator says why it is there."""
    if reading.compared and reading is not latest(atlas, reading.indicator.code):
        return f"{reading.indicator.short}, dernière année commune"
    return reading.indicator.label


def short_year(reading: Reading) -> str:
    """Return the year for a column; a star marks a file's year, the figure's being unproven."""
    vintage = reading.vintage
    if vintage is None or vintage.data_year is not None:
        return reading.year
    return f"fichier {vintage.file_year}*" if vintage.file_year else "inconnue*"


def dataset_keys(atlas: Atlas) -> list[str]:
    """Return the data sets behind the indicators shown, comparators included."""
    keys = [reading.vintage.dataset for reading in atlas.readings if reading.vintage]
    areas = [s.dataset for r in atlas.readings if r.compared for s in r.indicator.comparators]
    return list(dict.fromkeys([atlas.dataset("quarters").key, *keys, *areas]))


def perimeter_remarks(atlas: Atlas) -> list[str]:
    """Return a remark for each generation of perimeters among the figures shown."""
    shown = atlas.territory.generation
    remarks = [frame.perimeter_remark(reading.vintage, shown) for reading in atlas.readings]
    return [remark for remark in dict.fromkeys(remarks) if remark]
