"""The colours that mean something, the same on the screen and on paper."""

from analysis.programme import NO_THEME
from geo.territory import Territory

# Eight hues told apart with the usual colour blindnesses (after Paul Tol's "muted" set), in the
# order of the families of themes; the last, grey, is for a project without a theme.
GROUP_COLOURS = (
    "#332288",
    "#cc6677",
    "#117733",
    "#ddcc77",
    "#88ccee",
    "#882255",
    "#44aa99",
    "#999933",
    "#8a8d93",
)
ACCENT = "#1d4f91"
PALE = "#b9c4d6"
FALL = "#b35806"
INK = "#24282f"


def group_colours(territory: Territory) -> dict[str, str]:
    """Return the colour of each family of themes, by code, "none" included."""
    *hues, grey = GROUP_COLOURS
    groups = territory.nomenclature.groups
    colours = {group.code: hues[rank % len(hues)] for rank, group in enumerate(groups)}
    return colours | {NO_THEME: grey}
