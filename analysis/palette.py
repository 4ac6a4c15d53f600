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
GREY = "#6b6f76"  # rules and marks beside the main ones, and their words, on a page's own ground
SOFT = "#55585f"  # small print, on any ground
QUIET = "#80858d"  # what stands behind: 3:1 on any ground of the pages and of the sheets
# Classes of a map, by their number. YlGnBu from light to dark (after ColorBrewer): its lightness
# falls all along, so that the order survives colour blindness and grey print.
RAMPS = {
    1: ("#5dc0c0",),
    2: ("#cfecb3", "#2a8fb8"),
    3: ("#e3f4b8", "#5dc0c0", "#2355a4"),
    4: ("#e3f4b8", "#97d6b9", "#31a6c2", "#2355a4"),
    5: ("#eff9b5", "#a6dcb8", "#5dc0c0", "#1f80b8", "#22318d"),
}


def group_colours(territory: Territory) -> dict[str, str]:
    """Return the colour of each family of themes, by code, "none" included."""
    *hues, grey = GROUP_COLOURS
    groups = territory.nomenclature.groups
    colours = {group.code: hues[rank % len(hues)] for rank, group in enumerate(groups)}
    return colours | {NO_THEME: grey}
