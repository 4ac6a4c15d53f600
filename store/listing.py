"""Every figure of the quarters as one table: for the command line and the exports."""

from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

import pandas as pd

from analysis.indicators import Indicator, Vintage, every_source
from analysis.listing import listing
from analysis.sources import with_computed
from store.atlas import Atlas
from store.published import Published, load_known, read_published


def read_folder(atlas: Atlas, folder: Path) -> Published:
    """Read the published files of a folder for a territory: its quarters and larger areas only.

    Raises the errors of ``store.published.read_published``.
    """
    known = load_known(atlas.directory)
    return read_published([folder], known, atlas.territory.datasets, atlas.figure_areas())


def every_figure(
    atlas: Atlas,
    quarters: Collection[str] | None = None,
    indicators: Collection[str] | None = None,
    published: Published | None = None,
) -> pd.DataFrame:
    """Return ``analysis.listing`` for some quarters and indicators, all of them without a choice.

    ``published`` takes the place of the figures of the atlas, and its files that of the credits.
    """
    if indicators is None and published is None:
        whole = _whole(atlas, atlas.edition)
        kept = whole if quarters is None else whole[whole["quarter"].isin(list(quarters))]
        return kept.reset_index(drop=True)
    chosen = {
        code: one
        for code, one in atlas.indicators.items()
        if indicators is None or code in indicators
    }
    figures = atlas.figures
    if published is not None:
        figures = with_computed(published.figures, every_source(chosen))

    def source(indicator: Indicator, vintage: Vintage) -> str:
        """Return the credit of a figure."""
        if published is None:
            return atlas.catalogue[vintage.dataset].credit
        return published.source(
            vintage.dataset,
            [one.table for one in indicator.sources],
            vintage.file_year or vintage.data_year,
        )

    return listing(chosen, figures, atlas.crosswalk, source, quarters)


@lru_cache(maxsize=2)  # the exports, the package and the service read the same figures
def _whole(atlas: Atlas, edition: str) -> pd.DataFrame:
    return every_figure(atlas, None, list(atlas.indicators))
