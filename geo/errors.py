"""Exceptions whose message a user can act on.

Every message is in French and says what was found, where, what was expected and how to mend it:
the interface and the command line print it as it is.
"""


class AtlasError(Exception):
    """Base of every error the atlas raises on purpose."""


class DataFileError(AtlasError):
    """A data file is missing, truncated, altered or not in its published shape."""


class ContractError(AtlasError):
    """A frame breaks its contract; the message lists every fault at once."""


class CrsError(AtlasError):
    """Coordinates are in another reference system than the one required."""


class TerritoryError(AtlasError):
    """A territory file is missing, incomplete or contradicts itself."""


class ArithmeticRefused(AtlasError):
    """An operation the figures do not allow (summing a median, comparing two perimeters…)."""


class StoreError(AtlasError):
    """The database of the atlas cannot be read or written, or is of another edition."""


class DecisionError(AtlasError):
    """A decision is incomplete, unknown or already undone."""


class ImportRefused(AtlasError):
    """An import, or the undoing of one, that the state of the database does not allow."""


class PlaceError(AtlasError):
    """A place that was asked for cannot be found: address, coordinates or service at fault."""
