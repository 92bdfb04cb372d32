"""The one exception of the package: it carries what is wrong as diagnostics."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from ..diagnostics.diagnostic import Diagnostic, one_line

LIBRARY_FAILURES = (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError)
"""What pyarrow raises for bytes that are not the Parquet that they claim to be."""

_LONGEST_REASON = 200


class BundleError(Exception):
    """A bundle, or one frame of it, cannot be read. Passes turn it into its diagnostics."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(found.message for found in self.diagnostics))


def reason_of(error: BaseException) -> str:
    """The first line of a library's message, short enough for a diagnostic."""
    text = str(error).strip() or type(error).__name__
    return one_line(text.splitlines()[0][:_LONGEST_REASON])
