"""Comparisons and evolutions of the atlas: one source for the pages and the command line."""

from collections.abc import Iterable

import pandas as pd

from analysis import evolution
from analysis.comparison import area_datasets, comparable_vintage
from analysis.gaps import TOGETHER, Comparison, compare
from analysis.indicators import Indicator, Vintage, narrowed, series_vintages
from analysis.perimeters import measured_on
from analysis.vocabulary import FIGURE_WORDS
from geo.territory import Comparator
from store.atlas import Atlas

LEVEL_WORDS = {
    "quarter": "quartier",
    "commune": "commune",
    "epci": "intercommunalité",
    TOGETHER: "quartiers ensemble",
    "department": "département",
    "region": "région",
    "country": "pays",
}


def areas_around(atlas: Atlas, code: str | None) -> list[Comparator]:
    """Return the areas a quarter is compared with: its communes, then the territory's own."""
    areas = list(atlas.territory.comparators)
    if code is None:
        return areas
    row = atlas.quarters.set_index("qpv_code").loc[code]
    codes, names = (str(row[name]).split(",") for name in ("commune_codes", "commune_names"))
    pairs = zip(codes, names, strict=True)
    return [*(Comparator("commune", one.strip(), name.strip()) for one, name in pairs), *areas]


def vintages_of(atlas: Atlas, indicator: str) -> list[Vintage]:
    """Return the vintages of an indicator, oldest first; a year read in two files comes once."""
    found = series_vintages(*_read(atlas, indicator))
    return list({_year(vintage): vintage for vintage in found}.values())


def _year(vintage: Vintage) -> object:
    return vintage.data_year or f"fichier {vintage.file_year}"


def usual_vintage(atlas: Atlas, indicator: str, code: str | None) -> Vintage | None:
    """Return the vintage shown first: the latest with a larger area beside, else the latest."""
    found = vintages_of(atlas, indicator)
    last = found[-1] if found else None
    areas = areas_around(atlas, code)
    return comparable_vintage(*_read(atlas, indicator), areas) or last


def comparison(
    atlas: Atlas, indicator: str, code: str | None = None, vintage: Vintage | None = None
) -> Comparison:
    """Compare the quarters on an indicator, and one of them with every area around it.

    Without a ``vintage``, in the usual one.
    """
    return compare(
        *_read(atlas, indicator),
        atlas.crosswalk,
        areas_around(atlas, code),
        vintage or usual_vintage(atlas, indicator, code),
        code,
    )


def usual_span(atlas: Atlas, indicator: str) -> tuple[Vintage, Vintage] | None:
    """Return the two vintages whose change is shown first: the longest lawful period.

    Where no two vintages measure a change, the first and the last; None for fewer than two.
    """
    found = proven(atlas, indicator)
    if len(found) < 2:
        return None
    return evolution.longest(atlas.indicators[indicator], found) or (found[0], found[-1])


def proven(atlas: Atlas, indicator: str) -> list[Vintage]:
    """Return the vintages of an indicator whose data year is proven, one a year."""
    return evolution.proven_vintages(*_read(atlas, indicator))


def changes(atlas: Atlas, indicator: str, span: tuple[Vintage, Vintage]) -> pd.DataFrame:
    """Return what moved in each quarter between two vintages (``analysis.evolution.changes``)."""
    return evolution.changes(*_read(atlas, indicator), atlas.crosswalk, *span)


def _read(atlas: Atlas, code: str) -> tuple[Indicator, pd.DataFrame]:
    """Return an indicator and the figures it is read from."""
    return next(narrowed({code: atlas.indicators[code]}, atlas.figures))


