"""The documents asked for, one after the other, with the name of each file."""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence

from analysis.material import Material
from analysis.selection import Selection
from analysis.vocabulary import file_stem
from geo.territory import Territory
from reports.contract import territory_pdf
from reports.sheet import quarter_pdf
from reports.yearly import yearly_pdf

EVERY = "all"
KINDS = {"territoire": territory_pdf, "bilan": yearly_pdf}
_OLDEST = (1980, 1, 1, 0, 0, 0)  # the first day a zip can say


def printed(material: Material, asked: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the file name and the PDF of each document asked for, once each, in order.

    ``asked`` are codes of quarters, EVERY (all of them) or words of KINDS.
    """
    every = list(material.labels)
    wanted = [word for one in asked for word in (every if one == EVERY else [one])]
    for word in dict.fromkeys(wanted):
        yield file_name(material.territory, material.selection, word), _document(material, word)


def _document(material: Material, word: str) -> bytes:
    return KINDS[word](material) if word in KINDS else quarter_pdf(material, word)


def file_name(territory: Territory, selection: Selection, word: str) -> str:
    """Return the name of a document: what it is, territory, year, and flags."""
    stem = word if word == "bilan" else f"fiche_{word}"
    return f"{file_stem(territory, selection, stem)}.pdf"


def zipped(
    documents: Iterator[tuple[str, bytes]], told: Callable[[str], None] | None = None
) -> bytes:
    """Return documents as one zip, the same bytes whenever it is made.

    ``told`` is called with the name of each document when it is ready.
    """
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:  # a PDF is compressed already
        for name, content in documents:
            archive.writestr(zipfile.ZipInfo(name, _OLDEST), content)
            if told:
                told(name)
    return whole.getvalue()
