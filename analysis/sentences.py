"""Sentences that figures write: rules over totals, in plain French, without a judgement.

Each function takes totals already made by ``analysis.programme`` (amounts in integer cents) and
says nothing they do not hold. What a figure does not allow is left out, never guessed. The texts
hold names given by users: they are plain text, to be escaped by whoever draws them.
"""

import pandas as pd

from analysis import wording
from analysis.vocabulary import TARGET_WORDS

_MOST_NAMED = 5
_NUMBERS = ("aucun", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix")
TARGET_MEANINGS = {
    "quarter": "Le projet déclare ce quartier, ou sa position y tombe sans doute possible.",
    "outside": "Le projet se tient hors de tout quartier et n'en déclare aucun.",
    "undecided": "Le projet est trop près d'une limite pour que sa position tranche.",
    "territory": "Le projet s'adresse à tout le territoire, sans quartier désigné.",
    "unallocated": "Rien dans le dossier ne dit quel quartier le projet sert.",
}


def counted(count: int, noun: str) -> str:
    """Write a small masculine count in words (``cinq quartiers``), a larger one in figures."""
    if 0 < count < len(_NUMBERS):
        return f"{_NUMBERS[count]} {noun if count == 1 else noun + 's'}"
    return wording.plural(count, noun)


def headline(
    year: int, whole: pd.Series, quarters: pd.DataFrame, chosen: tuple[str, ...] = ()
) -> str:
    """Say in one sentence where the granted credits of a year go.

    ``whole`` is ``grand_total`` of the selection; ``quarters`` has every quarter of the territory
    by code, with ``granted_cents`` and ``population``; ``chosen`` are the quarters of the
    selection, if it names any. "Credits" are granted amounts; inhabitants, those of all quarters.
    """
    if not _known(whole["granted_cents"]):
        return f"En {year}, aucun crédit accordé n'est connu dans cette sélection."
    located = int(quarters["granted_cents"].sum())
    if not located:
        return (
            f"En {year}, {wording.euros(whole['granted_cents'])} sont accordés ; aucun montant "
            "n'est rattaché à un quartier."
        )
    if chosen:
        return _of_chosen(year, quarters, list(chosen), located)
    return _concentration(year, quarters, located)


def _of_chosen(year: int, quarters: pd.DataFrame, chosen: list[str], located: int) -> str:
    cents = int(quarters.loc[chosen, "granted_cents"].sum())
    one = len(chosen) == 1
    who = "le quartier choisi reçoit" if one else f"les {_chosen(len(chosen))} reçoivent"
    people = _inhabitants(quarters, chosen, " ; il" if one else " ; ils")
    return (
        f"En {year}, {who} {wording.euros(cents)}, soit {wording.share(cents, located)} des "
        f"crédits accordés aux quartiers{people}."
    )


def _chosen(count: int) -> str:
    return f"{counted(count, 'quartier')} choisis"


def _concentration(year: int, quarters: pd.DataFrame, located: int) -> str:
    served = quarters["granted_cents"][quarters["granted_cents"] > 0]
    most = min(max(1, min(_MOST_NAMED, len(quarters) // 3)), len(served))
    first = served.sort_values(ascending=False, kind="stable").head(most)
    share = wording.share(int(first.sum()), located)
    return (
        f"En {year}, {share} des crédits accordés aux quartiers vont à "
        f"{counted(most, 'quartier')}{_inhabitants(quarters, list(first.index), ' qui')}."
    )


def _inhabitants(quarters: pd.DataFrame, codes: list[str], subject: str) -> str:
    """Return the part of the quarters' inhabitants, or nothing if one population is missing."""
    people = quarters["population"]
    if people.isna().any() or not people.sum():
        return ""
    share = wording.share(int(people[codes].sum()), int(people.sum()))
    verb = "réunit" if len(codes) == 1 else "réunissent"
    return f"{subject} {verb} {share} des habitants des QPV"


def leading(cents: pd.Series, words: dict[str, str], lead: str, what: str) -> str:
    """Name the part that comes first, its amount and its share of the whole (granted cents).

    ``cents`` is indexed by code, ``words`` gives the names; ``lead`` opens the sentence and
    ``what`` names the whole, in the plural.
    """
    known = cents.dropna()
    if not known.sum():
        return "Aucun crédit accordé n'est connu ici."
    code, most = str(known.idxmax()), int(known.max())
    share = wording.share(most, int(known.sum()))
    return f"{lead} : {words.get(code, code)} ({wording.euros(most)}, {share} des {what})."


def without(cents: pd.Series, words: dict[str, str]) -> str:
    """Name the quarters that no granted credit reaches (cents by code, names by code)."""
    none = [words.get(str(code), str(code)) for code, value in cents.items() if not _known(value)]
    if not none:
        return "Tous les quartiers montrés reçoivent des crédits."
    how_many = counted(len(none), "quartier").capitalize()
    return f"{how_many} sans crédit accordé : {wording.listing(none)}."


def requested_and_granted(year: int, whole: pd.Series, pending: int | None) -> str:
    """Say what was asked and granted; ``pending`` are the cents still under examination."""
    granted = wording.euros(whole["granted_cents"])
    if pd.isna(whole["requested_cents"]):
        return (
            f"En {year}, {granted} sont accordés ; le fichier ne donne pas les montants demandés."
        )
    text = (
        f"En {year}, {wording.euros(whole['requested_cents'])} sont demandés et {granted} accordés"
    )
    if pending is not None and _known(pending):
        return f"{text} ; {wording.euros(pending)} de demandes sont encore en cours d'examen."
    return f"{text}."


def evolution(
    year: int, changed: pd.DataFrame, words: dict[str, str], what: str = "crédits accordés"
) -> str:
    """Say how granted credits moved since the year before, and where most.

    ``changed`` is the result of ``analysis.programme.change``, indexed by code; ``what`` names
    the amounts it adds up. A group without a known amount is left out and named.
    """
    known = changed.dropna(subset=["difference"])
    lost = [words.get(str(code), str(code)) for code in changed.index.difference(known.index)]
    pending = f" Sans montant connu, hors de ce calcul : {wording.listing(lost)}." if lost else ""
    before, now = int(known["before"].sum()), int(known["now"].sum())
    if not known[["before", "now"]].any(axis=None):
        return f"Aucun montant parmi les {what}, ni en {year - 1} ni en {year}.{pending}"
    text = (
        f"De {year - 1} à {year}, les {what} passent de {wording.euros(before)} à "
        f"{wording.euros(now)} ({difference(now - before, before)}).{pending}"
    )
    moved = known["difference"]
    if len(moved) < 2:
        return text
    if (moved > 0).any():
        text += f" Hausse la plus forte : {_moved(moved, str(moved.idxmax()), words)}."
    if (moved < 0).any():
        text += f" Baisse la plus forte : {_moved(moved, str(moved.idxmin()), words)}."
    return text


def _moved(moved: pd.Series, code: str, words: dict[str, str]) -> str:
    return f"{words.get(code, code)} ({signed_euros(int(moved[code]))})"


def signed_euros(cents: int | None) -> str:
    """Write a difference of cents in euros with its sign (``+139 829 €``); « n.d. » if missing."""
    if cents is None or pd.isna(cents):
        return wording.MISSING
    return f"{wording.signed(cents / 100)}{wording.NARROW}€"


def difference(cents: int, before: int) -> str:
    """Write a difference in euros and, where there was something before, in per cent."""
    if not before:
        return signed_euros(cents)
    return f"{signed_euros(cents)}, {wording.signed(100 * cents / before, 1)}{wording.NARROW}%"


def identity(buckets: pd.DataFrame) -> str:
    """Say how the granted credits split between quarters and the rest (``by_target``)."""
    cents = buckets["granted_cents"].fillna(0)
    whole = int(cents.sum())
    if not whole:
        return "Aucun crédit accordé à répartir."
    quarter = int(cents["quarter"])
    rest = [
        f"{word.lower()} {wording.share(int(cents[target]), whole)}"
        for target, word in TARGET_WORDS.items()
        if target != "quarter" and cents[target]
    ]
    text = (
        f"Sur {wording.euros(whole)} accordés, {wording.euros(quarter)} "
        f"({wording.share(quarter, whole)}) vont à des quartiers identifiés"
    )
    return f"{text} ; le reste : {', '.join(rest)}." if rest else f"{text}."


def _known(cents: object) -> bool:
    """Say whether an amount is there and is not zero."""
    return bool(pd.notna(cents) and cents)  # type: ignore[call-overload]
