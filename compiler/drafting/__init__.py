"""Drafts a spec for a bundle: guesses from the values, each with its reason."""

from .draft import Drafted, draft
from .guesses import Guess

__all__ = ["Drafted", "Guess", "draft"]
