"""Indicators by theme, one tab each: their table, what is not installed, what they are."""

from collections.abc import Callable, Sequence

import streamlit as st

from analysis import wording
from analysis.indicators import Indicator
from analysis.profile import Reading
from store.atlas import Atlas
from ui import frame
from ui.tables import fact_list

OPERATIONS = {
    "sum": "Les chiffres de plusieurs quartiers s'additionnent.",
    "weighted_mean": "Sur plusieurs quartiers : moyenne pondérée par le dénominateur.",
    "none": "Sur plusieurs quartiers : ni somme ni moyenne.",
}


def by_theme(
    atlas: Atlas, readings: Sequence[Reading], table: Callable[[str, list[Reading]], str]
) -> None:
    """Draw a tab a theme; ``table`` returns the HTML table of a theme from its readings."""
    groups: dict[str, list[Reading]] = {}
    for reading in readings:
        groups.setdefault(reading.indicator.theme, []).append(reading)
    for tab, (theme, own) in zip(st.tabs(list(groups)), groups.items(), strict=True):
        with tab:
            st.html(table(theme, own))
            words = missing(atlas, own)
            if words:
                st.caption(frame.plain(words))
            with st.expander("Ce que mesurent ces indicateurs", icon=":material/menu_book:"):
                st.html(definitions(atlas, own))


def missing(atlas: Atlas, readings: Sequence[Reading]) -> str:
    """Say which indicators have no figure and the files that would bring them, empty if none."""
    without = [reading.indicator for reading in readings if reading.vintage is None]
    if not without:
        return ""
    files = dict.fromkeys(_file(atlas, indicator) for indicator in without)
    count = wording.plural(len(without), "indicateur")
    verb = "n'a" if len(without) == 1 else "n'ont"
    return (
        f"{count} de ce thème {verb} pas de chiffre installé (n.d.). À installer : "
        f"{wording.listing(list(files), most=8)}."
    )


def definitions(atlas: Atlas, readings: Sequence[Reading]) -> str:
    """Return what each indicator is as HTML: definition, who is counted, what divides, source."""
    indicators = {reading.indicator.code: reading.indicator for reading in readings}
    return fact_list([(one.label, _definition(atlas, one)) for one in indicators.values()])


def _definition(atlas: Atlas, indicator: Indicator) -> str:
    share = f"Rapport : {indicator.numerator} / {indicator.denominator}."
    parts = [
        indicator.definition,
        f"Champ : {indicator.perimeter[:1].lower()}{indicator.perimeter[1:]}",
        share if indicator.numerator else "",
        OPERATIONS[indicator.operation],
        indicator.breaks_note,
        f"Source : {_file(atlas, indicator)}, {_columns(indicator)}.",
    ]
    return " ".join(part for part in parts if part)


def _file(atlas: Atlas, indicator: Indicator) -> str:
    if not indicator.sources:
        return wording.MISSING
    first = indicator.sources[0]
    dataset = atlas.catalogue.get(first.dataset)
    name = f"table {first.table}" if first.table else dataset.title if dataset else first.dataset
    return f"{dataset.producer}, {name}" if dataset else name


def _columns(indicator: Indicator) -> str:
    first = indicator.sources[0]
    same = [source for source in indicator.sources if source.part == first.part]
    named = [f"{source.variable}{_years(source.since, source.until)}" for source in same]
    return f"{'colonne' if len(named) == 1 else 'colonnes'} {wording.listing(named, most=8)}"


def _years(since: int | None, until: int | None) -> str:
    if since and until:
        return f" (fichiers {since} à {until})"
    if since:
        return f" (fichiers {since} et suivants)"
    return f" (jusqu'au fichier {until})" if until else ""
