"""The tests; a package of our own, so that one a library leaves installed cannot hide it."""
