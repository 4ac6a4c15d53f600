"""One selection, chosen once and holding on every page, in every export and command."""

from dataclasses import dataclass, field

import pandas as pd

from analysis.allocation import RULES


@dataclass(frozen=True)
class Selection:
    """What is looked at: a programme, a year and filters; an empty filter lets everything pass.

    ``rules`` share a project between its quarters (``analysis.allocation.allocate``); others than
    the usual ones are a what-if.
    """

    programme: str
    year: int
    themes: tuple[str, ...] = field(default=())
    funders: tuple[str, ...] = field(default=())
    statuses: tuple[str, ...] = field(default=())
    dispositifs: tuple[str, ...] = field(default=())
    quarters: tuple[str, ...] = field(default=())
    rules: tuple[str, ...] = field(default=RULES)

    @property
    def what_if(self) -> bool:
        """Say whether the money is shared otherwise than usual."""
        return self.rules != RULES


USUAL_INDICATOR = "poverty_rate"  # of a map, until another is chosen
NO_SHARING = "aucun"  # the word for "share nothing between quarters"


def rules_of(text: str) -> tuple[str, ...] | None:
    """Read rules of sharing as a link or an option writes them: ``population,equal``, ``aucun``.

    None when a word is unknown or comes twice.
    """
    words = () if text == NO_SHARING else tuple(text.split(","))
    return words if set(words) <= set(RULES) and len(set(words)) == len(words) else None


def rules_text(rules: tuple[str, ...]) -> str:
    """Write rules of sharing as ``rules_of`` reads them."""
    return ",".join(rules) or NO_SHARING


_COLUMNS = {
    "themes": "theme",
    "funders": "funder",
    "statuses": "status",
    "dispositifs": "dispositif",
}


def apply(ledger: pd.DataFrame, selection: Selection, *, quarters: bool = True) -> pd.DataFrame:
    """Return the rows of the ledger that the selection lets pass.

    ``quarters=False`` leaves the choice of quarters out: a map colours every quarter even when
    one is chosen.
    """
    keep = ledger["year"] == selection.year
    for name, column in _COLUMNS.items():
        chosen = getattr(selection, name)
        if chosen:
            keep &= ledger[column].isin(chosen)
    if quarters and selection.quarters:
        keep &= ledger["qpv_code"].isin(selection.quarters)
    return ledger[keep.fillna(False)]


_WORDS = {
    "themes": "theme",
    "funders": "financeur",
    "statuses": "statut",
    "dispositifs": "dispositif",
    "quarters": "quartier",
}


def link_words(selection: Selection) -> dict[str, str]:
    """Return the words of the URL that reproduce a selection."""
    words = {"programme": selection.programme, "annee": str(selection.year)}
    chosen = {word: getattr(selection, name) for name, word in _WORDS.items()}
    words |= {word: ",".join(codes) for word, codes in chosen.items() if codes}
    return words | ({"partage": rules_text(selection.rules)} if selection.what_if else {})
