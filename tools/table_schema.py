"""Write the published format of imports (docs/schema/projets.json) from data/import.toml."""

import json
from pathlib import Path

from analysis.fields import table_schema
from store.atlas import open_atlas
from store.intake import load_vocabulary

TARGET = Path(__file__).resolve().parent.parent / "docs" / "schema" / "projets.json"


def schema_text() -> str:
    """Return the Table Schema as it is published."""
    schema = table_schema(load_vocabulary(open_atlas()).fields)
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(schema_text(), encoding="utf-8")
    print(f"{TARGET.name} écrit")
