"""`specc init`: drafts a spec for a bundle."""

from __future__ import annotations

import click


@click.command()
def init() -> None:
    """Draft a spec."""
