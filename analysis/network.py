"""Who carries the projects: sentences over the actors and projects of a selection."""

import pandas as pd

from analysis import wording

_FIRST = 5


def projects_sentence(year: int, whole: pd.Series, operators: int, found_by: str = "") -> str:
    """Say how many projects and actors there are, and what was granted and requested.

    ``whole`` is ``analysis.programme.grand_total`` of the same rows (cents); ``found_by`` are the
    words of a search, if any.
    """
    searched = f" pour « {found_by} »" if found_by else ""
    count = wording.plural(int(whole["projects"]), "projet")
    actors = wording.plural(operators, "porteur")
    start = f"En {year}, {count}{searched}, de {actors}"
    if pd.isna(whole["granted_cents"]):
        return f"{start} ; aucun montant accordé n'est connu."
    granted = f"{start} : {wording.euros(whole['granted_cents'])} accordés"
    if pd.isna(whole["requested_cents"]):
        return f"{granted} (montant demandé non disponible)."
    return f"{granted} pour {wording.euros(whole['requested_cents'])} demandés."


def network_sentence(year: int, actors: pd.DataFrame) -> str:
    """Say in two sentences how concentrated the credits are among the actors.

    ``actors`` is ``analysis.programme.operators``: one row an actor, largest granted first.
    Shares are per cent of the credits granted to all these actors.
    """
    count = wording.plural(len(actors), "porteur")
    single = int((actors["projects"] == 1).sum())
    verb = "ont" if single > 1 else "a"
    alone = (
        f" Parmi eux, {wording.number(single)} n'{verb} qu'un projet."
        if single
        else " Tous portent plusieurs projets."
    )
    granted = actors["granted_cents"].dropna()
    whole = int(granted.sum())
    if len(actors) < 2 or whole == 0:
        return f"En {year}, {count}.{alone}"
    first = f"« {actors.index[0]} » reçoit {wording.share(int(granted.iloc[0]), whole)}"
    start = f"En {year}, {count} : {first} des crédits accordés"
    if len(actors) <= _FIRST:
        return f"{start}.{alone}"
    five = wording.share(int(granted.head(_FIRST).sum()), whole)
    return f"{start}, les cinq premiers {five}.{alone}"
