"""Files that a run has written, read back: strictly, and no more of them than there can be."""

from __future__ import annotations

import json
import math
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LARGEST = 256 * 2**20
"""Bytes of a JSON file of a run."""

_LARGEST_NUMBER = 2**64
"""No whole number of a run is as large."""


def check_file(path: Path, largest: float = math.inf) -> None:
    """Raises OSError where nothing can be read, ValueError for what is no file or is larger than
    `largest` bytes: a pipe would be waited for, and a device read without end."""
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise ValueError("it is no file")
    if about.st_size > largest:
        raise ValueError(f"it is larger than {largest:,} bytes")


def read_json(path: Path, largest: int = LARGEST) -> Any:
    """What a JSON file holds. Raises OSError, or ValueError with the reason in words.

    No key stands twice, every number fits a float or 64 bits, and all text is text.
    """
    check_file(path, largest)
    try:
        text = path.read_text(encoding="utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refused,
                           parse_float=_finite, parse_int=_whole)
        if "\\u" in text:
            # Half of a surrogate pair, which no file can hold.
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is not JSON that a run writes: it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"it is not JSON: {error}") from error
    return value


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is too large a number")
    return value


def _whole(text: str) -> int:
    value = int(text)
    if abs(value) > _LARGEST_NUMBER:
        raise ValueError(f"{text[:20]} is too large a number")
    return value
