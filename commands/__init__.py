"""The commands of ``cli.py``, one module a subject, each with its own Typer application."""
