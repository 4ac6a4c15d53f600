"""The French words of every code a user may meet: themes, funders, targets, situations."""

from collections.abc import Mapping

from analysis.allocation import RULES
from analysis.selection import Selection
from geo.territory import NO_PROGRAMME, Territory

# The filters of a selection: the column of the ledger, and what is said when nothing is chosen.
EVERY = {
    "themes": ("theme", "tous thèmes"),
    "funders": ("funder", "tous financeurs"),
    "statuses": ("status", "tous statuts"),
    "dispositifs": ("dispositif", "tous dispositifs"),
}

TARGET_WORDS = {
    "quarter": "Quartiers",
    "outside": "Hors quartier",
    "undecided": "Indécis (près d'une limite)",
    "territory": "Tout le territoire",
    "unallocated": "Non affecté",
}
SITUATION_WORDS = {
    "declared": "Quartier déclaré",
    "code_only": "Quartier déclaré, sans coordonnées",
    "several_codes": "Plusieurs quartiers déclarés",
    "translated_code": "Code de 2015, traduit dans le périmètre de 2024",
    "split_code": "Code de 2015 que plusieurs quartiers de 2024 continuent",
    "declared_elsewhere": "Quartier déclaré, mais position ailleurs",
    "lived_area": "Quartier vécu : lieu que le territoire rattache au quartier",
    "position": "Position dans un quartier",
    "outside": "Position hors quartier",
    "undecided": "Position trop proche d'une limite",
    "territory": "Action de tout le territoire",
    "commune": "Action de toute une commune",
    "seat_address": "Adresse du siège, qui ne dit pas le lieu de l'action",
    "suspect_position": "Coordonnées douteuses, non utilisées",
    "incomplete_position": "Position incomplète : une seule coordonnée, non utilisée",
    "address_only": "Adresse sans coordonnées",
    "unknown_code": "Code de quartier inconnu",
    "no_rule": "Plusieurs quartiers, aucune règle de partage applicable",
    "nothing": "Aucune localisation",
    "decided": "Décidé par une personne",
}
LOCATION_WORDS = {
    "inside": "dans le quartier",
    "outside": "hors quartier",
    "undecided": "indécis",
    "shared": "à cheval sur une limite",
    "not_located": "non localisé",
}
RULE_WORDS = {
    "none": "sans partage",
    "single": "un seul quartier",
    "declared": "selon les parts déclarées",
    "beneficiaries": "au prorata des bénéficiaires prévus",
    "population": "au prorata de la population",
    "equal": "à parts égales",
}
# The state of a figure, as files say it; on the screen it stands in place of the value
# (``analysis.wording.STATUS_WORDS``).
FIGURE_WORDS = {
    "published": "publié",
    "secret": "secret",
    "absent": "absent",
    "not_significant": "non significatif",
    "not_comparable": "non comparable",
}
# Ways of sharing a project between its quarters that may be chosen: the usual one, then what-ifs.
SHARINGS = {
    RULES: "Règle par défaut",
    ("population", "equal"): "Population",
    ("equal",): "Parts égales",
    (): "Non partagé",
}
AMOUNT_WORDS = {
    "requested_cents": "Demandé",
    "granted_cents": "Accordé",
    "previous_cents": "Accordé N-1 (mêmes actions)",
}


def sharing(rules: tuple[str, ...]) -> str:
    """Say in French how a project is shared between its quarters: the first rule that applies."""
    if not rules:
        return "sans partage entre quartiers"
    words = ", à défaut ".join(RULE_WORDS[rule] for rule in rules)
    return f"partage {words}" if "equal" in rules else f"partage {words}, sinon non affecté"


def what_if(rules: tuple[str, ...]) -> str:
    """Say in French that amounts are a hypothesis; empty for the usual rules."""
    if rules == RULES:
        return ""
    usual = "Les montants par quartier ne sont pas ceux de la règle par défaut."
    return f"Hypothèse : {sharing(rules)}. {usual}"


def selection_words(selection: Selection, territory: Territory, names: Mapping[str, str]) -> str:
    """Say a selection in French: year, each filter, quarters by their ``names``."""
    empty = selection.programme == NO_PROGRAMME.code
    parts = [NO_PROGRAMME.label if empty else f"Programmation {selection.year}"]
    for field, (column, every) in ({} if empty else EVERY).items():
        words = labels(territory, column)
        parts.append(", ".join(words[code] for code in getattr(selection, field)) or every)
    chosen = [names.get(code, code) for code in selection.quarters]
    parts.append(", ".join(chosen) or f"{len(names)} quartiers")
    return " · ".join(parts)


def labels(territory: Territory, column: str) -> dict[str, str]:
    """Return the French label of every code of a ledger column, in the order of display.

    ``column`` is ``theme``, ``group``, ``funder``, ``status``, ``dispositif``, ``target`` or
    ``situation``; raises KeyError for another.
    """
    words = territory.nomenclature
    by_column = {
        "theme": {term.code: term.label for term in words.themes} | {"none": "Thème non précisé"},
        "group": {term.code: term.label for term in words.groups} | {"none": "Thème non précisé"},
        "funder": {term.code: term.short for term in territory.funders},
        "status": dict(words.statuses),
        "dispositif": {term.code: term.label for term in territory.dispositifs}
        | {"none": "Dispositif non précisé"},
        "target": TARGET_WORDS,
        "situation": SITUATION_WORDS,
    }
    return by_column[column]


def label(territory: Territory, column: str, code: object) -> str:
    """Return the French label of one code; an unknown code is shown as it is."""
    return labels(territory, column).get(str(code), str(code))


def file_stem(territory: Territory, selection: Selection, name: str) -> str:
    """Return a file's name without extension: ``name``, territory, year, and flags.

    They say that the money is invented, or shared between quarters otherwise than usual.
    """
    flag = "_fictif" if territory.programme(selection.programme).fictitious else ""
    flag += "_hypothese" if selection.what_if else ""
    return f"{name}_{territory.code}_{selection.year}{flag}"
