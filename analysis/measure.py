"""One measure of every quarter, as a map colours it and a table writes it."""

from dataclasses import dataclass

import pandas as pd

from analysis import wording

EFFORT = "granted_per_inhabitant"


@dataclass(frozen=True)
class Measure:
    """One measure of every quarter: ``figures`` holds ``value``, ``status`` and French ``text``."""

    code: str
    label: str
    unit: str
    decimals: int
    figures: pd.DataFrame
    vintage: str
    perimeter: str
    datasets: tuple[str, ...]

    @property
    def shown(self) -> pd.Series:
        """Return the published values as they are printed, rounded half to even."""
        known = self.figures.loc[self.figures["status"] == "published", "value"]
        return known.astype("float64").map(lambda value: wording.rounded(value, self.decimals))

    def text(self, value: float) -> str:
        """Write a value of this measure (a break of the legend) in French, with its unit."""
        if self.unit == "%":
            return wording.percent(value, self.decimals)
        words = wording.number(value, self.decimals)
        return f"{words}{wording.NARROW}{self.unit}" if self.unit.startswith("€") else words
