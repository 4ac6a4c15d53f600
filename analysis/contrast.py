"""How well a text is read on a ground: the contrast of WCAG 2.2, and black or white for an ink."""

LEAST = 4.5  # to 1, for any text (WCAG 2.2, criterion 1.4.3, level AA)


def ratio(one: str, other: str) -> float:
    """Return the contrast of two colours (``#rrggbb``), from 1 (the same) to 21 (black on white).

    Source: WCAG 2.2, contrast ratio and relative luminance.
    """
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def ink(ground: str) -> str:
    """Return black or white, whichever is read better on a ground (``#rrggbb``)."""
    return max(("#000000", "#ffffff"), key=lambda colour: ratio(colour, ground))


def _luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
