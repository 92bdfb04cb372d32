"""How commands end and print: exit statuses, --format and --color, findings, faults."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, Literal

import click

from .compiler.diagnostics.diagnostic import Diagnostic
from .compiler.reporters import FORMATS, render, render_fault
from .compiler.stages import Source
from .version import __version__

ACCEPTED, REJECTED, USAGE, FAULT = 0, 1, 2, 3
"""Exit statuses."""

FORMAT = click.option("--format", "form", type=click.Choice(FORMATS), default="text",
                      show_default=True, help="How findings are printed.")
TEXT_OR_JSON = click.option("--format", "form", type=click.Choice(["text", "json"]),
                            default="text", show_default=True, help="How the answer is printed.")


def _decide(context: click.Context, _: click.Parameter,
            when: Literal["auto", "always", "never"]) -> None:
    context.color = when == "always" or (when == "auto" and _wants_color())


COLOR = click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto",
                     show_default=True, expose_value=False, callback=_decide,
                     help="When text is coloured; auto heeds NO_COLOR and FORCE_COLOR.")


def _wants_color() -> bool:
    """NO_COLOR and FORCE_COLOR as their pages say; click itself reads neither."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def is_colored() -> bool:
    """Whether the running command prints in colour."""
    return bool(click.get_current_context().color)


def print_findings(diagnostics: Sequence[Diagnostic], source: Source | None, form: str) -> None:
    """Findings in the format that was asked for, to standard output."""
    click.echo(render(diagnostics, source, form, color=is_colored(), version=__version__))


HELP = {"help_option_names": ["-h", "--help"]}
"""Settings of every command: a context hands them down, but click keeps the help option of the
first context that asks for it, which may be one without a parent."""


class Command(click.Command):
    """A command that reports a fault of specc in the format that was asked for, and raises it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"context_settings": HELP, **options})

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            form = ctx.params.get("form")
            if form in FORMATS and form != "text":
                reason = f"{type(error).__name__}: {error}"
                click.echo(render_fault(reason, form, version=__version__))
            raise


class Commands(click.Group):
    """The group whose commands are of that kind."""

    command_class = Command

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"context_settings": HELP, **options})
