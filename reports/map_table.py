"""The figures of a map as a table, and what it cannot show: the same on screen and in a file."""

import pandas as pd

from analysis import wording
from analysis.material import MapMaterial
from analysis.programme import by_target, grand_total, placed_projects
from analysis.vocabulary import TARGET_WORDS
from reports import map_state
from reports.tables import html_table


def quarters_table(material: MapMaterial, most: int | None = None) -> str:
    """Return the table of the map, as HTML: a row a quarter (``most`` of them), totals at its foot.

    Quarters run from the highest figure to the lowest, those without one last.
    """
    selection, chosen = material.selection, material.measure
    table = material.table.join(chosen.figures)
    table = table.sort_values("value", ascending=False, na_position="last", kind="stable")
    marked = [code in selection.quarters[:1] for code in table.index]
    cut = most is not None and len(table) > most
    first = f", les {most} premiers sur {len(table)}" if cut else ""
    return html_table(
        f"Les mêmes chiffres en tableau ({selection.year}, tous quartiers{first})",
        ("Quartier", chosen.label, "Projets", "Accordé"),
        [_line(row) for _, row in table.head(most or len(table)).iterrows()],
        totals=_totals(material.every),
        highlighted=marked.index(True) if any(marked) else None,
    )


def projects_table(material: MapMaterial) -> str:
    """Return the projects of a selection as an HTML table, those without a position included."""
    table = placed_projects(material.programme, material.rows)
    placed = table["location_status"].ne("not_located").map({True: "oui", False: "sans position"})
    names = ["title", "operator", "granted_cents"]
    lines = [
        (title, operator, where, wording.euros(cents))
        for (title, operator, cents), where in zip(
            table[names].itertuples(index=False, name=None), placed, strict=True
        )
    ]
    headers = ("Projet", "Porteur", "Sur la carte", "Accordé")
    return html_table(f"Projets de la sélection ({material.selection.year})", headers, lines)


def not_drawn(rows: pd.DataFrame, drawn: map_state.Points) -> str:
    """Say in HTML how many projects the map cannot show, and their euros; empty if none."""
    count, cents = map_state.not_drawn(rows, drawn)
    if not count:
        return ""
    words = wording.plural(count, "projet sans position", "projets sans position")
    return (
        f'<p class="sources">{words} ({wording.euros(cents)} accordés) : comptés dans les totaux, '
        "absents de la carte.</p>"
    )


def _totals(rows: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    parts = [(TARGET_WORDS[str(target)], part) for target, part in by_target(rows).iterrows()]
    return [
        (name, "", wording.number(part["projects"]), wording.euros(part["granted_cents"]))
        for name, part in [*parts, ("Total", grand_total(rows))]
    ]


def _line(row: pd.Series) -> tuple[str, str, str, str]:
    return (
        row["label"],
        row["text"],
        wording.number(row["projects"]),
        wording.euros(row["granted_cents"]),
    )
