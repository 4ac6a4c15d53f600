"""The page on the library: its lines are run as they are, and give what it says they give."""

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "library.md"


def blocks():
    return dict(re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S))


def test_the_lines_of_the_page_give_its_answer(tmp_path, monkeypatch):
    found = blocks()
    (tmp_path / "adresses.csv").write_text(found["csv"], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(compile(found["python"], str(PAGE), "exec"), {})  # noqa: S102 - our own page
    assert plain(told.getvalue()) == plain(found["text"])


def plain(text):
    return [re.sub(r"\s+", " ", line).strip() for line in text.strip().splitlines()]
