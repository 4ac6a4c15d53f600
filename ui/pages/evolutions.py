"""Évolutions: one indicator over the years, every quarter, with the breaks and masked years."""

import pandas as pd
import streamlit as st

from analysis import wording
from analysis.evolution import change_text, steps
from analysis.indicators import Indicator, Vintage
from analysis.perimeters import measured_on
from analysis.selection import Selection
from analysis.summaries import evolved
from store.atlas import Atlas
from store.comparisons import changes, export_history, proven, usual_span
from ui import charts, choices, frame, pictures, profile
from ui.tables import html_table
from ui.trend import domain_of, trend

_HEIGHT = 380
_ALL_YEARS = "Toutes les années (‖ : rupture avec l'année précédente)"
_READING = (
    "Un trait gris par quartier, le quartier choisi en bleu. Pointillé : rupture de série ou "
    "changement de périmètre, où le trait s'arrête. Losange au pied : année couverte par le "
    "secret. L'axe ne part pas de zéro."
)
_EUROS = "Les montants sont en euros de chaque année : la hausse des prix y est comprise."


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw the series of an indicator, and what moved between two of its years."""
    head = st.container()
    series = _series(atlas, atlas.fingerprint)
    if not series:
        frame.empty("Aucun indicateur n'est publié pour deux années établies.")
        return
    left, middle, *ends = st.columns([4, 4, 2, 2], gap="small")
    with left:
        code = choices.indicator(atlas, series)
    with middle:
        quarter = choices.quarter(atlas, selection)
    found = choices.vintages("evolutions", proven(atlas, code), series[code], ends)
    first, last = sorted(found, key=lambda one: one.data_year or 0)
    moved = changes(atlas, code, (first, last))
    indicator = atlas.indicators[code]
    with head:
        latest = proven(atlas, code)[-1]
        told = evolved(indicator, (first, last), moved, latest, quarter, atlas.quarter_labels)
        profile.lead(told)
    _chart(atlas, indicator, quarter)
    _table(atlas, indicator, (first, last), moved, quarter)
    _steps(indicator, proven(atlas, code))
    _history(atlas, indicator, quarter)
    keys = [atlas.dataset("quarters").key, first.dataset, last.dataset]
    notes = [indicator.breaks_note, _EUROS if indicator.unit.startswith("€") else ""]
    frame.sources(atlas, keys, _measured(atlas, indicator, last), *notes, profile.WORDS)


@st.cache_data(show_spinner=False, max_entries=4)
def _series(_atlas: Atlas, fingerprint: str) -> dict[str, tuple[Vintage, Vintage]]:
    """Return the indicators known for two proven years, with the period shown first."""
    spans = {code: usual_span(_atlas, code) for code in _atlas.indicators}
    return {code: span for code, span in spans.items() if span}


def _measured(atlas: Atlas, indicator: Indicator, last: Vintage) -> str:
    return f"{indicator.label} : {measured_on(last, atlas.territory.generation)}."


def _chart(atlas: Atlas, indicator: Indicator, quarter: str | None) -> None:
    every = atlas.history(indicator.code)
    if not (every["status"] == "published").any():
        st.caption("Aucune année publiée.")
        return
    named = every.assign(name=every["qpv_code"].map(atlas.quarter_labels))
    own = named["qpv_code"] == quarter
    # Without a chosen quarter the breaks are still those of the series, the same for all.
    points = named[own] if quarter else _breaks_only(named)
    drawn = trend(points, indicator, domain_of(every), others=named[~own], height=_HEIGHT)
    years = f"{every['year'].min()}-{every['year'].max()}"
    title = f"{indicator.label}, {years}"
    unit = f" ({indicator.unit})" if indicator.unit else ""
    st.subheader(frame.plain(f"{indicator.short}{unit}"), anchor=False)
    charts.show(drawn, f"{title}, par quartier", table=_ALL_YEARS)
    st.caption(_READING)
    chosen = [f"En bleu : {atlas.quarter_labels[quarter]}."] if quarter else []
    vintage = proven(atlas, indicator.code)[-1]
    credit = f"Source : {atlas.catalogue[vintage.dataset].credit}"
    pictures.downloads(
        drawn,
        lambda: export_history(atlas, indicator.code),
        name=f"evolutions_{pictures.slug(indicator.short)}_{years}",
        title=title,
        notes=[*chosen, _measured(atlas, indicator, vintage), indicator.breaks_note, credit],
    )


def _breaks_only(named: pd.DataFrame) -> pd.DataFrame:
    one = named[named["qpv_code"] == named["qpv_code"].iloc[0]]
    return one.assign(value=float("nan"), status="absent")


def _table(
    atlas: Atlas,
    indicator: Indicator,
    span: tuple[Vintage, Vintage],
    moved: pd.DataFrame,
    quarter: str | None,
) -> None:
    then, now = (indicator.in_year(one.data_year) for one in span)
    years = [str(one.data_year) for one in span]
    ordered = moved.sort_values("change", ascending=False, kind="stable")
    codes = [str(code) for code in ordered.index]
    lines = [
        (
            atlas.quarter_labels[code],
            then.text(row["before"], row["before_status"]),
            now.text(row["now"], row["now_status"]),
            "non calculée" if row["refusal"] is not None else change_text(indicator, row),
        )
        for code, row in zip(codes, ordered.to_dict("records"), strict=True)
    ]
    st.html(
        profile.wide(
            html_table(
                f"{indicator.short} : de {years[0]} à {years[1]}",
                ("Quartier", *years, "Évolution"),
                lines,
                highlighted=codes.index(quarter) if quarter in codes else None,
            )
        )
    )
    reasons = ordered.dropna(subset=["refusal"]).groupby("refusal", sort=False).indices
    for refusal, rows in reasons.items():
        names = wording.listing([atlas.quarter_labels[codes[row]] for row in rows], most=4)
        who = "aucun quartier n'en a" if len(rows) == len(codes) else names
        st.caption(
            frame.plain(f"Pas d'évolution calculée ({who}) : {refusal.sentence}.")  # type: ignore[attr-defined]
        )


def _steps(indicator: Indicator, found: list[Vintage]) -> None:
    with st.expander("Quelles années se comparent ?", icon=":material/help:"):
        lines = [
            (f"{first} et {last}", "oui" if refusal is None else f"non : {refusal.sentence}")
            for first, last, refusal in steps(indicator, found)
        ]
        table = html_table("Deux années qui se suivent", ("Années", "Se comparent ?"), lines)
        st.html(profile.wide(table))


def _history(atlas: Atlas, indicator: Indicator, quarter: str | None) -> None:
    every = atlas.history(indicator.code)
    years = sorted(every["year"].unique())
    written = {
        (code, year): indicator.in_year(int(year)).text(value, status)
        for code, year, value, status in every[["qpv_code", "year", "value", "status"]].itertuples(
            index=False
        )
    }
    codes = list(atlas.quarter_labels)
    lines = [
        (atlas.quarter_labels[code], *[written.get((code, y), wording.MISSING) for y in years])
        for code in codes
    ]
    cuts = every.loc[every["break_reason"] != "", "year"].unique()
    headers = ["Quartier", *[f"‖ {year}" if year in cuts else str(year) for year in years]]
    marked = codes.index(quarter) if quarter in codes else None
    st.html(profile.wide(html_table(_ALL_YEARS, headers, lines, highlighted=marked)))
