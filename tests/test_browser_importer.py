"""A small file brought in, seen on the map, and taken back, in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from store.atlas import Atlas
from tests.samples import DATA, atlas
from tests.test_browser_atlas import MAP, go_to, wait_for_map, wait_for_page
from tests.test_browser_decider import fill, tick

APP = Path(__file__).resolve().parent.parent / "app.py"
HOSTILE = "Lire <img src=x onerror=window.PWN=1>"


def table() -> bytes:
    quarter = atlas().quarters.iloc[0]
    place = quarter.geometry.representative_point()
    cells = ("DA00000001-1", HOSTILE, "Asso", quarter["qpv_code"], f"{place.x:.5f}")
    headers = "Référence;Intitulé;Porteur;QPV;Longitude;Latitude;Financeur;Statut;Montant accordé"
    return f"{headers}\n{';'.join(cells)};{place.y:.5f};CAF;A justifier;1 234,50 €\n".encode()


def test_a_file_is_imported_seen_on_the_map_and_undone(
    open_page: Callable, serve: Callable[..., str], tmp_path: Path
):
    base = f"sqlite:///{tmp_path}/atlas.sqlite"
    url = serve(APP, env={"ATLAS_DATABASE_URL": base})
    page = open_page(f"{url}/importer", height=2000).page
    wait_for_page(page, "Importer")
    file = {"name": "programmation 2025.csv", "mimeType": "text/csv", "buffer": table()}
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("2025 : 1 projet ajouté, 0 projet modifié")).to_be_visible()
    fill(page, "Votre nom", "A. Essai")
    page.get_by_role("button", name=re.compile("Importer")).last.click()
    expect(page.get_by_text("Import n° 1 fait")).to_be_visible()
    page.get_by_role("link", name="Voir sur la carte").click()
    wait_for_map(page)
    expect(page.frame_locator(MAP).locator(".leaflet-projects-pane path")).to_have_count(1)
    go_to(page, "Importer")
    page.get_by_text("Journal", exact=True).click()
    tick(page, "programmation 2025.csv", 0)
    fill(page, "Votre nom", "B. Essai")
    page.get_by_role("button", name="Annuler cet import").click()
    expect(page.get_by_text("Import n° 1 annulé (n° 2 au journal)")).to_be_visible()
    assert Atlas(DATA, database=base).imports.tables("programmation")[0].empty
    assert page.evaluate("window.PWN") is None
