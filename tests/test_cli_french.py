"""What the terminal says by itself is French: the help of each command, and its refusals."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

import cli

ENGLISH = re.compile(
    r"\b(usage:|arguments?:|options:|commands:|\b(show|this|message|exit|required|default|command|args"
    r"|int|str|float|list|range|text|file|missing|invalid|value|no such|try|error|should|valid"
    r"|unexpected|extra|takes?|requires?|possible|env)\b)",
    re.IGNORECASE,
)
# The names of options stay in English, and so do not count.
SHARED = re.compile(r"--\S+")


def commands() -> Iterator[tuple[str, ...]]:
    """Every way to call the program: alone, each command, each command of a group."""

    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield path
        for name, one in getattr(command, "commands", {}).items():
            yield from walk(one, (*path, name))

    yield from walk(typer.main.get_command(cli.app), ())


def english(text: str) -> set[str]:
    return {found.group().lower() for found in ENGLISH.finditer(SHARED.sub("", text))}


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_no_help_bears_a_word_of_typers_own(capfd, path):
    assert cli.main([*path, "--help"]) == 0
    out = capfd.readouterr().out
    assert english(out) == set()
    assert out.startswith(f"Usage : cli.py {' '.join(path)}".rstrip())
    assert "Affiche cette aide." in out


def test_the_words_that_are_looked_for_would_be_found():
    said = "Usage: x [ARGS]\n  --help  Show this message and exit.\n [default: a]  [required]"
    assert {"usage:", "args", "show", "default", "required"} <= english(said)


def test_the_help_says_what_must_be_given_and_what_is_taken_without_a_choice(capfd):
    cli.main(["equity", "--help"])
    assert "[par défaut : zscore]" in capfd.readouterr().out
    cli.main(["compare", "--help"])
    assert "QPV  Code du quartier. [obligatoire]" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("words", "said", "command"),
    [
        (["quarters", "--inconnu"], "« --inconnu » ; attendu : --format, --terr", "quarters"),
        (["quarters", "--ye", "2024"], "Option inconnue : « --ye »", "quarters"),
        (["quarters", "--\x1b[2J"], "Option inconnue : « -- [2J »", "quarters"),
        (["quarters", "--year"], "« --year » attend une valeur", "quarters"),
        (["import", "x", "--yes=3"], "« --yes » ne prend pas de valeur", "import"),
        (["nul"], "« nul » ; attendu : quarters, projects", ""),
        (["territory"], "Il manque une commande ; attendu : new", "territory"),
        (["territory", "nul"], "« nul » ; attendu : new", "territory"),
        (["compare"], "QPV est obligatoire ; attendu : Code du quartier", "compare"),
        (["compare", "a", "b"], "Trop de mots. Usage : cli.py compare", "compare"),
        (["undo", "abc"], "IMPORT : valeur refusée ; attendu : un nombre entier", "undo"),
        (["coverage", "--threshold", "500"], "attendu : un nombre. Seuil du public", "coverage"),
    ],
)
def test_a_line_that_is_not_understood_is_refused_in_french(capfd, words, said, command):
    assert cli.main(words) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert said in err
    assert english(err.replace(" ".join(words), "")) == set()
    assert f"« {' '.join(['cli.py', command]).strip()} --help »" in err
    assert "\x1b" not in err
