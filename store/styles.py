"""How QGIS draws the layers of a GeoPackage: quarters by classes, projects by family of themes.

QML as QGIS 3 writes it itself: rules under one heading, which the legend shows, symbols by name,
labels. Opened and drawn with QGIS 3.22, outside the tests.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement, tostring

import pandas as pd

from analysis import wording
from analysis.classes import quantile_classes
from analysis.indicators import Indicator
from analysis.palette import ACCENT, GROUP_COLOURS, RAMPS
from analysis.vocabulary import FIGURE_WORDS, LOCATION_WORDS
from geo.territory import Territory

_WHITE, _GREY = "#ffffff", "#8a8a8a"
# Where there is no value: colour and pattern. Secret is dotted, absent white, others hatched apart.
_UNSAID = {
    "secret": (_GREY, "dense5"),
    "absent": (_WHITE, "solid"),
    "not_significant": (_GREY, "b_diagonal"),
    "not_comparable": (_GREY, "f_diagonal"),
}
_PLACES = {"inside": ACCENT, "outside": "#b35806", "undecided": _WHITE, "shared": "#88ccee"}
_LARGEST_MM, _SMALLEST_MM = 7.0, 1.4  # diameter of a project's disc
_NAMED_FROM = 60_000  # the scale, 1 to so many, from which quarters bear their name
# A rule of drawing: the filter of QGIS, the words of the legend, the colour, the pattern.
Rule = tuple[str, str, str, str]


def quarters_style(indicator: Indicator, values: pd.Series, when: str = "") -> str:
    """Return the QML of quarters: the classes of an indicator, patterns where it has no value.

    Secret, absent, not significant and not comparable have each their pattern and their words;
    ``when`` (the year of the figures) stands beside the indicator's name over the legend. Each
    quarter bears its name.
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
    for code, (colour, pattern) in _UNSAID.items():
        condition = f"\"{indicator.code}_statut\" = '{FIGURE_WORDS[code]}'"
        rules.append((condition, FIGURE_WORDS[code], colour, pattern))
    heading = f"{indicator.label} ({when})" if when else indicator.label
    return _qml(heading, rules, "fill", label="nom")


def projects_style(territory: Territory, largest_eur: float) -> str:
    """Return the QML of projects: one colour a family of themes, grey without a theme.

    A disc's area follows the granted euros, up to ``largest_eur``; an undecided place is hollow.
    """
    words = territory.nomenclature
    rules: list[Rule] = []
    for group, colour in zip(words.groups, GROUP_COLOURS, strict=False):
        codes = [theme.code for theme in words.themes if theme.group == group.code]
        listed = ", ".join(_quoted(code) for code in codes)
        rules.append((f'"theme_code" IN ({listed})', group.label, colour, "circle"))
    rules.append(("ELSE", "Thème non précisé", GROUP_COLOURS[-1], "circle"))
    share = f'sqrt(coalesce("accorde_eur", 0) / {max(largest_eur, 1.0)!r})'
    sizes = {"size": f"max({_SMALLEST_MM}, {_LARGEST_MM} * {share})"}
    return _qml("Famille de thèmes (disque : euros accordés)", rules, "marker", sizes)


def locations_style() -> str:
    """Return the QML of positions: in a quarter, out of any, undecided (hollow), on a limit."""
    rules = [
        (
            f'"etat_position" = {_quoted(LOCATION_WORDS[code])}',
            LOCATION_WORDS[code],
            colour,
            "circle",
        )
        for code, colour in _PLACES.items()
    ]
    return _qml("Position du projet", rules, "marker")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(indicator: Indicator, value: float) -> str:
    return (
        wording.number(value, indicator.decimals)
        if indicator.unit != "%"
        else (wording.percent(value, indicator.decimals))
    )


