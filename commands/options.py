"""What the commands share: the options that select projects, choices checked all at once, output.

A command that works on a selection is decorated with ``on_selection``: it takes the atlas and the
selection first, and the terminal gives it the options of the sidebar.
"""

import inspect
import json
from collections.abc import Callable, Collection
from datetime import date
from functools import wraps
from typing import Annotated, Any

import pandas as pd
import typer

from analysis.allocation import RULES
from analysis.selection import NO_SHARING, Selection, rules_of
from analysis.vocabulary import AMOUNT_WORDS, labels, what_if
from geo.errors import AtlasError
from geo.location import INDICATIVE
from geo.writers import to_csv
from reports.terminal import table
from store.atlas import Atlas, open_atlas
from store.tables import EUROS, totals_of

LAYOUTS = ("table", "csv", "json")
Word = str | None
Words = list[str] | None


def option(flag: str, metavar: str, words: str, **settings: Any) -> Any:
    """Declare an option of a command: its flag, what it takes, and its help in French."""
    return typer.Option(flag, metavar=metavar, help=words, **settings)


TerritoryOption = Annotated[Word, option("--territory", "CODE", "Territoire de data/territories/.")]
LayoutOption = Annotated[
    str, option("--format", "FORMAT", f"{', '.join(LAYOUTS)}.", show_default=False)
]
_SELECTION: dict[str, Any] = {
    "territory": TerritoryOption,
    "programme": Annotated[Word, option("--programme", "CODE", "Programme de projets.")],
    "year": Annotated[Word, option("--year", "ANNÉE", "Année ; sans elle, la dernière.")],
    "theme": Annotated[Words, option("--theme", "CODE", "Thème ; peut se répéter.")],
    "funder": Annotated[Words, option("--funder", "CODE", "Financeur ; peut se répéter.")],
    "status": Annotated[Words, option("--status", "CODE", "Statut ; peut se répéter.")],
    "dispositif": Annotated[Words, option("--dispositif", "CODE", "Dispositif ; peut se répéter.")],
    "rule": Annotated[
        Word,
        option(
            "--rule",
            "RÈGLE",
            f"Partage d'un projet entre ses quartiers : {', '.join(RULES)}, dans l'ordre voulu et "
            f"séparées par des virgules, ou {NO_SHARING}. Sans elle, la règle par défaut.",
        ),
    ],
    "quarter": Annotated[Words, option("--quarter", "QPV", "Code de quartier ; peut se répéter.")],
}


class UnknownChoice(AtlasError):
    """A word of the command line is not one of those allowed; the message lists them."""


