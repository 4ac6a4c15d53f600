"""The legend of the map, built from the same classes and colours as the map."""

from html import escape

from analysis.classes import Classes
from analysis.contrast import ink
from analysis.measure import Measure
from analysis.palette import GROUP_COLOURS, RAMPS
from analysis.programme import NO_THEME
from analysis.vocabulary import labels
from analysis.wording import short_euros
from geo.territory import Territory
from reports.map_content import circle_radius
from reports.map_state import MARKS, Points, legend_key

# Drawn like another mark on the map: too small a sample leaves no figure to show either.
_SWATCHES = {"not_significant": "absent"}
_EXAMPLES = (1_000_000, 5_000_000, 15_000_000)


def quarters_legend(measure: Measure, classes: Classes) -> str:
    """Return the legend of the quarters as HTML: classes with their counts, and marks."""
    title = f"<strong>{escape(measure.label)}</strong> ({escape(measure.vintage)})"
    return f'<div class="lg">{title}{_line(_classes(measure, classes) + _marks(measure))}</div>'


def projects_legend(territory: Territory, drawn: Points, clusters: bool = False) -> str:
    """Return the legend of the projects as HTML: families of themes and sizes of circles."""
    if not drawn.layer.count:
        return ""
    themes, circles = _line(_themes(territory, drawn)), _line(_circles(drawn, clusters))
    return f'<div class="lg">{themes}{circles}</div>'


def _line(items: list[str]) -> str:
    cells = "".join(f"<span>{item}</span>" for item in items)
    return f"<div>{cells}</div>"


def _classes(measure: Measure, classes: Classes) -> list[str]:
    colours = {str(k): colour for k, colour in enumerate(RAMPS.get(classes.count, ()))}
    return [
        f'<i class="c" style="background:{colours[mark]}"></i>{escape(words)}'
        for mark, words in legend_key(measure, classes)
        if mark in colours
    ]


def _marks(measure: Measure) -> list[str]:
    present = measure.figures["status"].value_counts()
    return [
        f'<i class="c {_SWATCHES.get(status, status)}"></i>{word} ({present[status]})'
        for status, word in MARKS.items()
        if status in present
    ]


def _themes(territory: Territory, drawn: Points) -> list[str]:
    words = labels(territory, "group")
    if drawn.projects["theme"].notna().all():
        words = {code: word for code, word in words.items() if code != NO_THEME}
    letters = [group.letter for group in territory.nomenclature.groups] + ["?"]
    return [
        f'<i class="d" style="background:{colour};color:{ink(colour)}">{escape(letter)}</i>'
        f"{escape(word)}"
        for word, letter, colour in zip(words.values(), letters, GROUP_COLOURS, strict=False)
    ]


def _circles(drawn: Points, clusters: bool) -> list[str]:
    first = "Surface du cercle : montant accordé dans la sélection"
    items = [f"Nombre de projets par grappe ; en zoomant, {first.lower()}" if clusters else first]
    for cents in (size for size in _EXAMPLES if size <= drawn.largest_cents):
        size = round(2 * circle_radius(cents, drawn.largest_cents))
        items.append(_circle(size, "solid") + short_euros(cents))
    hollow = _circle(12, "dashed") + "position indécise"
    return [*items, hollow]


def _circle(size: int, border: str) -> str:
    return f'<i class="o" style="width:{size}px;height:{size}px;border-style:{border}"></i>'
