"""French numbers, money and years, the same on the screen, in files and in the terminal."""

from datetime import date
from decimal import Decimal

import pandas as pd
from babel.dates import format_date
from babel.numbers import format_decimal

LOCALE = "fr_FR"
NARROW = "\u202f"
MISSING = "n.d."
SECRET = "secret"  # noqa: S105 - statistical secrecy, not a password
NOT_COMPARABLE = "non comparable"
NOT_SIGNIFICANT = "n.s."
STATUS_WORDS = {
    "absent": MISSING,
    "secret": SECRET,
    "not_significant": NOT_SIGNIFICANT,
    "not_comparable": NOT_COMPARABLE,
}


def number(value: float | int | None, decimals: int = 0) -> str:
    """Write a number the French way (``1 234,5``); a missing one is « n.d. »."""
    if value is None or pd.isna(value):
        return MISSING
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return str(format_decimal(value, format=pattern, locale=LOCALE))


def rounded(value: float, decimals: int = 0) -> float:
    """Return a value as ``number`` prints it: rounded half to even on its decimal writing."""
    return float(round(Decimal(str(value)), decimals))


def percent(value: float | None, decimals: int = 1) -> str:
    """Write a value already in per cent (12.5 → ``12,5 %``)."""
    text = number(value, decimals)
    return text if text == MISSING else f"{text}{NARROW}%"


def share(part: int | float, whole: int | float, decimals: int = 0) -> str:
    """Write ``part`` in per cent of ``whole``; « n.d. » if one is missing or the whole is zero."""
    if pd.isna(part) or pd.isna(whole) or not whole:
        return MISSING
    return percent(100 * float(part) / float(whole), decimals)


def euros(cents: int | None, decimals: int = 0) -> str:
    """Write integer cents as euros, rounded to ``decimals`` (``4 032 150 €``)."""
    if cents is None or pd.isna(cents):
        return MISSING
    return f"{number(int(cents) / 100, decimals)}{NARROW}€"


def short_euros(cents: int | None) -> str:
    """Write integer cents as headline euros (``4,0 M€``, ``123 k€``)."""
    if cents is None or pd.isna(cents):
        return MISSING
    amount = int(cents) / 100
    if abs(amount) < 10_000:
        return euros(cents)
    if abs(amount) < 999_500:  # from there the thousands would round to « 1 000 k€ »
        return f"{number(amount / 1000)}{NARROW}k€"
    return f"{number(amount / 1_000_000, 1)}{NARROW}M€"


def metres(value: float) -> str:
    """Write a distance in metres (``3,2 m``, ``250 m``), in kilometres from ten (``12 km``)."""
    if value >= 10_000:
        return f"{number(value / 1000)}{NARROW}km"
    return f"{number(value, 1 if value < 10 else 0)}{NARROW}m"


def signed(value: float, decimals: int = 0) -> str:
    """Write a difference with its sign (``+1 234``, ``−5,2``)."""
    text = number(abs(value), decimals)
    if float(f"{abs(value):.{decimals}f}") == 0:
        return text
    return f"{'+' if value > 0 else '−'}{text}"


def points(value: float, decimals: int = 1) -> str:
    """Write a difference of two percentages (``+3,2 points``, ``−0,4 point``)."""
    noun = "point" if abs(rounded(value, decimals)) < 2 else "points"
    return f"{signed(value, decimals)}{NARROW}{noun}"


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Write a count and its noun (``1 projet``, ``2 projets``)."""
    return f"{number(count)} {noun if abs(count) < 2 else many or noun + 's'}"


def listing(words: list[str], most: int = 3) -> str:
    """Join words in a French list, at most ``most`` of them by name."""
    if len(words) > most + 1:
        return f"{', '.join(words[:most])} et {len(words) - most} autres"
    return " et ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def stopped(text: str) -> str:
    """End a text with one full stop, unless it already ends as a sentence does."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def day(value: date) -> str:
    """Write a date in full (``23 novembre 2026``, ``1er mai 2026``)."""
    text = str(format_date(value, format="long", locale=LOCALE))
    return f"1er{text[1:]}" if value.day == 1 else text


def shortened(text: str, most: int) -> str:
    """Return a text of ``most`` signs at most, cut with an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
