"""One file a page; each has a ``render(atlas, selection)`` that the frame calls."""
