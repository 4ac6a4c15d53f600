"""What a quarter can be coloured by: an indicator, or the programme's euros per inhabitant."""

import pandas as pd

from analysis import wording
from analysis.measure import EFFORT, Measure
from analysis.perimeters import measured_on
from analysis.profile import latest_of
from analysis.selection import Selection
from geo.errors import AtlasError
from store.atlas import Atlas
from store.tables import quarter_table

# A count says first how large a quarter is: it is read in the table, not as a colour.
_COLOURED_KINDS = ("share", "median", "quantile", "mean", "index", "evolution")


def measure_labels(atlas: Atlas) -> dict[str, str]:
    """Return the measures a map may be coloured by, by code, in order: label with its theme.

    An indicator of which no figure is installed would colour nothing: it is left to the tables.
    """
    labels = {EFFORT: "Programme : crédits accordés par habitant"}
    installed = {reading.indicator.code for reading in atlas.readings if reading.vintage}
    for code, indicator in atlas.indicators.items():
        if indicator.kind in _COLOURED_KINDS and code in installed:
            # The first letter only: a proper name keeps its capital.
            label = indicator.label[:1].lower() + indicator.label[1:]
            labels[code] = f"{indicator.theme} : {label}"
    return labels


def measure(atlas: Atlas, selection: Selection, code: str) -> Measure:
    """Return a measure of every quarter for a selection.

    Raises AtlasError for a code that ``measure_labels`` does not list.
    """
    if code == EFFORT:
        return _effort(atlas, selection)
    if code not in measure_labels(atlas):
        raise AtlasError(f"L'indicateur « {code} » ne se cartographie pas.")
    reading = latest_of(atlas.readings, code)
    indicator, vintage = reading.indicator, reading.vintage
    frame = reading.quarters[["value", "status"]]
    texts = [
        indicator.text(value, status)
        for value, status in zip(frame["value"], frame["status"], strict=True)
    ]
    return Measure(
        code=code,
        label=indicator.label,
        unit=indicator.unit,
        decimals=indicator.decimals,
        figures=frame.assign(text=texts),
        vintage=vintage.label if vintage else "aucune donnée",
        perimeter=measured_on(vintage, atlas.territory.generation),
        datasets=(vintage.dataset,) if vintage else (),
    )


def _effort(atlas: Atlas, selection: Selection) -> Measure:
    programme = atlas.territory.programme(selection.programme)
    vintage, _ = atlas.population
    measured = measured_on(vintage, atlas.territory.generation)
    euros = quarter_table(atlas, selection)[EFFORT] / 100
    frame = pd.DataFrame({"value": euros})
    frame["status"] = euros.isna().map({True: "absent", False: "published"})
    unit = f"€{wording.NARROW}par habitant"
    frame["text"] = [
        wording.MISSING if pd.isna(value) else f"{wording.number(value)}{wording.NARROW}{unit}"
        for value in euros
    ]
    when = f"programme {selection.year}, population {vintage.label}" if vintage else ""
    return Measure(
        code=EFFORT,
        label="Crédits accordés par habitant",
        unit="€",
        decimals=0,
        figures=frame,
        vintage=when,
        perimeter=f"population : {measured}" if measured else "",
        datasets=(*programme.datasets.values(), *((vintage.dataset,) if vintage else ())),
    )
