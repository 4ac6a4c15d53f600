"""indicators.toml: every fault of every entry is named at once, and a right one is read."""

import tomllib

import pytest

from analysis.definitions import catalogue
from geo.errors import DataFileError
from tests.samples import DATA

PARTS = {"insee": ("insee_qpv",), "filosofi": (), "rpls": ("rpls_qpv",), "comparators": ("areas",)}
RIGHT = """
[series.rp]
perimeter = "Habitants."
least_years = 5

[jobs]
label = "Taux d'emploi"
short = "Emploi"
theme = "Emploi"
unit = "%"
decimals = 1
kind = "share"
direction = "less"
definition = "Une part."
series = "rp"
operation = "none"
numerator = "a"
denominator = "b"
sources = [{ part = "insee", table = "IPRO", variable = "TX_TOT_EMPL", since = 2017 }]

[people]
label = "Habitants"
short = "Habitants"
theme = "Population"
unit = "habitants"
decimals = 0
kind = "count"
direction = "neither"
definition = "Un nombre."
perimeter = "Tous."
operation = "sum"
sources = [{ part = "filosofi", variable = "pop" }]
"""


def read(text):
    return catalogue(tomllib.loads(text), PARTS)


def refusal(text):
    with pytest.raises(DataFileError) as caught:
        read(text)
    return str(caught.value)


def test_a_right_catalogue_is_read_by_theme_and_takes_from_its_series():
    found = read(RIGHT)
    assert list(found) == ["people", "jobs"], "the order of the themes"
    jobs = found["jobs"]
    assert (jobs.perimeter, jobs.least_years) == ("Habitants.", 5)
    assert [(one.part, one.dataset, one.table, one.since) for one in jobs.sources] == [
        ("insee", "insee_qpv", "IPRO", 2017)
    ]
    assert found["people"].sources == (), "the territory has no such data set"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('theme = "Emploi"', 'theme = "Travail"', ("« theme » : « Travail »", "Emploi")),
        ('kind = "share"', 'kind = "taux"', ("« kind » : « taux »", "count, share")),
        ('direction = "less"', 'direction = "bas"', ("« direction » : « bas »", "more, less")),
        ("decimals = 1", "decimals = true", ("« decimals » : « True »",)),
        ("decimals = 1", "decimals = 9", ("« decimals » : « 9 »", "0 à 3")),
        ('unit = "%"', "unit = 3", ("« unit » : « 3 »", "un texte")),
        ('definition = "Une part."\n', "", ("champ « definition » absent",)),
        ('numerator = "a"\n', "", ("champ « numerator » absent", "ce qu'elle rapporte")),
        ('numerator = "a"', 'numerateur = "a"', ("champ « numerateur » inconnu",)),
        ('series = "rp"', 'series = "x"', ("série « x » inconnue", "rp")),
        ('operation = "none"', 'operation = "sum"', ("« operation » : « sum »", "weighted_mean")),
        ('operation = "none"', 'operation = "weighted_mean"', ("rapport de deux effectifs",)),
        ("decimals = 1", 'decimals = 1\nbreaks = "2018"', ("« breaks »", "liste d'années")),
        ('part = "insee"', 'part = "météo"', ("« part » : « météo »", "insee, filosofi")),
        ('table = "IPRO", ', "", ()),
        ('variable = "TX_TOT_EMPL"', "variable = 3", ("« variable » : « 3 »",)),
        (", since = 2017", ', since = "2017"', ("« since »", "une année")),
        (", since = 2017", ", depuis = 2017", ("champ « depuis » inconnu",)),
        ('short = "Habitants"', 'short = "Emploi"', ("« short » est aussi celui de « jobs »",)),
        ("least_years = 5", "cest = 1", ("série « rp » : champ « cest » inconnu",)),
        ('unit = "habitants"', 'unit = "%"', ()),
    ],
)
def test_a_fault_is_named(before, after, words):
    assert before in RIGHT
    changed = RIGHT.replace(before, after, 1)
    if not words:
        read(changed)
        return
    told = refusal(changed)
    for word in words:
        assert word in told


def test_a_ratio_is_a_share_in_per_cent():
    told = refusal(RIGHT.replace('variable = "pop"', 'variable = "a/b"'))
    assert "« people »" in told
    assert "donne une part" in told


def test_every_fault_is_told_at_once():
    broken = (
        RIGHT.replace('theme = "Emploi"', 'theme = "x"')
        .replace("decimals = 0", "decimals = -1")
        .replace('definition = "Un nombre."\n', "")
        .replace('part = "insee"', 'part = "y"')
    )
    told = refusal(broken)
    assert "4 défaut(s)" in told
    for word in (
        "« jobs » : « theme »",
        "« people » : « decimals »",
        "« definition » absent",
        "« y »",
    ):
        assert word in told


@pytest.mark.parametrize("text", ["", "jobs = 3", "series = 3", "[series]\nrp = 3"])
def test_what_is_no_catalogue_is_refused(text):
    assert "défaut(s)" in refusal(text)


def test_the_catalogue_of_the_project_has_no_fault():
    content = tomllib.loads((DATA / "indicators.toml").read_text(encoding="utf-8"))
    assert len(catalogue(content, {part: (part,) for part in PARTS})) == len(content) - 1
