"""The scripts and styles of a map: ours and Leaflet's, read from the installed packages."""

from pathlib import Path

from xstatic.pkg import leaflet, leaflet_markercluster

ASSETS = Path(__file__).parent / "assets"
VENDOR = {
    f"vendor/leaflet-{leaflet.VERSION}": leaflet.BASE_DIR,
    f"vendor/markercluster-{leaflet_markercluster.VERSION}": leaflet_markercluster.BASE_DIR,
}
VENDOR_FILES = (
    "leaflet.js",
    "leaflet.css",
    "images/layers.png",
    "images/layers-2x.png",
    "leaflet.markercluster.js",
    "MarkerCluster.css",
)


def own_files() -> dict[str, bytes]:
    """Return our script and style, by name."""
    return {name: (ASSETS / name).read_bytes() for name in ("map.js", "map.css")}


def vendor_files() -> dict[str, tuple[str, bytes]]:
    """Return, by name, where each file of Leaflet is published (with its version) and its bytes."""
    return {
        name: (f"{folder}/{name}", (Path(origin) / name).read_bytes())
        for folder, origin in VENDOR.items()
        for name in VENDOR_FILES
        if (Path(origin) / name).is_file()
    }
