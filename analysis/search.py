"""Find rows by words, whatever their accents and capitals."""

import unicodedata
from collections.abc import Sequence

import pandas as pd

_SAME = str.maketrans({"œ": "oe", "æ": "ae", "’": "'"})


def fold(text: str) -> str:
    """Return a text without accents, capitals and typographic variants, for comparison only."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_SAME))
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def matches(frame: pd.DataFrame, columns: Sequence[str], query: str) -> pd.Series:
    """Say for each row whether every word of ``query`` occurs in one of its columns.

    The result is a boolean Series on the frame's index; a query without words matches every row.
    """
    cells = frame[list(columns)].fillna("").astype("str")
    texts = [fold(" ".join(row)) for row in cells.to_numpy().tolist()]
    words = fold(query).split()
    found = [all(word in text for word in words) for text in texts]
    return pd.Series(found, index=frame.index, dtype=bool)
