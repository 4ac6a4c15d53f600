"""The two sentences a page opens with, written by rules from the very figures it shows.

Every function returns two sentences, or one where its docstring says so. What a figure does not
allow is said, never guessed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis import wording
from analysis.arithmetic import apart, total
from analysis.evolution import change_text
from analysis.gaps import TOGETHER, Comparison
from analysis.indicators import Indicator, Vintage
from analysis.profile import Reading
from analysis.refusals import Refusal
from analysis.sentences import difference

_SAID = ("epci", "country")


def compared(comparison: Comparison, names: Mapping[str, str]) -> str:
    """Say where a quarter stands, or how far apart quarters are, and beside what.

    ``names`` are those of the quarters, by code.
    """
    code = comparison.code
    if code is None:
        return f"{_spread(comparison, names)} {_beside(comparison)}"
    return f"{_standing(comparison, names[code])} {_gaps(comparison)}"


def _when(comparison: Comparison) -> str:
    vintage = comparison.reading.vintage
    return f" ({vintage.label})" if vintage else ""


def _standing(comparison: Comparison, name: str) -> str:
    reading, code = comparison.reading, str(comparison.code)
    status, short = reading.status(code), comparison.indicator.short
    if status == "secret":
        return f"{name} : « {short} »{_when(comparison)} est couvert par le secret statistique."
    if status != "published":
        return f"{name} : « {short} »{_when(comparison)} n'est pas disponible."
    rank = f"{reading.rank(code)} quartiers publiés"
    return f"{name} : « {short} » est de {reading.text(code)}{_when(comparison)}, {rank}."


def _gaps(comparison: Comparison) -> str:
    rows = comparison.rows
    told = rows[rows["refusal"].isna()]
    if told.empty:
        reasons = rows.loc[~rows["level"].isin([TOGETHER]), "refusal"]
        reason = reasons.iloc[0] if len(reasons) else rows["refusal"].iloc[0]
        return f"Aucun écart n'est calculé : {reason.sentence}."
    kept = told[told["level"].isin(_SAID)]
    parts = [
        f"{row['label']} {comparison.value_text(row)}, {comparison.gap_text(row)}"
        for _, row in (kept if len(kept) else told).iterrows()
    ]
    return f"À côté : {' ; '.join(parts)}."


def _spread(comparison: Comparison, names: Mapping[str, str]) -> str:
    reading = comparison.reading
    texts = pd.Series({code: reading.text(str(code)) for code in reading.quarters.index})
    figures = reading.quarters.assign(text=texts)
    return spread(f"« {comparison.indicator.short} »{_when(comparison)}", figures, names)


def spread(subject: str, figures: pd.DataFrame, names: Mapping[str, str]) -> str:
    """Say in one sentence between which quarters a measure ranges.

    ``figures`` has ``value``, ``status`` and French ``text`` of every quarter, by code.
    """
    known = figures.loc[figures["status"] == "published", "value"]
    if known.empty:
        return f"{subject} n'est publié pour aucun quartier."
    low, high = str(known.idxmin()), str(known.idxmax())
    least, most = (str(figures["text"].at[code]) for code in (low, high))
    count = wording.plural(len(figures), "quartier")
    if len(known) < len(figures):
        count = wording.plural(len(known), "quartier publié", "quartiers publiés")
        count += f" sur {wording.number(len(figures))}"
    if known.min() == known.max():
        return f"{subject} est de {least}, pour {count}."
    return f"{subject} va de {least} ({names[low]}) à {most} ({names[high]}), parmi {count}."


def _beside(comparison: Comparison) -> str:
    rows = comparison.rows
    rows = rows[(rows["status"] == "published") & rows["level"].isin((*_SAID, TOGETHER))]
    if rows.empty:
        return "Aucun territoire plus large n'est publié pour cette année-là."
    parts = [f"{row['label']} {comparison.value_text(row)}" for _, row in rows.iterrows()]
    return f"À côté : {' ; '.join(parts)}."


def evolved(
    indicator: Indicator,
    span: tuple[Vintage, Vintage],
    changes: pd.DataFrame,
    latest: Vintage,
    code: str | None,
    names: Mapping[str, str],
) -> str:
    """Say what moved between two vintages in a quarter, then in all; or why nothing is computed.

    ``changes`` comes from ``analysis.evolution.changes``, between the two vintages of ``span``;
    ``latest`` is the last vintage there is: the reader is told when it cannot be reached.
    """
    years = f"de {span[0].data_year} à {span[1].data_year}"
    quarters = f"{_moved(indicator, changes, years)}{_since(indicator, span[1], latest)}."
    if code is None:
        return f"{_extent(indicator, span)} {quarters}"
    row: Any = changes.loc[code]
    told = change_text(indicator, row)
    if row["refusal"] is not None:
        return f"{names[code]} : pas d'évolution calculée {years}, {told}. {quarters}"
    then, now = indicator.in_year(span[0].data_year), indicator.in_year(span[1].data_year)
    return (
        f"{names[code]} : « {indicator.short} » passe de {then.text(row['before'])} en "
        f"{span[0].data_year} à {now.text(row['now'])} en {span[1].data_year}, {told}. {quarters}"
    )


def _extent(indicator: Indicator, span: tuple[Vintage, Vintage]) -> str:
    return (
        f"« {indicator.short} » est comparé entre {span[0].data_year} et {span[1].data_year}, sur "
        f"le périmètre {span[1].generation}."
    )


def _moved(indicator: Indicator, changes: pd.DataFrame, years: str) -> str:
    known = changes["change"].dropna()
    whole = wording.plural(len(changes), "quartier")
    if known.empty:
        reason: Refusal = changes["refusal"].iloc[0]
        return f"Sur {whole}, aucune évolution n'est calculée {years} : {reason.sentence}"
    # The sign that is printed: a change that rounds to zero is neither a rise nor a fall.
    known = known.map(lambda value: wording.rounded(value, indicator.decimals))
    up, down = int((known > 0).sum()), int((known < 0).sum())
    sure = changes.loc[known.index, "significant"]
    doubt = int((sure == False).sum())  # noqa: E712 - missing is not False
    counted = {
        "en hausse": up,
        "en baisse": down,
        "sans changement": len(known) - up - down,
        "sans évolution calculée": len(changes) - len(known),
    }
    parts = [f"{count} {words}" for words, count in counted.items() if count]
    end = f" ; écart non significatif dans {doubt} d'entre eux" if doubt else ""
    return f"Sur {whole}, {', '.join(parts)}{end}"


def _since(indicator: Indicator, last: Vintage, latest: Vintage) -> str:
    """Say why the latest vintage is not compared with the last one of the period, if it is not."""
    refusal = apart(indicator, last, latest)
    if last == latest or refusal is None:
        return ""
    years = f"de {last.data_year} à {latest.data_year}"
    return f" ; {years}, rien n'est calculé : {refusal.sentence}"


def year_total(year: int, supported: int, whole: pd.Series, before: pd.Series | None) -> str:
    """Say in one sentence what a year grants to how many projects, and against the year before.

    ``whole`` and ``before`` are ``analysis.programme.grand_total`` (cents); ``supported`` counts
    the projects that were granted something.
    """
    projects = wording.plural(supported, "projet soutenu", "projets soutenus")
    if pd.isna(whole["granted_cents"]):
        return f"Aucun montant accordé n'est connu pour {year}."
    verb = "reçoit" if supported == 1 else "reçoivent"
    text = f"Au total, {projects} {verb} {wording.euros(whole['granted_cents'])}"
    if before is None or pd.isna(before["granted_cents"]):
        return f"{text} ; le programme ne dit rien de {year - 1}."
    then = int(before["granted_cents"])
    gap = difference(int(whole["granted_cents"]) - then, then)
    return f"{text} ({gap} par rapport à {year - 1})."


def listed(quarters: int, largest: tuple[str, int] | None) -> str:
    """Say in one sentence how many quarters a list of projects serves, and its largest amount.

    ``largest`` is the title and the granted cents of the first one, if any amount is known.
    """
    serve = (
        f"Ils servent {wording.plural(quarters, 'quartier')}"
        if quarters
        else "Aucun n'est rattaché à un quartier"
    )
    if largest is None:
        return f"{serve}."
    title, cents = largest
    return (
        f"{serve} ; le montant accordé le plus élevé est de {wording.euros(cents)} (« {title} »)."
    )


def queued(counts: pd.DataFrame, names: Mapping[str, str], projects: int) -> str:
    """Say in one sentence which doubt is the most frequent, or that there is none.

    ``counts`` has ``projects`` by kind of case, ``names`` the words of the kinds; ``projects`` is
    the number of projects of the selection.
    """
    known = counts["projects"][counts["projects"] > 0]
    if known.empty:
        return f"Sur {wording.plural(projects, 'projet')}, aucun doute n'est à lever."
    kind = str(known.idxmax())
    most = wording.plural(int(known.max()), "projet")
    return f"Le cas le plus fréquent est « {names[kind]} » : {most} sur {wording.number(projects)}."


def directory(population: Reading, poverty: Reading) -> str:
    """Say how many people live in all the quarters, and between which rates of poverty."""
    quarters = population.quarters
    whole = total(population.indicator, quarters)
    count = wording.plural(len(quarters), "quartier")
    if whole.value is None or population.vintage is None:
        people = f"{count} : leur population totale n'est pas calculée."
    else:
        people = f"{count} réunissent {wording.number(whole.value)} habitants "
        people += f"({population.vintage.label})."
    when = f" ({poverty.vintage.label})" if poverty.vintage else ""
    known = poverty.quarters.loc[poverty.quarters["status"] == "published", "value"]
    if known.empty:
        return f"{people} Leur taux de pauvreté{when} n'est pas publié."
    low, high = (poverty.text(str(code)) for code in (known.idxmin(), known.idxmax()))
    return (
        f"{people} Leur taux de pauvreté{when} va de {low} à {high}, parmi "
        f"{wording.plural(len(known), 'quartier publié', 'quartiers publiés')}."
    )


def side_by_side(
    year: int, poverty: Reading, each: pd.Series, codes: Sequence[str], names: Mapping[str, str]
) -> str:
    """Say of two to four quarters their poverty, then what each inhabitant is granted.

    ``each`` are cents an inhabitant, by code, missing where unknown.
    """
    when = f" ({poverty.vintage.label})" if poverty.vintage else ""
    rates = wording.listing([f"{poverty.text(c)} à {names[c]}" for c in codes], most=len(codes))
    money = wording.listing(
        [f"{wording.euros(_rounded(each[c]))} à {names[c]}" for c in codes], most=len(codes)
    )
    return (
        f"Le taux de pauvreté{when} est de {rates}. En {year}, les crédits accordés par habitant "
        f"sont de {money}."
    )


def _rounded(cents: float) -> int | None:
    return None if pd.isna(cents) else round(cents)


def catalogued(states: Mapping[str, int], producers: pd.Series) -> str:
    """Say how many data sets there are and in which state, then who publishes them.

    ``states`` counts data sets by French word of their state, ``producers`` has one name a set.
    """
    count = wording.plural(len(producers), "jeu de données", "jeux de données")
    told = ", ".join(wording.plural(number, word) for word, number in states.items())
    most = producers.value_counts()
    first = str(most.index[0])
    return (
        f"{count} au catalogue : {told}. Ils viennent de "
        f"{wording.plural(len(most), 'producteur')}, dont {first} pour "
        f"{wording.plural(int(most.iloc[0]), 'jeu', 'jeux')}."
    )


def imported(entries: pd.DataFrame) -> str:
    """Say what was brought in and holds, then what happens to a file that is dropped.

    ``entries`` is the journal, oldest first: ``imported_at``, ``year``, ``file_name``, ``undoes``,
    ``undone_by``.
    """
    promise = (
        "Un fichier se dépose tel qu'il est : rien n'est écrit avant votre accord, et personne "
        "d'autre ne le voit avant l'import."
    )
    held = entries[entries["undoes"].isna() & entries["undone_by"].isna()]
    if held.empty:
        return f"Aucun import n'est en vigueur. {promise}"
    last = held.iloc[-1]
    count = wording.plural(len(held), "import est", "imports sont")
    name = wording.shortened(last["file_name"], 40)
    when = wording.day(last["imported_at"])
    latest = f"le dernier, « {name} » pour {last['year']}, date du {when}"
    return f"{count} en vigueur ; {latest}. {promise}"
