"""How far a long work is, on one line of the standard error, for whoever sits at a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from analysis import wording
from commands.options import harmless


@contextmanager
def progress_line() -> Iterator[Callable[[float, str], None]]:
    """Give a function that shows a share, from 0 to 1, and what is being done.

    The line is wiped at the end; nothing is written where the standard error is no terminal.
    """
    shown = sys.stderr.isatty()

    def tell(share: float, words: str) -> None:
        """Write the line again."""
        if shown:
            far = wording.percent(100 * share, 0)
            typer.echo(f"\r{harmless(words)} : {far}\x1b[K", nl=False, err=True)

    try:
        yield tell
    finally:
        if shown:
            typer.echo("\r\x1b[K", nl=False, err=True)
