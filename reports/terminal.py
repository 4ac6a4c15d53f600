"""Frames as a terminal shows them."""

import pandas as pd

from analysis import wording

_WIDEST = 40


def table(frame: pd.DataFrame, headers: dict[str, str]) -> str:
    """Return a frame laid out for a terminal: text to the left, French numbers to the right.

    ``headers`` gives the columns shown and their titles. A text takes one line of 40 signs at most,
    without anything a terminal obeys.
    """
    columns = [_column(frame[name], title) for name, title in headers.items()]
    lines = ["  ".join(cells).rstrip() for cells in zip(*columns, strict=True)]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _column(values: pd.Series, title: str) -> list[str]:
    if pd.api.types.is_numeric_dtype(values):
        decimals = 2 if str(values.name).endswith("_eur") else 0
        texts = [title, *(wording.number(value, decimals) for value in values)]
        width = max(map(len, texts))
        return [text.rjust(width) for text in texts]
    texts = [title, *(_one_line(value) for value in values)]
    width = max(map(len, texts))
    return [text.ljust(width) for text in texts]


def _one_line(value: object) -> str:
    """Write a text on one line, at most _WIDEST signs, without anything a terminal obeys."""
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    text = "".join(sign if sign.isprintable() else " " for sign in str(value))
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
