"""Comparer: one indicator, every quarter on one strip, and one of them against larger areas."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from analysis import wording
from analysis.gaps import Comparison
from analysis.indicators import Vintage
from analysis.perimeters import measured_on
from analysis.selection import Selection
from analysis.summaries import compared
from store.atlas import Atlas
from store.comparisons import comparison, export_strip, usual_vintage, vintages_of
from ui import charts, choices, frame, pictures, profile, resemblance
from ui.strip import strip
from ui.tables import html_table

_INTERVALS = (
    "Intervalle à 95 % (Wilson) d'une part dont les effectifs sont publiés : le hasard d'un petit "
    "nombre suffit à expliquer un écart qui y reste."
)


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw the comparison of the quarters on one indicator."""
    head = st.container()
    left, middle, right = st.columns([3, 3, 2], gap="medium")
    with left:
        code = choices.indicator(atlas, atlas.indicators)
    with middle:
        quarter = choices.quarter(atlas, selection)
    vintage = _vintage(atlas, code, quarter, right)
    found = comparison(atlas, code, quarter, vintage)
    with head:
        profile.lead(compared(found, atlas.quarter_labels))
    if vintage is None:
        frame.empty("Aucun chiffre publié pour cet indicateur.")
        return
    _cards(atlas, found)
    _strip(atlas, found)
    if quarter:
        _gaps(found, atlas.quarter_labels[quarter])
    _quarters(atlas, found)
    if quarter:
        resemblance.render(atlas, quarter)
    keys = [atlas.dataset("quarters").key, vintage.dataset]
    keys += [source.dataset for source in found.indicator.comparators]
    frame.sources(atlas, keys, _measured(atlas, found), profile.WORDS)


def _vintage(
    atlas: Atlas, code: str, quarter: str | None, place: st.delta_generator.DeltaGenerator
) -> Vintage | None:
    """Ask for the year of the figure; the usual one is the latest with a larger area beside."""
    found = vintages_of(atlas, code)[::-1]
    if not found:
        return None
    return choices.vintages("comparer", found, [usual_vintage(atlas, code, quarter)], [place])[0]


def _measured(atlas: Atlas, found: Comparison) -> str:
    vintage = found.reading.vintage
    words = measured_on(vintage, atlas.territory.generation)
    return f"{vintage.label.capitalize() if vintage else ''}, {words}."


def _status(found: Comparison) -> str:
    """Say source year, perimeter and how many quarters are published, secret or absent."""
    reading = found.reading
    counts = reading.quarters["status"].value_counts()
    parts = [wording.plural(int(counts.get("published", 0)), "publié")]
    parts += [
        wording.plural(int(counts[status]), word)
        for status, word in (("secret", "secret"), ("not_comparable", "non comparable"))
        if status in counts
    ]
    parts += [f"{counts['absent']} n.d."] if "absent" in counts else []
    label = reading.vintage.label if reading.vintage else wording.MISSING
    return f"{label}, périmètre {reading.perimeter} ; quartiers : {', '.join(parts)}"


def _cards(atlas: Atlas, found: Comparison) -> None:
    status = _status(found)
    if found.code is None:
        st.caption(frame.plain(f"{found.indicator.definition} {status[:1].upper()}{status[1:]}."))
        return
    interval = found.interval_text(found.code)
    interval = f"intervalle à 95 % : {interval}" if interval else ""
    notes = [f"{found.reading.rank(found.code)} quartiers publiés", interval, status]
    entries: list[tuple[str, str, Sequence[str]]] = [
        (found.indicator.short, found.reading.text(found.code), notes)
    ]
    for _, row in found.rows[found.rows["level"].isin(["epci", "country"])].iterrows():
        entries.append((str(row["label"]), found.value_text(row), [_gap(found, row)]))
    st.html(profile.cards(entries))
    st.caption(frame.plain(found.indicator.definition))


def _gap(found: Comparison, row: pd.Series) -> str:
    words = found.gap_text(row)
    return f"pas d'écart calculé : {words}" if row["refusal"] is not None else words


def _strip(atlas: Atlas, found: Comparison) -> None:
    chart = strip(found, atlas.quarter_labels)
    if chart is None:
        st.caption("Aucun quartier publié : pas de graphique.")
        return
    title = f"{found.indicator.label}, par quartier"
    st.subheader("Tous les quartiers sur une échelle", anchor=False)
    charts.show(chart, title, table=_caption(found))
    hidden = int((found.reading.quarters["status"] != "published").sum())
    missing = f" {wording.plural(hidden, 'quartier')} sans chiffre publié." if hidden else ""
    beside = found.indicator.kind != "count" and (found.rows["status"] == "published").any()
    areas = " ; un losange par autre territoire" if beside else ""
    st.caption(f"Un trait par quartier{areas}.{missing} L'échelle ne part pas de zéro.")
    credit = [atlas.catalogue[key].credit for key in _datasets(found)]
    pictures.downloads(
        chart,
        lambda: export_strip(atlas, found),
        name=f"comparer_{pictures.slug(f'{found.indicator.short} {found.reading.year}')}",
        title=title,
        notes=[_measured(atlas, found), f"Source : {' ; '.join(credit)}"],
    )


def _caption(found: Comparison) -> str:
    return f"{found.indicator.short}, {found.reading.year} : les quartiers"


def _datasets(found: Comparison) -> list[str]:
    vintage = found.reading.vintage
    keys = [vintage.dataset] if vintage else []
    keys += [source.dataset for source in found.indicator.comparators if found.reading.compared]
    return list(dict.fromkeys(keys))


def _gaps(found: Comparison, name: str) -> None:
    lines, reasons = [], dict[str, list[str]]()
    for _, row in found.rows.iterrows():
        refused = row["refusal"] is not None
        gap = "non calculé" if refused else found.gap_text(row)
        lines.append((str(row["label"]), found.value_text(row), gap))
        if refused:
            reasons.setdefault(row["refusal"].sentence, []).append(str(row["label"]))
    headers = ("Territoire", "Valeur", f"Écart de {name}")
    st.html(html_table(f"{found.indicator.short} : {name} et les autres", headers, lines))
    for reason, labels in reasons.items():
        listed = wording.listing(labels, most=len(labels))
        st.caption(frame.plain(f"Écart non calculé avec {listed} : {reason}."))


def _quarters(atlas: Atlas, found: Comparison) -> None:
    quarters = found.reading.quarters.sort_values("value", ascending=False, kind="stable")
    codes = [str(code) for code in quarters.index]
    known = bool(quarters["low"].notna().any())
    headers = ["Quartier", found.indicator.short, "Rang", *(["Intervalle"] if known else [])]
    lines = [
        (
            atlas.quarter_labels[code],
            found.reading.text(code),
            found.reading.rank(code),
            *([found.interval_text(code) or wording.MISSING] if known else []),
        )
        for code in codes
    ]
    marked = codes.index(found.code) if found.code in codes else None
    st.html(
        html_table(
            _caption(found),
            headers,
            lines,
            highlighted=marked,
        )
    )
    if known:
        st.caption(frame.plain(_INTERVALS))
