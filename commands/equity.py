"""``equity`` and ``coverage``: need against effort, and what is missing, as the pages show them."""

from typing import Annotated

import pandas as pd
import typer

from analysis import audience as rule
from analysis import coverage as gaps
from analysis import findings, wording
from analysis.equity import BASES
from analysis.need import DEFAULT, METHODS, Need
from analysis.selection import Selection
from commands.options import (
    LayoutOption,
    UnknownChoice,
    Words,
    as_json,
    on_selection,
    option,
    records,
    require,
    require_layout,
    show,
    warn_if_fictitious,
)
from reports.terminal import table
from store.atlas import Atlas
from store.coverage import COLUMNS, export_coverage, grid, public_rule, services
from store.equity import Answers, Choice, answers, candidates, equity, export_equity

_EQUITY = {
    "rang": "Rang",
    "nom": "Quartier",
    "besoin": "Besoin",
    "habitants": "Habitants",
    "habitants_pauvres": "Pauvres",
    "accorde_eur": "Accordé",
    "par_habitant_eur": "€/hab.",
    "part_habitants": "% hab.",
    "part_pauvres": "% pauvres",
    "part_credits": "% crédits",
    "ecart_points": "Écart",
    "motif": "Non comparé",
}
_COVERAGE = {
    "nom": "Quartier",
    "intitule": "Thème ou dispositif",
    "etat": "État",
    "projets": "Projets",
    "projets_avant": "Année avant",
    "changement": "Changement",
    "distance_m": "Distance (m)",
}

app = typer.Typer()


@app.command(
    "equity", help="Compare besoins et moyens des quartiers, comme la page Besoins et moyens."
)
@on_selection
def needs(
    atlas: Atlas,
    selection: Selection,
    indicator: Annotated[
        Words, option("--indicator", "CODE[=POIDS]", "Besoin mesuré ; peut se répéter.")
    ] = None,
    method: Annotated[str, option("--method", "MÉTHODE", f"{', '.join(METHODS)}.")] = "zscore",
    basis: Annotated[str, option("--basis", "BASE", f"{', '.join(BASES)}.")] = "population",
    layout: LayoutOption = "table",
) -> None:
    """Print the two sentences, one line a quarter, then how requests are answered."""
    require_layout(layout)
    require({"--method": (method, METHODS), "--basis": (basis, BASES)})
    choice = Choice(_weights(atlas, indicator), method, basis)
    frame = export_equity(atlas, selection, choice)
    warn_if_fictitious(atlas, selection)
    if layout == "csv":
        show(frame, _EQUITY, layout)
        return
    found = equity(atlas, selection, choice)
    sentences = [
        *findings.summary(selection.year, found),
        findings.concentration(found),
        findings.unevenness(found),
    ]
    told = _told(answers(atlas, selection))
    if layout == "json":
        content = {"phrases": sentences, "lignes": records(frame), "demandes": told}
        typer.echo(as_json(content))
        return
    typer.echo("\n".join([*sentences, "", table(_written(frame, found.need), _EQUITY), ""]))
    typer.echo("\n".join(f"{label} : {value}" for label, value in told.items()))


@app.command(help="Dit ce qui couvre les quartiers et ce qui manque, comme la page Couverture.")
@on_selection
def coverage(
    atlas: Atlas,
    selection: Selection,
    by: Annotated[str, option("--by", "COLONNE", f"{', '.join(COLUMNS)}.")] = "theme",
    threshold: Annotated[
        float | None,
        option("--threshold", "%", "Seuil du public habitant un QPV, de 0 à 100.", min=0, max=100),
    ] = None,
    layout: LayoutOption = "table",
) -> None:
    """Print the two sentences, one line a cell, then the rule on the public."""
    require_layout(layout)
    require({"--by": (by, COLUMNS)})
    frame = export_coverage(atlas, selection, by)
    warn_if_fictitious(atlas, selection)
    if layout == "csv":
        show(frame, _COVERAGE, layout)
        return
    cells = grid(atlas, selection, by).cells
    needed = services(atlas, selection)
    sentences = gaps.summary(selection.year, cells, needed, atlas.quarter_labels)
    least = atlas.territory.qpv_public_percent if threshold is None else threshold
    found = public_rule(atlas, selection, least)
    counts = {state: int((found["state"] == state).sum()) for state in rule.STATES}
    public = rule.sentence(counts, least)
    if layout == "json":
        content = {"phrases": [*sentences, public], "lignes": records(frame), "public": counts}
        typer.echo(as_json(content))
        return
    typer.echo("\n".join([*sentences, "", table(frame, _COVERAGE), "", public]))


def _weights(atlas: Atlas, words: Words) -> tuple[tuple[str, float], ...]:
    """Read ``CODE`` or ``CODE=WEIGHT``; the poverty rate alone without any.

    Raises UnknownChoice, once, with every word that cannot be used.
    """
    pairs = [word.partition("=") for word in words or [DEFAULT]]
    known = candidates(atlas)
    faults = [
        f"--indicator « {code} » inconnu, ou sans chiffre ; attendu : {', '.join(known)}."
        for code, _, _ in pairs
        if code not in known
    ]
    weights = {code: _number(weight) if sign else 1.0 for code, sign, weight in pairs}
    faults += [
        f"--indicator {code} : poids « {weight} » ; attendu : un nombre positif (2, 0.5)."
        for code, _, weight in pairs
        if weights[code] is None
    ]
    if faults:
        raise UnknownChoice("\n".join(faults))
    return tuple((code, weight) for code, weight in weights.items() if weight)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None


def _written(frame: pd.DataFrame, need: Need) -> pd.DataFrame:
    """Write the need as it is published, the shares with a decimal, no rank where there is none."""
    shares = ("part_habitants", "part_pauvres", "part_credits", "ecart_points")
    texts = {name: [wording.number(value, 1) for value in frame[name]] for name in shares}
    one = need.alone
    write = one.writing if one else lambda score: wording.number(score, 2)
    texts["besoin"] = [wording.MISSING if pd.isna(one) else write(one) for one in frame["besoin"]]
    texts["rang"] = ["–" if pd.isna(rank) else str(rank) for rank in frame["rang"]]
    return frame.assign(**texts)


def _told(found: Answers) -> dict[str, str]:
    return {
        "Effet de levier du programme 147": findings.ratio(found.leverage),
        "Actions reconduites": findings.rate(found.renewal),
        "Demandes accordées": findings.rate(found.number),
        "Euros accordés sur demandés": findings.rate(found.euros),
        "Délai de réponse médian": findings.days(found.delay),
    }
