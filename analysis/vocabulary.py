"""The French words of every code a user may meet: themes, funders, targets, situations."""

from geo.territory import Territory

TARGET_WORDS = {
    "quarter": "Quartiers",
    "outside": "Hors quartier",
    "undecided": "Indécis (près d'une limite)",
    "territory": "Tout le territoire",
    "unallocated": "Non affecté",
}
SITUATION_WORDS = {
    "declared": "Quartier déclaré",
    "declared_elsewhere": "Quartier déclaré, mais position ailleurs",
    "position": "Position dans un quartier",
    "outside": "Position hors quartier",
    "undecided": "Position trop proche d'une limite",
    "territory": "Action de tout le territoire",
    "commune": "Action de toute une commune",
    "address_only": "Adresse sans coordonnées",
    "unknown_code": "Code de quartier inconnu",
    "nothing": "Aucune localisation",
}
LOCATION_WORDS = {
    "inside": "dans le quartier",
    "outside": "hors quartier",
    "undecided": "indécis",
    "not_located": "non localisé",
}
RULE_WORDS = {
    "none": "sans partage",
    "single": "un seul quartier",
    "population": "au prorata de la population",
    "equal": "à parts égales",
}
AMOUNT_WORDS = {
    "requested_cents": "Demandé",
    "granted_cents": "Accordé",
    "previous_cents": "Année précédente",
}


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
