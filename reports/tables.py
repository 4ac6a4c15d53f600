"""Light HTML tables: read by a screen reader, a few bytes a row, every cell escaped.

Their style is in ``ui/assets/atlas.css``.
"""

from collections.abc import Mapping, Sequence
from html import escape


def html_table(
    caption: str,
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    totals: Sequence[Sequence[str]] = (),
    highlighted: int | None = None,
    height: str = "",
    sections: Mapping[int, str] | None = None,
) -> str:
    """Return an HTML table: first column as row headers, the others as right-aligned numbers.

    ``totals`` are rows set apart at the foot; ``highlighted`` is the position of a row to mark;
    ``height`` (a CSS length) makes a long table scroll; ``sections`` gives a title to write above
    the row at a position. Every text is escaped.
    """
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in headers)
    titles = {
        index: f'<tr class=s><th scope="rowgroup" colspan="{len(headers)}">{escape(text)}</th></tr>'
        for index, text in (sections or {}).items()
    }
    body = "".join(
        titles.get(index, "") + _row(row, index == highlighted) for index, row in enumerate(rows)
    )
    foot = "".join(_row(row, False) for row in totals)
    scroll = f' style="max-height:{height};overflow:auto" tabindex="0"' if height else ""
    return (
        f'<div class="t"{scroll}><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody><tfoot>{foot}</tfoot></table></div>"
    )


def _row(cells: Sequence[str], marked: bool) -> str:
    first, *others = cells
    rest = "".join(f"<td>{escape(text)}</td>" for text in others)
    return f'<tr{" class=on" if marked else ""}><th scope="row">{escape(first)}</th>{rest}</tr>'


def fact_list(facts: Sequence[tuple[str, str]]) -> str:
    """Return an HTML list of facts, label then text; an empty text is left out, all is escaped."""
    items = "".join(
        f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in facts if text
    )
    return f'<dl class="f">{items}</dl>'
