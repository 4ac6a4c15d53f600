"""The shared rule of many calls for projects: a least part of the public lives in a quarter."""

from collections.abc import Mapping

import pandas as pd

from analysis import wording
from geo import declared

STATES = {
    "met": "Règle respectée",
    "below": "En dessous du seuil",
    "unknown": "n.d. : le dossier ne le dit pas",
    "inconsistent": "Incohérent : plus d'habitants de QPV que de bénéficiaires",
}


def audience(projects: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Say of each project whether its public meets the rule, on the index of ``projects``.

    ``projects`` keeps contract PROJECTS; ``threshold`` is in per cent of the planned beneficiaries.
    People of the quarters are ``qpv_residents``, else the sum of ``qpv_beneficiaries`` (planned by
    quarter). Columns: ``residents``, ``beneficiaries``, ``share`` (per cent), ``state`` (a key of
    STATES). A project that does not say, or plans nobody, is "unknown", never below; more residents
    than beneficiaries is "inconsistent". The threshold itself is met.
    """
    people = projects["beneficiaries"]
    summed = projects["qpv_beneficiaries"].map(_sum, na_action="ignore").astype("Int64")
    residents = projects["qpv_residents"].fillna(summed)
    known = (people.notna() & residents.notna() & (people > 0)).fillna(False).astype(bool)
    too_many = known & (residents > people).fillna(False)
    met = known & (100 * residents >= threshold * people).fillna(False)
    state = pd.Series("unknown", index=projects.index, dtype="str")
    state = state.mask(known, "below").mask(met, "met").mask(too_many, "inconsistent")
    share = (100 * residents.astype("Float64") / people.where(people > 0)).astype("float64")
    return pd.DataFrame(
        {
            "residents": residents,
            "beneficiaries": people,
            "share": share.where(known & ~too_many),
            "state": state,
        }
    )


def _sum(cell: str) -> int | None:
    return sum(declared.counts(cell)) or None


def totals(found: pd.DataFrame, cents: pd.Series) -> pd.DataFrame:
    """Return projects and granted cents of each state, every state, in order.

    ``found`` is ``audience``'s answer, ``cents`` the granted amount of each project on its index;
    a missing amount adds nothing.
    """
    amounts = cents.fillna(0).astype("int64")
    frame = pd.DataFrame({"state": found["state"], "projects": 1, "granted_cents": amounts})
    return frame.groupby("state").sum().reindex(list(STATES), fill_value=0)


def sentence(counts: Mapping[str, int], threshold: float) -> str:
    """Say how many projects meet the rule (number of projects by state)."""
    whole = sum(counts.values())
    if not whole:
        return "Aucun projet soutenu dans cette sélection."
    least = wording.percent(threshold, 0 if float(threshold).is_integer() else 1)
    text = (
        f"Sur {wording.plural(whole, 'projet soutenu', 'projets soutenus')}, "
        f"{wording.number(counts['met'])} prévoient au moins {least} de public habitant un QPV, "
        f"{wording.number(counts['below'])} moins, et {wording.number(counts['unknown'])} ne le "
        "disent pas (n.d., ce n'est pas un manquement)"
    )
    if counts["inconsistent"]:
        text += f" ; {wording.number(counts['inconsistent'])} ont des nombres incohérents"
    return f"{text}."
