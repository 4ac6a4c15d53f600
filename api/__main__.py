"""``python -m api``: serves the atlas on ``ADDRESS`` and ``PORT`` (127.0.0.1, 5000)."""

import os
import sys

import uvicorn

from api.provider import get_atlas
from api.service import service
from geo.errors import AtlasError


def main() -> int:
    """Serve until interrupted; return 1, with a French message, where nothing can be served."""
    address, text = os.environ.get("ADDRESS", "127.0.0.1"), os.environ.get("PORT", "5000")
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        sys.stderr.write(f"PORT « {text} » ; attendu : un nombre de 1 à 65535.\n")
        return 1
    try:
        get_atlas()
    except AtlasError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    url = os.environ.get("ATLAS_API_URL") or f"http://{address}:{text}"
    sys.stdout.write(f"API : {url} (Ctrl+C pour arrêter)\n")
    sys.stdout.flush()
    uvicorn.run(
        service(url), host=address, port=int(text), log_level="warning", server_header=False
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
