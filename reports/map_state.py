"""The content of the map of a selection: its projects, its classes, its legend's words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis import wording
from analysis.classes import Classes, quantile_classes
from analysis.decisions import DECIDED
from analysis.material import MapMaterial
from analysis.measure import Measure
from analysis.palette import GROUP_COLOURS, RAMPS
from analysis.programme import LoadedProgramme, grand_total, totals
from analysis.vocabulary import labels
from geo.territory import Territory
from reports import map_content as content

LIVED = " · quartier vécu"
MARKS = {
    "secret": "secret statistique",
    "absent": "non disponible",
    "not_significant": "non significatif",
    "not_comparable": "non comparable",
}
_STATUS_CLASS = {
    "secret": content.SECRET,
    "absent": content.ABSENT,
    "not_significant": content.ABSENT,
    "not_comparable": content.NOT_COMPARABLE,
}


@dataclass(frozen=True)
class Points:
    """The located projects of a programme, all years, in the order of the map's layer."""

    projects: pd.DataFrame
    layer: content.ProjectLayer
    largest_cents: int


@dataclass(frozen=True)
class Layers:
    """Switches of the map: projects, clusters, bands, names of communes, lived places."""

    projects: bool = True
    clusters: bool = True
    bands: bool = False
    communes: bool = True
    lived: bool = True


def project_points(
    territory: Territory, loaded: LoadedProgramme, only: Collection[str] | None = None
) -> Points:
    """Prepare the located projects of a programme, all years, or the projects of ``only``.

    The scale of circles is that of the whole programme either way.
    """
    frame = loaded.projects.join(loaded.located["location_status"])
    frame = frame[frame["location_status"] != "not_located"]
    groups = territory.nomenclature.groups
    order = {group.code: index for index, group in enumerate(groups)}
    group_of = {theme.code: theme.group for theme in territory.nomenclature.themes}
    granted = totals(loaded.ledger, "project_id")["granted_cents"].reindex(frame["project_id"])
    words = labels(territory, "theme")
    settled = loaded.services["situation"] == DECIDED
    lived = (loaded.services["situation"] == "lived_area").map({True: LIVED, False: ""})
    drawn = pd.DataFrame(
        {
            "project_id": frame["project_id"],
            "lon": frame["lon"],
            "lat": frame["lat"],
            "theme_index": frame["theme"].map(group_of).map(order).fillna(len(order)).astype(int),
            "undecided": (frame["location_status"] == "undecided") & ~settled[frame.index],
            "title": frame["title"],
            "operator": frame["operator"],
            "theme_label": frame["theme"].fillna("none").map(words) + lived[frame.index],
            "amount_label": _amount_labels(frame["year"], granted),
        }
    )
    if only is not None:
        chosen = frame["project_id"].isin(only)
        frame, drawn = frame[chosen], drawn[chosen]
    largest = int(granted.max()) if granted.notna().any() else 0
    return Points(frame, content.project_layer(drawn), largest)


def _amount_labels(years: pd.Series, granted: pd.Series) -> list[str]:
    return [
        f"{wording.euros(cents)} accordés en {year}"
        if not pd.isna(cents)
        else f"{year}, sans décision"
        for year, cents in zip(years, granted, strict=True)
    ]


def classes_of(measure: Measure) -> Classes:
    """Return the classes of a measure over its published quarters, as their values are printed.

    A legend whose classes followed hidden decimals would contradict the table beside it.
    """
    return quantile_classes(measure.shown, decimals=measure.decimals)


def state(
    material: MapMaterial, codes: Sequence[str], drawn: Points, layers: Layers
) -> content.MapState:
    """Return the map's state for a selection: classes of the quarters, circles of the projects."""
    measure, selection = material.measure, material.selection
    figures = measure.figures.reindex(list(codes))
    classes = classes_of(measure)
    shown = measure.shown.reindex(figures.index)
    marks = [
        str(classes.index(value)) if status == "published" else _STATUS_CLASS[status]
        for value, status in zip(shown, figures["status"], strict=True)
    ]
    producers = dict.fromkeys(material.catalogue[key].producer for key in measure.datasets)
    source = f"Source : {', '.join(producers)}" if producers else ""
    note = "\n".join(filter(None, (measure.label, measure.vintage, measure.perimeter, source)))
    return content.MapState(
        classes="".join(marks),
        labels=list(figures["text"]),
        colours=RAMPS.get(classes.count, RAMPS[5]),
        note=note,
        selected=selection.quarters[0] if selection.quarters else None,
        sizes=_sizes(material.rows, drawn, layers.projects),
        theme_colours=GROUP_COLOURS,
        theme_letters=[group.letter for group in material.territory.nomenclature.groups] + ["?"],
        bands=layers.bands,
        lived=layers.lived and material.lived,
        key=legend_key(measure, classes),
        communes=layers.communes,
        clusters=layers.clusters,
    )


def legend_key(measure: Measure, classes: Classes) -> list[tuple[str, str]]:
    """Return the lines of the legend of quarters: a class of the map's state, and its words.

    Classes with their limits and the number of their quarters, then the marks that are shown.
    """
    found = measure.shown.map(classes.index).value_counts().to_dict()
    lines = [
        (str(k), f"{_limits(measure, classes, k)} ({found.get(k, 0)})")
        for k in range(classes.count)
    ]
    present = measure.figures["status"].value_counts()
    marks = [
        (_STATUS_CLASS[status], f"{words} ({present[status]})")
        for status, words in MARKS.items()
        if status in present
    ]
    return [*lines, *marks]


def _limits(measure: Measure, classes: Classes, k: int) -> str:
    low, high = measure.text(classes.breaks[k]), measure.text(classes.breaks[k + 1])
    if low == high:
        return low
    joint = "à" if k == classes.count - 1 else "à moins de"
    return f"{low} {joint} {high}"


def _sizes(rows: pd.DataFrame, drawn: Points, visible: bool) -> str:
    granted = totals(rows, "project_id")["granted_cents"]
    shown = drawn.projects["project_id"].isin(granted.index) & visible
    cents = granted.reindex(drawn.projects["project_id"])
    return content.circle_codes(list(cents), list(shown), drawn.largest_cents)


def not_drawn(rows: pd.DataFrame, drawn: Points) -> tuple[int, Any]:
    """Count the selected projects that have no position, and their granted cents."""
    whole = grand_total(rows[~rows["project_id"].isin(drawn.projects["project_id"])])
    return int(whole["projects"]), whole["granted_cents"]
