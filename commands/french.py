"""What Typer says by itself, in French: the help of a command, and why a line is refused.

Typer carries most of these words as plain English text, out of reach of a catalogue of
translations: they are written again through the methods that a class of command may redefine.
"""

from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from commands.check import harmless

_KINDS = {"<int>": "un nombre entier", "<float>": "un nombre", "<float range>": "un nombre"}


class _French:
    """The parts of a command's help that bear words of Typer's own."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option ``--help``, told in French."""
        found = super().get_help_option(ctx)  # type: ignore[misc]
        if found is not None:
            found.help = "Affiche cette aide."
        return found

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the line that shows how the command is called."""
        pieces = self.collect_usage_pieces(ctx)  # type: ignore[attr-defined]
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix="Usage : ")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write what the command takes: its arguments, then its options."""
        rows: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for one in self.get_params(ctx):  # type: ignore[attr-defined]
            argument = isinstance(one, TyperArgument)
            name = one.display_name_raw if argument else one.get_help_record(ctx)[0]
            rows["Arguments" if argument else "Options"].append((name, _told(one)))
        _sections(formatter, rows)


class Command(_French, TyperCommand):
    """A command whose help is in French."""


class Group(_French, TyperGroup):
    """A group of commands whose help is in French."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options of the group, then its commands with their first words."""
        super().format_options(ctx, formatter)
        width = formatter.width - 6 - max(map(len, self.commands))
        told = [(name, one.get_short_help_str(width)) for name, one in self.commands.items()]
        _sections(formatter, {"Commandes": told})


def in_french(app: typer.Typer) -> None:
    """Make every command of an application, and of its groups, a Command or a Group of ours."""
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        group.cls, group.subcommand_metavar = Group, "COMMANDE [ARGUMENTS]..."
        if group.typer_instance:
            in_french(group.typer_instance)


def _sections(formatter: Any, rows: dict[str, list[tuple[str, str]]]) -> None:
    for title, found in rows.items():
        if found:
            with formatter.section(f"{title} "):  # the formatter adds the colon
                formatter.write_dl(found)


def _told(one: Any) -> str:
    """Return the help of an argument or option: its words, then what it is without a choice."""
    usual = None if one.default in (None, False) or not one.show_default else one.default
    added = ["obligatoire"] if one.required else []
    added += [f"par défaut : {usual}"] if usual is not None else []
    return f"{one.help}{''.join(f' [{word}]' for word in added)}"


def refusal(error: typer.TyperException, words: Sequence[str]) -> str:
    """Say in French why a command line is refused, and where the help is.

    ``words`` are those of the line. Nothing of Typer's own message is repeated: it is in English.
    """
    context: Any = getattr(error, "ctx", None)
    name = context.command_path if context else f"cli.py {words[0]}"
    said = harmless(_cause(error, context, words))
    return f"Commande incomprise. {said}\n« {name} --help » donne l'aide."


def _cause(error: typer.TyperException, context: Any, words: Sequence[str]) -> str:
    if hasattr(error, "option_name"):
        return _bad_option(str(error.option_name), context, words)
    if isinstance(error, typer.BadParameter):
        return _bad_value(error, context)
    commands = getattr(context.command, "commands", {}) if context else {}
    if commands:
        given = words[len(context.command_path.split()) - 1 :]
        unknown = f"Commande inconnue : « {given[0]} »" if given else "Il manque une commande"
        return f"{unknown} ; attendu : {', '.join(commands)}."
    return (
        f"Trop de mots. {' '.join(context.get_usage().split())}" if context else "Mots inattendus."
    )


def _bad_option(name: str, context: Any, words: Sequence[str]) -> str:
    if context:
        known = [flag for one in context.command.get_params(context) for flag in one.opts]
        flags = ", ".join(flag for flag in known if flag.startswith("-"))
        return f"Option inconnue : « {name} » ; attendu : {flags}."
    if any(word.startswith(f"{name}=") for word in words):
        return f"L'option « {name} » ne prend pas de valeur."
    return f"L'option « {name} » attend une valeur."


def _bad_value(error: typer.BadParameter, context: Any) -> str:
    one: Any = error.param
    name = one.display_name_raw if isinstance(one, TyperArgument) else one.opts[0]
    if hasattr(error, "param_type"):
        return f"{name} est obligatoire ; attendu : {one.help}"
    kind = _KINDS.get(one.display_type(context), "une autre valeur")
    return f"{name} : valeur refusée ; attendu : {kind}. {one.help}"
