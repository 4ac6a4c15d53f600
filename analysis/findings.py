"""What need and effort allow to say, in plain French: rules over figures, never a judgement.

A difference is only called established when its interval leaves zero out. Texts hold names given
by users: they are plain text, to be escaped by whoever draws them.
"""

import pandas as pd

from analysis import wording
from analysis.effort import Delay, Part
from analysis.equity import BASES, Equity
from analysis.inequality import LEVEL, Interval
from analysis.need import METHODS, Need
from analysis.sentences import counted

NOT_ESTABLISHED = "pas de différence établie"
ESTABLISHED = "différence établie"
CAN_SAY = (
    "quelle part des crédits accordés va à chaque quartier, par habitant ou par habitant pauvre ;",
    "si les quartiers où le besoin mesuré est le plus fort reçoivent, ensemble, plus ou moins par "
    "personne que les autres ;",
    "si cet écart tient à quelques quartiers seulement : il est alors écrit "
    f"« {NOT_ESTABLISHED} ».",
)
CANNOT_SAY = (
    "si les projets changent la vie des habitants : les euros et le nombre de projets ne mesurent "
    "pas un effet ;",
    "qui bénéficie vraiment des projets : un habitant peut se rendre dans un autre quartier, et "
    "les crédits de droit commun (école, police, santé…) ne sont pas comptés ;",
    "si un quartier devrait recevoir plus : le besoin d'une action dépend aussi de ce qui existe "
    "déjà, et un montant élevé peut tenir à une opération exceptionnelle ;",
    "comment le besoin a évolué : ses chiffres et les euros ne sont pas de la même année.",
)


def people(basis: str) -> str:
    """Name the persons of a basis, in the plural."""
    return {"population": "habitants", "poor": "habitants pauvres"}[basis]


def measure(need: Need) -> str:
    """Name a measure of need: its indicator alone, or its indicators with their weights."""
    if need.alone:
        return need.alone.indicator.short.lower()
    shares = need.steps.groupby("indicator", sort=False)["weight"].first()
    parts = [
        f"{one.indicator.short.lower()} {wording.percent(100 * shares[one.indicator.code], 0)}"
        if one.indicator.code in shares
        else one.indicator.short.lower()
        for one in need.measured
    ]
    return f"indice composé : {', '.join(parts)} ; {METHODS[need.method]}"


def per_person(cents: float) -> str:
    """Write cents per person in whole euros (``84 €``)."""
    return (
        wording.MISSING
        if pd.isna(cents)
        else f"{wording.number(round(cents / 100))}{wording.NARROW}€"
    )


def gap(cents: float) -> str:
    """Write a difference of cents per person in whole euros, with its sign (``+36 €``)."""
    return f"{wording.signed(cents / 100)}{wording.NARROW}€"


def difference(equity: Equity) -> str:
    """Write high less low per person, from the two amounts as written, so that they add up."""
    high, low = (round(equity.per_person(codes) / 100) for codes in (equity.high, equity.low))
    return gap(100 * (high - low))


def verdict(interval: Interval | None) -> str:
    """Say whether a difference is established: the words every view shows."""
    if interval is None:
        return "trop peu de quartiers pour conclure"
    return NOT_ESTABLISHED if interval.covers_zero else ESTABLISHED


def bounds(interval: Interval | None) -> str:
    """Write the interval of a difference (``de −36 € à +133 €``); « n.d. » without one."""
    if interval is None:
        return wording.MISSING
    return f"de {gap(interval.low)} à {gap(interval.high)}"


def summary(year: int, equity: Equity) -> tuple[str, str]:
    """Return the two sentences the page opens with."""
    return _contrast(year, equity), _shares(equity)


