"""What a run of ``locate`` found: rows by state, words for the user, and a sample to judge by."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis import wording
from analysis.vocabulary import LOCATION_WORDS
from geo.location import INDICATIVE
from store.positions import numbers

_PER_PIECE = 64  # rows of each piece that are kept in the sample


@dataclass
class Outcome:
    """What was found: rows by state of location, and what the user should know.

    ``sample`` holds, by name of file, the coordinates of rows taken from end to end of it (columns
    ``x`` and ``y``, on the number of the row from 0).
    """

    states: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    sample: dict[str, list[pd.DataFrame]] = field(default_factory=dict)

    def watcher(
        self, name: str, axes: list[str], first: int = 0, each: int = _PER_PIECE
    ) -> Callable[[pa.Table], None]:
        """Return what counts the states of pieces of answers, as they come, and samples them.

        ``axes`` are the two columns of coordinates, ``first`` the number of the first row.
        """
        done = first

        def watch(table: pa.Table) -> None:
            """Count the states of a table and keep its examples."""
            nonlocal done
            for state in pc.value_counts(table["location_status"].cast(pa.string())).to_pylist():
                self.states[state["values"]] += state["counts"]
            rows = np.arange(0, table.num_rows, max(1, table.num_rows // each))
            x, y = (numbers(table[axis].take(pa.array(rows)).to_pandas()) for axis in axes)
            frame = pd.DataFrame({"x": x, "y": y}, index=rows + done)
            self.sample.setdefault(name, []).append(frame)
            done += table.num_rows

        return watch

    def add(self, other: "Outcome") -> None:
        """Add what was found of another part of the rows."""
        self.states.update(other.states)
        for name, frames in other.sample.items():
            self.sample.setdefault(name, []).extend(frames)

    def told(self) -> str:
        """Return the count of rows, one line a state, and what the answers are worth."""
        lines = [
            f"  {LOCATION_WORDS[state]} : {wording.number(count)}"
            for state, count in self.states.most_common()
        ]
        rows = wording.plural(self.states.total(), "ligne")
        return "\n".join([f"{rows}.", *lines, INDICATIVE])
