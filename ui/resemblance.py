"""Who resembles whom: the nearest quarters on a few indicators, with the figures that say so."""

import streamlit as st

from analysis import wording
from analysis.likeness import left_out, nearest
from store.atlas import Atlas
from ui import frame, profile
from ui.tables import html_table

_USUAL = ("poverty_rate", "median_income", "under_25", "single_households", "employment_rate")
_KINDS = ("share", "median", "mean", "index")
_SHOWN = 4
_MEANING = (
    "L'écart est la moyenne, sur ces indicateurs, de la différence de rang entre les deux "
    "quartiers ; chacun compte autant. Zéro : mêmes rangs. Deux quartiers proches ici peuvent "
    "différer sur tout le reste."
)


def render(atlas: Atlas, code: str) -> None:
    """Ask for the indicators, then draw the quarters nearest to ``code``."""
    st.subheader("Quels quartiers lui ressemblent ?", anchor=False)
    names = {key: one.short for key, one in atlas.indicators.items() if one.kind in _KINDS}
    chosen = st.multiselect(
        "Sur ces indicateurs",
        list(names),
        default=[key for key in _USUAL if key in names],
        format_func=names.__getitem__,
        key="likeness_indicators",
        select_all=False,
    )
    if not chosen:
        st.caption("Choisissez au moins un indicateur.")
        return
    readings = [profile.latest(atlas, key) for key in chosen]
    found = nearest(readings, code)
    if found.empty:
        missing = [one.indicator.short for one in readings if one.status(code) != "published"]
        listed = wording.listing(missing, most=len(missing))
        st.caption(frame.plain(f"Pas de comparaison : non publié pour ce quartier, {listed}."))
        return
    labels = atlas.quarter_labels
    closest = str(found.index[0])
    gap = wording.number(found["distance"].iloc[0], 1)
    count = wording.plural(len(chosen), "indicateur")
    st.markdown(
        frame.plain(
            f"Sur {count}, le plus proche est {labels[closest]} : {gap} rang "
            f"d'écart en moyenne, sur {len(found) + 1} quartiers comparés."
        )
    )
    headers = ("Quartier", "Écart moyen de rang", *(_header(one) for one in readings))
    gaps = {str(other): wording.number(gap, 1) for other, gap in found["distance"].items()}
    lines = [
        (
            labels[other],
            gaps.get(other, "—"),
            *(one.text(other) for one in readings),
        )
        for other in [code, *map(str, found.index[:_SHOWN])]
    ]
    table = html_table(f"Les {_SHOWN} quartiers les plus proches", headers, lines, highlighted=0)
    st.html(profile.wide(table))
    out = left_out(readings, code)
    told = f" Non comparés, un chiffre n'étant pas publié : {_listed(out, labels)}." if out else ""
    st.caption(frame.plain(_MEANING + told))


def _header(one: profile.Reading) -> str:
    return f"{one.indicator.short} ({profile.short_year(one)})"


def _listed(codes: list[str], labels: dict[str, str]) -> str:
    return wording.listing([labels[code] for code in codes], most=len(codes))