def _contrast(year: int, equity: Equity) -> str:
    if equity.curve is None:
        return f"En {year}, aucun crédit accordé ne peut être comparé à un besoin."
    need = measure(equity.need)
    if not equity.high:
        return (
            f"En {year}, le besoin mesuré est le même dans les quartiers comparés ({need}) : rien "
            "ne les départage."
        )
    person = BASES[equity.basis]
    high, low = (equity.per_person(codes) for codes in (equity.high, equity.low))
    several = len(equity.high) > 1
    who = f"les {counted(len(equity.high), 'quartier')}" if several else "le quartier"
    verb = "reçoivent" if several else "reçoit"
    others = "les autres" if len(equity.low) > 1 else "l'autre"
    text = (
        f"En {year}, {who} au besoin le plus fort ({need}) {verb} {per_person(high)} par "
        f"{person}, {others} {per_person(low)}"
    )
    if equity.disparity is None:
        return f"{text} : {verdict(None)}."
    return (
        f"{text} : {difference(equity)} d'écart (intervalle à {LEVEL}{wording.NARROW}% "
        f"{bounds(equity.disparity)}), {verdict(equity.disparity)}."
    )


def _shares(equity: Equity) -> str:
    table, left = equity.table, left_out(equity.left_out)
    if equity.curve is None or not equity.high:
        return left
    first = table.loc[list(equity.high)]
    people = wording.percent(first["share_population"].sum(), 0)
    parts = [f"{people} des habitants"]
    if table["share_poor"].notna().all():
        parts.append(f"{wording.percent(first['share_poor'].sum(), 0)} des habitants pauvres")
    cents = wording.percent(first["share_cents"].sum(), 0)
    verbs = ("ils réunissent", "reçoivent") if len(first) > 1 else ("il réunit", "reçoit")
    among = f"Parmi les {counted(len(table), 'quartier')} comparés"
    tail = f" ; {left[0].lower()}{left[1:]}" if len(equity.left_out) else "."
    return f"{among}, {verbs[0]} {' et '.join(parts)}, et {verbs[1]} {cents} des crédits{tail}"


def left_out(reasons: pd.Series) -> str:
    """Say how many quarters are not compared and why (reasons by quarter)."""
    if reasons.empty:
        return "Tous les quartiers sont comparés."
    why = reasons.value_counts()
    told = " ; ".join(
        str(reason) if len(why) == 1 else f"{reason} ({count})" for reason, count in why.items()
    )
    many = "ne sont pas comparés" if len(reasons) > 1 else "n'est pas comparé"
    return f"{counted(len(reasons), 'quartier').capitalize()} {many} ({told})."


def concentration(equity: Equity) -> str:
    """Say what the concentration curve and its index show."""
    index = equity.concentration
    if index is None:
        return "Aucun crédit à répartir entre les quartiers comparés."
    text = f"Indice de concentration : {wording.signed(index, 2)}. "
    if wording.rounded(abs(index), 2) == 0:
        return f"{text}Les crédits suivent la part des {people(equity.basis)}."
    where = "le plus fort" if index > 0 else "le plus faible"
    return (
        f"{text}Les crédits vont aux quartiers où le besoin est {where} plus que leur part des "
        f"{people(equity.basis)} ; à 0, ils la suivraient exactement."
    )


def unevenness(equity: Equity) -> str:
    """Say how unevenly the euros are shared, whatever the need."""
    found = equity.unevenness
    if found is None:
        return "Aucun crédit à répartir entre les quartiers."
    return (
        f"Sans regarder le besoin, sur {counted(found.count, 'quartier')} : indice de Gini "
        f"{wording.number(found.gini, 2)}, indice de Theil {wording.number(found.theil, 2)} "
        f"(0 : le même montant par {BASES[equity.basis]} partout)."
    )


def ratio(part: Part | None) -> str:
    """Write a leverage in euros of others for one euro (``0,33 €``); « n.d. » without a base."""
    if part is None or not part.whole:
        return wording.MISSING
    return f"{wording.number(part.part / part.whole, 2)}{wording.NARROW}€"


def rate(part: Part | None) -> str:
    """Write a part in whole per cent; « n.d. » without a whole."""
    return wording.MISSING if part is None else wording.share(part.part, part.whole)


def days(delay: Delay) -> str:
    """Write a median delay in days; « n.d. » without dates."""
    return wording.MISSING if delay.median_days is None else f"{round(delay.median_days)} jours"
