"""How QGIS draws the layers of a GeoPackage: quarters by classes, projects by family of themes."""

from collections.abc import Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement, tostring

import pandas as pd

from analysis import wording
from analysis.classes import quantile_classes
from analysis.indicators import Indicator
from analysis.palette import GROUP_COLOURS, RAMPS
from analysis.vocabulary import FIGURE_WORDS
from geo.territory import Territory

_UNSAID = {"secret": "#9a9a9a", "absent": "#d9d9d9", "not_significant": "#bdbdbd"}
_UNSAID |= {"not_comparable": "#c9b8a8"}
# A rule of drawing: the filter of QGIS, the words of the legend, the colour, the pattern.
Rule = tuple[str, str, str, str]


def quarters_style(indicator: Indicator, values: pd.Series) -> str:
    """Return the QML of quarters: the classes of an indicator, hatches where it has no value.

    Secret, absent, not significant and not comparable have each their hatch and their words.
    """
    breaks = quantile_classes(values.astype("float64"), decimals=indicator.decimals).breaks
    column = f'"{indicator.code}"'
    colours = RAMPS.get(max(len(breaks) - 1, 1), RAMPS[5])
    rules: list[Rule] = []
    for rank, (low, high) in enumerate(pairwise(breaks)):
        last = rank == len(breaks) - 2
        above = f"{column} {'<=' if last else '<'} {high!r}"
        words = f"{_text(indicator, low)} à {_text(indicator, high)}"
        rules.append((f"{column} >= {low!r} AND {above}", words, colours[rank], "solid"))
    for code, colour in _UNSAID.items():
        condition = f"\"{indicator.code}_statut\" = '{FIGURE_WORDS[code]}'"
        rules.append((condition, FIGURE_WORDS[code], colour, "f_diagonal"))
    return _qml(rules, "fill")


def projects_style(territory: Territory) -> str:
    """Return the QML of projects: one colour a family of themes, grey without a theme."""
    words = territory.nomenclature
    rules: list[Rule] = []
    for group, colour in zip(words.groups, GROUP_COLOURS, strict=False):
        codes = [theme.code for theme in words.themes if theme.group == group.code]
        listed = ", ".join("'" + code.replace("'", "''") + "'" for code in codes)
        rules.append((f'"theme_code" IN ({listed})', group.label, colour, "circle"))
    rules.append(("ELSE", "Thème non précisé", GROUP_COLOURS[-1], "circle"))
    return _qml(rules, "marker")


def _text(indicator: Indicator, value: float) -> str:
    return (
        wording.number(value, indicator.decimals)
        if indicator.unit != "%"
        else (wording.percent(value, indicator.decimals))
    )


def _qml(rules: Sequence[Rule], kind: str) -> str:
    root = Element("qgis", version="3.28.0", styleCategories="Symbology")
    renderer = SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0")
    listed = SubElement(renderer, "rules", key="{atlas}")
    symbols = SubElement(renderer, "symbols")
    for rank, (condition, words, colour, pattern) in enumerate(rules):
        SubElement(
            listed,
            "rule",
            key=f"{{atlas-{rank}}}",
            filter=condition,
            label=words,
            symbol=str(rank),
        )
        symbol = SubElement(symbols, "symbol", name=str(rank), type=kind, alpha="1")
        name = "SimpleFill" if kind == "fill" else "SimpleMarker"
        drawn = SubElement(symbol, "layer", {"class": name, "enabled": "1", "locked": "0"})
        options = SubElement(drawn, "Option", type="Map")
        for key, value in _drawing(kind, colour, pattern).items():
            SubElement(options, "Option", name=key, type="QString", value=value)
    head = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    return head + tostring(root, encoding="unicode")


def _drawing(kind: str, colour: str, pattern: str) -> dict[str, str]:
    colours = {"color": _rgba(colour), "outline_color": "60,60,60,255", "outline_width": "0.3"}
    if kind == "fill":
        return {**colours, "style": pattern, "outline_style": "solid"}
    return {**colours, "name": pattern, "size": "2.6", "size_unit": "MM"}


def _rgba(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"{red},{green},{blue},255"
