"""The parts that every sheet has: frame, bars of money, undecided cases, sources, data."""

import hashlib
from typing import Any

import pandas as pd

from analysis import wording
from analysis.material import FICTITIOUS, Material
from analysis.palette import ACCENT
from analysis.profile import KEYS, latest_of
from analysis.programme import grand_total, totals
from analysis.selection import link_words
from analysis.vocabulary import file_stem, labels, sharing

NOT_COMPARED = "Aucun besoin publié ne peut être comparé à des crédits rattachés à un quartier."
_PAGE_OF = "/{page}?{words}"


def frame(material: Material, title: str, footer: str) -> dict[str, Any]:
    """Return what the frame of a document holds: title, author, date, foot and notice."""
    territory, year = material.territory, material.selection.year
    day = wording.day(material.day)
    return {
        "title": f"{title} – programmation {year}",
        "author": territory.contract,
        "date": f"Programmation {year} · {day}",
        "footer": wording.shortened(f"{footer} · programmation {year} · {day}", 120),
        "notice": FICTITIOUS if material.fictitious else "",
        "mark": "",
    }


def money(material: Material, rows: pd.DataFrame, what: str) -> list[dict[str, Any]]:
    """Return the granted euros by family of themes and by funder, largest first, as bars.

    Shares are of the granted total of ``rows``; ``what`` says whose part it is.
    """
    return [
        _bars(material, rows, "group", f"Accordé par famille de thèmes ({what})", "Famille"),
        _bars(material, rows, "funder", f"Accordé par financeur ({what})", "Financeur"),
    ]


def _bars(
    material: Material, rows: pd.DataFrame, column: str, title: str, head: str
) -> dict[str, Any]:
    words = labels(material.territory, column)
    cents = totals(rows, column)["granted_cents"].dropna()
    cents = cents[cents > 0].sort_values(ascending=False, kind="stable")
    whole, most = int(cents.sum()), int(cents.max()) if len(cents) else 1
    families = material.groups if column == "group" else {}
    lines = [
        {
            "letter": families[str(key)][0] if families else "",
            "label": words.get(str(key), str(key)),
            "value": wording.euros(int(value)),
            "share": wording.share(int(value), whole, 1),
            "width": int(value) / most,
            "colour": families[str(key)][2] if families else ACCENT,
        }
        for key, value in cents.items()
    ]
    total = grand_total(rows)["granted_cents"]
    shown = f"{title} : {wording.euros(total)}"
    return {"title": shown, "head": head, "rows": lines, "empty": "Aucun crédit accordé connu."}


def undecided_words(material: Material, code: str | None = None) -> list[str]:
    """Say what is not decided near a quarter, or in all, and what no quarter can be given."""
    near, rows = material.undecided
    if code is not None:
        near = near[near["nearest_qpv_code"] == code]
    lines = []
    if len(near):
        own = rows[rows["project_id"].isin(near["project_id"])]
        where = "de ce quartier" if code is not None else "d'un quartier"
        lines.append(
            f"{wording.plural(len(near), 'projet')} trop près de la limite {where} pour trancher "
            f"({wording.euros(int(own['granted_cents'].sum()))} accordés, non comptés ici)."
        )
    lost = material.unallocated
    if lost["projects"]:
        lines.append(
            f"Dans tout le contrat, {wording.plural(int(lost['projects']), 'projet')} "
            f"({wording.euros(lost['granted_cents'])} accordés) ne disent pas quel quartier ils "
            "servent."
        )
    return lines


def credits(material: Material) -> list[str]:
    """Return the data sets behind a sheet, each with its year and perimeter."""
    keys = [material.quarters_key]
    for word in KEYS:
        one = latest_of(material.readings, word)
        keys += [one.vintage.dataset] if one.vintage else []
        keys += [source.dataset for source in one.indicator.comparators]
    keys += material.territory.programme(material.selection.programme).datasets.values()
    known = [
        material.catalogue[key].credit for key in dict.fromkeys(keys) if key in material.catalogue
    ]
    rule = f"Un projet qui sert plusieurs quartiers : {sharing(material.selection.rules)}."
    return [*[wording.shortened(f"{line}.", 260) for line in known], rule]


def data_lines(material: Material, page: str, code: str = "") -> list[dict[str, str]]:
    """Say where the same figures are: permanent link, file of projects and its fingerprint.

    Those of the quarter ``code``, else of the whole selection.
    """
    selection = material.of(code) if code else material.selection
    words = "&".join(f"{key}={value}" for key, value in link_words(selection).items())
    link = material.address.rstrip("/") + _PAGE_OF.format(page=page, words=words)
    name = file_stem(material.territory, selection, "projets")
    return [
        {"label": "Lien permanent", "value": link},
        {"label": "Projets de cette sélection", "value": f"{name}.csv (page Données)"},
        {
            "label": "Empreinte SHA-256 de ce fichier",
            "value": hashlib.sha256(material.file(code)).hexdigest(),
        },
    ]
