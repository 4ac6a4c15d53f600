"""What the atlas owes to Streamlit in accessibility, as data (``data/accessibility.toml``)."""

import tomllib
from pathlib import Path
from typing import NamedTuple

from geo.catalogue import RESTORE
from geo.errors import DataFileError

_ISSUES = "https://github.com/streamlit/streamlit/issues/"


class Gap(NamedTuple):
    """A shortcoming of Streamlit's own: axe-core's rule (may be empty), elements, issue, words."""

    rule: str
    selector: str
    issue: int
    words: str

    @property
    def address(self) -> str:
        """Return the address of Streamlit's issue."""
        return f"{_ISSUES}{self.issue}"


def gaps(directory: Path) -> list[Gap]:
    """Read the shortcomings that are Streamlit's, from the data directory.

    Raises DataFileError when the file is absent or one of them has not its four parts.
    """
    path = directory / "accessibility.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return [Gap(**entry) for entry in content["streamlit"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataFileError(f"{path.name} est absent ou illisible : {error}. {RESTORE}") from error
