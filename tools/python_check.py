"""Say in French what this Python lacks to set the atlas up; runs on Python 3.6 and later."""

import importlib.util
import sys
from typing import Tuple  # noqa: UP035 (tuple[...] would stop an old Python before it is told)

REQUIRED = (3, 11)


def fault(version: Tuple[int, int], has_venv: bool) -> str:  # noqa: UP006
    """Return what is wrong and how to mend it, or an empty text."""
    found = f"{version[0]}.{version[1]}"
    if version < REQUIRED:
        return (
            f"Python {found} trouvé ({sys.executable}) ; il faut Python 3.11 ou plus récent. "
            "Installez-le ou indiquez-le : make PYTHON=/chemin/vers/python3.11"
        )
    if not has_venv:
        return (
            f"Python {found} n'a pas les modules venv et ensurepip. "
            "Sous Debian ou Ubuntu : sudo apt-get install python3-venv"
        )
    return ""


if __name__ == "__main__":
    complete = all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))
    sys.exit(fault(sys.version_info[:2], complete) or 0)
