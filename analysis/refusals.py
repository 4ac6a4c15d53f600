"""The named reasons why the atlas does not compute something, each with its French sentence."""

from dataclasses import dataclass
from enum import Enum


class Refusal(Enum):
    """Why an operation is not done; the value is the sentence shown where the figure would be."""

    MEDIAN = (
        "une médiane ne s'additionne pas et ne se moyenne pas : celle d'un ensemble demande les "
        "revenus un par un"
    )
    QUANTILE = (
        "un quantile ne s'additionne pas et ne se moyenne pas : celui d'un ensemble demande les "
        "revenus un par un"
    )
    SHARE = (
        "une part ne s'additionne pas et ne se moyenne pas sans l'effectif et le total de chaque "
        "quartier, que la source ne publie pas"
    )
    MEAN = (
        "une moyenne ne se moyenne pas sans le poids de chaque quartier, que la source ne publie "
        "pas"
    )
    INDEX = "un indice ne s'additionne pas et ne se moyenne pas"
    EVOLUTION = "une évolution ne s'additionne pas et ne se moyenne pas"
    COUNT = "ces effectifs ne s'additionnent pas d'un quartier à l'autre"
    SECRET = "un chiffre est couvert par le secret statistique, qu'un résultat trahirait"  # noqa: S105
    ABSENT = "un chiffre n'est pas publié pour cette année, et ne se remplace pas"
    NOT_COMPARABLE = "un chiffre porte sur une autre étendue"
    NOT_SIGNIFICANT = "la source dit un chiffre non significatif"
    NO_BASE = "le dénominateur est nul"
    UNPROVEN_YEAR = "l'année de la donnée n'est pas établie par la source"
    OTHER_YEAR = "les deux chiffres ne sont pas de la même année"
    SAME_YEAR = "les deux chiffres portent sur la même année de donnée"
    CONSECUTIVE = (
        "deux millésimes trop proches ne mesurent pas une évolution à l'échelle d'un quartier"
    )
    BREAK = "une rupture de série sépare les deux années"
    PERIMETER = "les deux chiffres ne sont pas mesurés sur le même périmètre"
    SIZE = "un effectif dépend de la taille du territoire : seules des parts se comparent"

    @property
    def sentence(self) -> str:
        """Return the reason in French, without capital nor final point."""
        return str(self.value)


@dataclass(frozen=True)
class Outcome:
    """The result of an operation: a value or the reason why there is none, never both."""

    value: float | None = None
    refusal: Refusal | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.refusal is None):
            raise ValueError("an outcome is a value or a refusal")