def _qml(
    heading: str,
    rules: Sequence[Rule],
    kind: str,
    defined: Mapping[str, str] | None = None,
    label: str = "",
) -> str:
    root = Element("qgis", version="3.22.0", styleCategories="Symbology|Labeling")
    if label:
        root.set("labelsEnabled", "1")
    renderer = SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0")
    trunk = SubElement(renderer, "rules", key="{atlas}")
    listed = SubElement(trunk, "rule", key="{atlas-legende}", label=heading)
    symbols = SubElement(renderer, "symbols")
    for rank, (condition, words, colour, pattern) in enumerate(rules):
        named = {"key": f"{{atlas-{rank}}}", "filter": condition, "label": words}
        SubElement(listed, "rule", named, symbol=str(rank))
        symbol = SubElement(symbols, "symbol", name=str(rank), type=kind, alpha="1")
        name = "SimpleFill" if kind == "fill" else "SimpleMarker"
        drawn = SubElement(symbol, "layer", {"class": name, "enabled": "1", "locked": "0"})
        _options(drawn, _drawing(kind, colour, pattern))
        hollow = _hollow(colour) if defined else {}
        _defined(drawn, {**(defined or {}), **hollow})
    if label:
        _labels(root, label)
    head = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    return head + tostring(root, encoding="unicode")


def _options(parent: Element, values: Mapping[str, str]) -> None:
    options = SubElement(parent, "Option", type="Map")
    for key, value in values.items():
        SubElement(options, "Option", name=key, type="QString", value=value)


def _hollow(colour: str) -> dict[str, str]:
    """Draw an undecided place as a ring of its colour."""
    undecided = f'"etat_position" = {_quoted(LOCATION_WORDS["undecided"])}'
    return {
        "fillColor": f"if({undecided}, '255,255,255,255', '{_rgba(colour)}')",
        "outlineColor": f"if({undecided}, '{_rgba(colour)}', '{_edge(colour)}')",
    }


def _defined(layer: Element, expressions: Mapping[str, str]) -> None:
    """Write what an expression decides feature by feature (type 3 of QGIS)."""
    if not expressions:
        return
    whole = SubElement(SubElement(layer, "data_defined_properties"), "Option", type="Map")
    SubElement(whole, "Option", name="name", type="QString", value="")
    each = SubElement(whole, "Option", name="properties", type="Map")
    for key, expression in expressions.items():
        one = SubElement(each, "Option", name=key, type="Map")
        SubElement(one, "Option", name="active", type="bool", value="true")
        SubElement(one, "Option", name="expression", type="QString", value=expression)
        SubElement(one, "Option", name="type", type="int", value="3")
    SubElement(whole, "Option", name="type", type="QString", value="collection")


def _labels(root: Element, column: str) -> None:
    labeling = SubElement(root, "labeling", type="simple")
    settings = SubElement(labeling, "settings", calloutType="simple")
    style = SubElement(
        settings, "text-style", fieldName=column, fontSize="8", fontSizeUnit="Point",
        textColor="36,40,47,255", isExpression="0", textOpacity="1",
    )  # fmt: skip
    SubElement(
        style, "text-buffer", bufferDraw="1", bufferSize="0.8", bufferSizeUnits="MM",
        bufferColor="255,255,255,255", bufferOpacity="1",
    )  # fmt: skip
    SubElement(settings, "placement", placement="0", centroidWhole="1", priority="5")
    # From afar a name would hide its quarter.
    SubElement(
        settings, "rendering", scaleVisibility="1", scaleMin="1", scaleMax=str(_NAMED_FROM),
        displayAll="0", drawLabels="1",
    )  # fmt: skip


def _drawing(kind: str, colour: str, pattern: str) -> dict[str, str]:
    colours = {"color": _rgba(colour), "outline_color": "60,60,60,255", "outline_width": "0.3"}
    if kind == "fill":
        return {**colours, "style": pattern, "outline_style": "solid"}
    colours["outline_color"] = _edge(colour)
    return {**colours, "name": pattern, "size": "2.6", "size_unit": "MM"}


def _edge(colour: str) -> str:
    """Return the edge of a disc: white on a dark class of quarters, dark around white."""
    return "60,60,60,255" if colour == _WHITE else "255,255,255,255"


def _rgba(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"{red},{green},{blue},255"