def on_selection(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``(atlas, selection, **its own options)`` the options of a selection.

    Raises UnknownChoice, once, with every word that the territory or the programme does not know.
    """
    own = list(inspect.signature(command, eval_str=True).parameters.values())[2:]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in _SELECTION.items()
    ]
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own] + shared

    @wraps(command)
    def run(**given: Any) -> None:
        words = {name: given.pop(name) for name in _SELECTION}
        atlas = open_atlas(code=words.pop("territory"))
        command(atlas, _selection(atlas, **words), **given)

    # Typer reads a command's options from its signature and its annotations.
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _selection(
    atlas: Atlas, programme: Word, year: Word, rule: Word, **filters: Words
) -> Selection:
    territory = atlas.territory
    code = programme or territory.default_programme
    require({"--programme": (code, [known.code for known in territory.programmes])})
    years = [str(known) for known in atlas.years(code)]
    choices: dict[str, tuple[Word, Collection[str]]] = {"--year": (year or years[0], years)}
    rules = RULES if rule is None else rules_of(rule)
    if rules is None:
        choices["--rule"] = (rule or "vide", [*RULES, NO_SHARING])
    chosen = {name: tuple(dict.fromkeys(words or ())) for name, words in filters.items()}
    for name, words in chosen.items():
        known = atlas.quarter_labels if name == "quarter" else labels(territory, name)
        unknown = [word for word in words if word not in known]
        if unknown:
            choices[f"--{name}"] = (", ".join(unknown), list(known))
    require(choices)
    return Selection(
        rules=RULES if rules is None else rules,
        programme=code,
        year=int(year or years[0]),
        themes=chosen["theme"],
        funders=chosen["funder"],
        statuses=chosen["status"],
        dispositifs=chosen["dispositif"],
        quarters=chosen["quarter"],
    )


def require(choices: dict[str, tuple[Word, Collection[str]]]) -> None:
    """Refuse every word that is not one of those allowed, all at once.

    ``choices`` gives, by option, the word and those known. Raises UnknownChoice.
    """
    faults = [
        f"{flag} « {word} » inconnu ; attendu : {', '.join(known)}."
        if word
        else f"{flag} est obligatoire ; attendu : {', '.join(known)}."
        for flag, (word, known) in choices.items()
        if word is None or word not in known
    ]
    if faults:
        raise UnknownChoice("\n".join(faults))


def require_each(choices: dict[str, tuple[Collection[str], Collection[str]]]) -> None:
    """Refuse, all at once, the words of several that are not among those known (``require``)."""
    unknown = {
        flag: (", ".join(word for word in words if word not in known), known)
        for flag, (words, known) in choices.items()
        if any(word not in known for word in words)
    }
    require(dict(unknown))


def require_layout(layout: str) -> None:
    """Refuse an unknown ``--format`` of a printed table."""
    require({"--format": (layout, LAYOUTS)})


def require_out(out: Word) -> str:
    """Return the file to write, or refuse its absence."""
    if not out:
        raise UnknownChoice("--out est obligatoire ; attendu : le nom du fichier à écrire.")
    return out


def day_of(word: Word) -> date:
    """Return the day of a ``--date``, today without it; UnknownChoice for another text."""
    try:
        return date.fromisoformat(word) if word else date.today()
    except ValueError as error:
        raise UnknownChoice(
            f"--date « {word} » n'est pas une date ; attendu : AAAA-MM-JJ, comme 2026-01-31."
        ) from error


def warn_if_fictitious(atlas: Atlas, selection: Selection) -> None:
    """Say on the standard error that the programme is a fictitious one, if it is."""
    if atlas.territory.programme(selection.programme).fictitious:
        typer.echo("Données fictives : programme de démonstration.", err=True)


def say_limits(atlas: Atlas, selection: Selection) -> None:
    """Say on the standard error what limits the figures: fiction, a what-if, indicative places."""
    warn_if_fictitious(atlas, selection)
    for words in filter(None, (what_if(selection.rules), INDICATIVE)):
        typer.echo(words, err=True)


def show(frame: pd.DataFrame, headers: dict[str, str], layout: str) -> None:
    """Print a frame: every column as CSV or JSON, those of ``headers`` as a table."""
    if layout == "csv":
        typer.echo(to_csv(frame), nl=False)
    elif layout == "json":
        typer.echo(as_json(records(frame)))
    else:
        typer.echo(table(frame, headers))


def say_totals(atlas: Atlas, selection: Selection, *, err: bool = False) -> None:
    """Print where all the money of a selection goes, to the cent; ``err``: beside the output."""
    words = dict(zip(EUROS, AMOUNT_WORDS.values(), strict=True))
    headers = {"destination": "Total = somme des lignes", "projets": "Projets", **words}
    typer.echo("\n" + table(totals_of(atlas, selection), headers), err=err)


def as_json(content: object) -> str:
    """Write JSON for a person and a program: indented, accents kept, no NaN."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2)


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a frame as JSON takes them: what is missing is null."""
    plain = frame.astype("object").where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def harmless(text: str) -> str:
    """Return a text without anything a terminal would obey."""
    return "".join(sign if sign.isprintable() or sign == "\u202f" else " " for sign in text)
