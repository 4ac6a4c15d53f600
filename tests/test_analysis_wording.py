from datetime import date
from typing import Any

import pandas as pd
import pytest

from analysis import wording

N = "\u202f"
NA: Any = pd.NA


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (wording.number(1234.5, 1), f"1{N}234,5"),
        (wording.number(0), "0"),
        (wording.number(1234567), f"1{N}234{N}567"),
        (wording.number(None), "n.d."),
        (wording.number(NA), "n.d."),
        (wording.number(float("nan"), 2), "n.d."),
        (wording.percent(12.5), f"12,5{N}%"),
        (wording.percent(48, 0), f"48{N}%"),
        (wording.percent(None), "n.d."),
        (wording.share(1, 3), f"33{N}%"),
        (wording.share(1, 3, 1), f"33,3{N}%"),
        (wording.share(1, 0), "n.d."),
        (wording.share(NA, 3), "n.d."),
        (wording.share(1, NA), "n.d."),
        (wording.euros(403_215_000), f"4{N}032{N}150{N}€"),
        (wording.euros(104_572_056, 2), f"1{N}045{N}720,56{N}€"),
        (wording.euros(0), f"0{N}€"),
        (wording.euros(None), "n.d."),
        (wording.euros(NA), "n.d."),
        (wording.short_euros(403_215_000), f"4,0{N}M€"),
        (wording.short_euros(12_345_678), f"123{N}k€"),
        (wording.short_euros(99_949_999), f"999{N}k€"),
        (wording.short_euros(99_960_000), f"1,0{N}M€"),
        (wording.short_euros(999_900), f"9{N}999{N}€"),
        (wording.short_euros(None), "n.d."),
        (wording.signed(1234), f"+1{N}234"),
        (wording.signed(-5.2, 1), "−5,2"),
        (wording.signed(0), "0"),
        (wording.signed(-0.04, 1), "0,0"),
        (wording.plural(0, "projet"), "0 projet"),
        (wording.plural(1, "projet"), "1 projet"),
        (wording.plural(1500, "projet"), f"1{N}500 projets"),
        (wording.plural(2, "bailleur social", "bailleurs sociaux"), "2 bailleurs sociaux"),
        (wording.listing([]), ""),
        (wording.listing(["A"]), "A"),
        (wording.listing(["A", "B", "C"]), "A, B et C"),
        (wording.listing(["A", "B", "C", "D", "E"]), "A, B, C et 2 autres"),
        (wording.day(date(2026, 11, 3)), "3 novembre 2026"),
        (wording.day(date(2026, 11, 1)), "1er novembre 2026"),
        (wording.day(date(2026, 11, 11)), "11 novembre 2026"),
    ],
)
def test_french_words(text, expected):
    assert text == expected
