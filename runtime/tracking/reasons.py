"""What a library says of its failure, as part of a diagnostic."""

from __future__ import annotations

import re

from ...compiler.diagnostics.diagnostic import one_line

_LONGEST = 400
"""Characters: some libraries print a page."""

_SECRET = re.compile(r"(?<=://)[^/@\s]*@")
"""User and password in an address."""


def reason_of(error: BaseException) -> str:
    """One line, without the secrets of an address."""
    said = " ".join(_SECRET.sub("", str(error)).split())
    text = one_line(said) or type(error).__name__
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST - 3]}..."
