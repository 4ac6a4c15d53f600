"""A wide grid that says each of its cells by a text and a tone, never by the tone alone.

The first column and the headers stay in sight while the rest scrolls. Style in
``ui/assets/atlas.css``; every text is escaped.
"""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

# The samples of each entry of the legend (tone, text), then what they mean.
LEGEND = (
    (
        (("covered few", "1"), ("covered some", "2"), ("covered many", "4")),
        "nombre de projets soutenus",
    ),
    ((("covered few", "1\u202f+"),), "case gagnée depuis l'année précédente"),
    ((("lost", "perdu"),), "case perdue"),
    ((("pending", "attend"),), "seulement des demandes en cours d'examen"),
    ((("empty", "–"),), "case vide"),
)


class Cell(NamedTuple):
    """A cell: its tone (a CSS class), its text, and the whole sentence shown on hover."""

    tone: str
    text: str
    meaning: str


def tone(projects: int) -> str:
    """Return the tone of a covered cell: three depths, so that grey print keeps them apart."""
    if projects >= 4:
        return "covered many"
    return "covered some" if projects >= 2 else "covered few"


def matrix(
    caption: str,
    corner: str,
    headers: Sequence[str],
    rows: Sequence[tuple[str, Sequence[Cell]]],
    foot: Sequence[tuple[str, Sequence[str]]] = (),
) -> str:
    """Return the grid as an HTML table, its column headers upright."""
    head = "".join(f'<th scope="col"><span>{escape(text)}</span></th>' for text in headers)
    body = "".join(
        f'<tr><th scope="row">{escape(label)}</th>{"".join(map(_cell, cells))}</tr>'
        for label, cells in rows
    )
    feet = "".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        f"{''.join(f'<td>{escape(text)}</td>' for text in texts)}</tr>"
        for label, texts in foot
    )
    return (
        f'<div class="mx" tabindex="0"><table><caption>{escape(caption)}</caption><thead><tr>'
        f'<th scope="col">{escape(corner)}</th>{head}</tr></thead><tbody>{body}</tbody>'
        f"<tfoot>{feet}</tfoot></table></div>"
    )


def legend() -> str:
    """Return what each tone and text means."""
    parts = "".join(
        f"<span>{''.join(map(_sample, samples))}{escape(meaning)}</span>"
        for samples, meaning in LEGEND
    )
    return f'<p class="mxl">{parts}</p>'


def _cell(cell: Cell) -> str:
    tones, text, meaning = (escape(part) for part in cell)
    return f'<td class="{tones}" title="{meaning}">{text}</td>'


def _sample(sample: tuple[str, str]) -> str:
    tones, text = sample
    return f'<i class="{escape(tones)}">{escape(text)}</i>'
