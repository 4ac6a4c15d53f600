"""Accounts: the tables of amounts behind the charts, with totals equal to the cent."""

import pandas as pd

from analysis import sentences, wording
from analysis.allocation import CENTS
from analysis.programme import NO_THEME, by_target, grand_total
from analysis.vocabulary import AMOUNT_WORDS, SITUATION_WORDS, TARGET_WORDS
from ui.tables import html_table

CHANGE = "Crédits accordés d'une année à l'autre"
EXACT = "Le total, au centime"


def cents_or_zero(cents: object) -> int:
    """Return an amount in cents, zero where it is missing: for sums and bars, not for texts."""
    return 0 if pd.isna(cents) else int(cents)  # type: ignore[call-overload]


def share_of(cents: object, whole: int) -> str:
    """Write an amount in per cent of a whole (both in cents); « n.d. » if it is missing."""
    return wording.MISSING if pd.isna(cents) else wording.share(int(cents), whole)  # type: ignore[call-overload]


def quarters_table(table: pd.DataFrame, distinct: int, year: int) -> str:
    """Return the HTML table of quarters (rows of ``store.tables.quarter_table``).

    ``distinct`` is the number of projects that serve at least one of them.
    """
    whole = int(table["granted_cents"].sum())
    rows = []
    for _, line in table.iterrows():
        label, projects, _, granted, share = _money_row(line["label"], line, whole)
        each = line["granted_per_inhabitant"]
        rows.append((label, projects, granted, share, _rounded_euros(each)))
    total = ("Ensemble (projets distincts)", wording.number(distinct), wording.euros(whole), "", "")
    headers = ("Quartier", "Projets", "Accordé", "Part", "Par habitant")
    return html_table(caption(year, "quartier"), headers, rows, totals=[total])


def caption(year: int, what: str) -> str:
    """Return the caption of the table of a year by quarter, theme or funder."""
    return f"Programmation {year}, par {what}"


def _rounded_euros(cents: float) -> str:
    return wording.euros(None if pd.isna(cents) else round(cents))


def themes_table(
    families: pd.DataFrame,
    themes: pd.DataFrame,
    groups: dict[str, str],
    whole: pd.Series,
    year: int,
) -> str:
    """Return the HTML table of families of themes, each followed by its themes.

    Both frames are totals with a ``label``; ``groups`` gives the family of each theme; ``whole``
    is ``grand_total`` of the same rows.
    """
    granted = cents_or_zero(whole["granted_cents"])
    rows = []
    for family, line in families.iterrows():
        rows.append(_money_row(line["label"], line, granted))
        own = themes[[groups.get(str(code), NO_THEME) == family for code in themes.index]]
        rows += [_money_row(f"– {theme['label']}", theme, granted) for _, theme in own.iterrows()]
    return _money_table("Famille – thème", rows, whole, caption(year, "thème"))


def funders_table(table: pd.DataFrame, whole: pd.Series, year: int) -> str:
    """Return the HTML table of funders: requested and granted (totals with a ``label``)."""
    granted = cents_or_zero(whole["granted_cents"])
    rows = [_money_row(line["label"], line, granted) for _, line in table.iterrows()]
    return _money_table("Financeur", rows, whole, caption(year, "financeur"))


def _money_table(first: str, rows: list[tuple[str, ...]], whole: pd.Series, caption: str) -> str:
    total = _money_row("Ensemble (projets distincts)", whole, cents_or_zero(whole["granted_cents"]))
    headers = (first, "Projets", "Demandé", "Accordé", "Part de l'accordé")
    return html_table(caption, headers, rows, totals=[total])


def _money_row(label: str, line: pd.Series, whole: int) -> tuple[str, ...]:
    return (
        label,
        wording.number(line["projects"]),
        wording.euros(line["requested_cents"]),
        wording.euros(line["granted_cents"]),
        share_of(line["granted_cents"], whole),
    )


def change_table(changed: pd.DataFrame, year: int) -> str:
    """Return the HTML table of two years (``analysis.programme.change`` with a ``label``)."""
    rows = [_change_row(line["label"], line) for _, line in changed.iterrows()]
    # What is not known in one of the years would look like a rise or a fall of the whole.
    known = changed.dropna(subset=["difference"])
    name = "Ensemble" if len(known) == len(changed) else "Ensemble (hors montants inconnus)"
    total = _change_row(name, known[["before", "now", "difference"]].sum())
    headers = ("", f"Accordé {year - 1}", f"Accordé {year}", "Différence")
    return html_table(CHANGE, headers, rows, totals=[total])


def _change_row(label: str, line: pd.Series) -> tuple[str, ...]:
    moved = sentences.signed_euros(line["difference"])
    return (label, wording.euros(line["before"]), wording.euros(line["now"]), moved)


def identity(rows: pd.DataFrame, caption: str) -> str:
    """Return the totals of some rows as an HTML table: whole = the five targets, to the cent.

    ``rows`` are those of the ledger; requested, granted and previous amounts each add up.
    """
    parts = [(TARGET_WORDS[str(target)], part) for target, part in by_target(rows).iterrows()]
    lines = [(name, *_counted(part)) for name, part in parts]
    headers = ("Destination", "Projets", *AMOUNT_WORDS.values())
    return html_table(caption, headers, lines, totals=[("Total", *_counted(grand_total(rows)))])


def _counted(part: pd.Series) -> tuple[str, ...]:
    return (wording.number(part["projects"]), *(wording.euros(part[name], 2) for name in CENTS))


def identity_table(buckets: pd.DataFrame, whole: pd.Series) -> str:
    """Return the HTML table of the targets, each explained, and their total, to the cent."""
    granted = cents_or_zero(whole["granted_cents"])
    rows = []
    for code, line in buckets.iterrows():
        target = str(code)
        words = f"{TARGET_WORDS[target]}. {sentences.TARGET_MEANINGS[target]}"
        rows.append(_exact_row(words, line, granted))
    return _exact_table(EXACT, "Affectation", rows, whole)


def reasons_table(found: pd.DataFrame, whole: pd.Series) -> str:
    """Return the HTML table of the situations that led to each target.

    ``found`` is the totals by target and situation, in this order.
    """
    granted = cents_or_zero(whole["granted_cents"])
    codes = found.index.to_frame(index=False)
    rows = [
        _exact_row(
            f"{TARGET_WORDS[target]} – {SITUATION_WORDS[situation]}",
            found.loc[(target, situation)],
            granted,
        )
        for target in TARGET_WORDS
        for situation in codes.loc[codes["target"] == target, "situation"]
    ]
    return _exact_table("Situations rencontrées", "Affectation – situation du projet", rows, whole)


def _exact_table(caption: str, first: str, rows: list[tuple[str, ...]], whole: pd.Series) -> str:
    total = _exact_row("Ensemble", whole, cents_or_zero(whole["granted_cents"]))
    headers = (first, "Projets", "Accordé", "Part", "Demandé", AMOUNT_WORDS["previous_cents"])
    return html_table(caption, headers, rows, totals=[total])


def _exact_row(label: str, line: pd.Series, whole: int) -> tuple[str, ...]:
    return (
        label,
        wording.number(line["projects"]),
        wording.euros(line["granted_cents"], 2),
        share_of(line["granted_cents"], whole),
        wording.euros(line["requested_cents"], 2),
        wording.euros(line["previous_cents"], 2),
    )
