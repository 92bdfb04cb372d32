"""The vocabulary of specs. Importing it imports neither torch nor any other heavy package."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

SCHEMA_FILE = Path(__file__).with_name("spec.schema.json")
"""The assembled JSON Schema, the only source for validation, defaults and editors."""


@cache
def load_schema() -> dict[str, Any]:
    """The JSON Schema of a spec, read once; not to be changed by the caller."""
    schema: dict[str, Any] = json.loads(SCHEMA_FILE.read_bytes())
    return schema


__all__ = ["SCHEMA_FILE", "load_schema"]