def export_comparisons(atlas: Atlas, comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """Return comparisons of one quarter as they leave the atlas: French columns, a row an area.

    The quarter comes first, then its communes and the larger areas. ``ecart`` is in ``ecart_unite``
    ("points", "rapport", "part de l'ensemble"…); ``refus`` says why there is none.
    """
    lines = [line for one in comparisons for line in _lines(atlas, one)]
    whole = {"valeur": "float64", "ecart": "float64", "annee_donnee": "Int64"}
    return pd.DataFrame(lines).astype({**whole, "annee_fichier": "Int64"})


def _lines(atlas: Atlas, one: Comparison) -> list[dict[str, object]]:
    vintage, indicator = one.reading.vintage, one.indicator
    shown = atlas.territory.generation
    common = {
        "quartier": one.code,
        "indicateur": indicator.code,
        "libelle": indicator.label,
        "libelle_court": indicator.short,
        "unite": indicator.unit,
        "annee": one.reading.year,
        "annee_donnee": vintage.data_year if vintage else None,
        "annee_fichier": vintage.file_year if vintage else None,
        "perimetre": measured_on(vintage, shown),
        "source": atlas.catalogue[vintage.dataset].credit if vintage else "",
    }
    own = one.reading.quarters.loc[one.code]
    first = {
        "niveau": LEVEL_WORDS["quarter"],
        "territoire": atlas.quarter_labels[str(one.code)],
        "valeur": own["value"],
        "texte": one.reading.text(str(one.code)),
        "statut": FIGURE_WORDS[str(own["status"])],
        "rang": one.reading.rank(str(one.code)),
        "intervalle": one.interval_text(str(one.code)),
    }
    beside = {"source": _credits(atlas, one), "perimetre": ""}
    return [
        {**common, **first},
        *(
            {**common, **({} if row["level"] == TOGETHER else beside), **_line(one, row)}
            for _, row in one.rows.iterrows()
        ),
    ]


def _credits(atlas: Atlas, one: Comparison) -> str:
    """Return the sources of the larger areas' figures, where one is published."""
    vintage = one.reading.vintage
    if vintage is None or not one.reading.compared:
        return ""
    keys = area_datasets(one.indicator, atlas.figures, vintage.data_year)
    return " ; ".join(atlas.catalogue[key].credit for key in keys)


def _line(one: Comparison, row: pd.Series) -> dict[str, object]:
    return {
        "niveau": LEVEL_WORDS[str(row["level"])],
        "territoire": row["label"],
        "valeur": row["value"],
        "texte": one.value_text(row),
        "statut": FIGURE_WORDS[str(row["status"])],
        "ecart": row["gap"],
        "ecart_unite": one.gap_unit if row["refusal"] is None else None,
        "ecart_texte": one.gap_text(row),
        "refus": row["refusal"].name.lower() if row["refusal"] is not None else None,
    }


def export_strip(atlas: Atlas, one: Comparison) -> pd.DataFrame:
    """Return the figures of the strip as they leave the atlas: every quarter, then every area."""
    vintage, indicator = one.reading.vintage, one.indicator
    quarters = [
        (LEVEL_WORDS["quarter"], code, atlas.quarter_labels[str(code)], row["value"], row["status"])
        for code, row in one.reading.quarters.iterrows()
    ]
    areas = [
        (LEVEL_WORDS[str(row["level"])], None, row["label"], row["value"], row["status"])
        for _, row in one.rows.iterrows()
    ]
    columns = ["niveau", "code", "territoire", "valeur", "statut"]
    frame = pd.DataFrame([*quarters, *areas], columns=columns)
    frame["statut"] = frame["statut"].map(FIGURE_WORDS)
    return frame.assign(
        valeur=frame["valeur"].astype("float64"),
        indicateur=indicator.label,
        unite=indicator.unit,
        annee=vintage.label if vintage else None,
        perimetre=measured_on(vintage, atlas.territory.generation),
        source=atlas.catalogue[vintage.dataset].credit if vintage else None,
    )


def export_history(atlas: Atlas, indicator: str) -> pd.DataFrame:
    """Return every year of a series as it leaves the atlas: one row a quarter and year.

    ``rupture`` says why a year cannot be compared with the one before, empty if it can.
    """
    every = atlas.history(indicator)
    return pd.DataFrame(
        {
            "code": every["qpv_code"],
            "quartier": every["qpv_code"].map(atlas.quarter_labels),
            "indicateur": atlas.indicators[indicator].label,
            "unite": atlas.indicators[indicator].unit,
            "annee": every["year"],
            "valeur": every["value"],
            "statut": every["status"].map(FIGURE_WORDS),
            "perimetre": every["generation"],
            "rupture": every["break_reason"],
        }
    )
