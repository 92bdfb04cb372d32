"""Which specs of `specs/` use which type of the vocabulary."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from specc.compiler.vocabulary.defaults import with_defaults
from specc.compiler.vocabulary.schema_walk import objects
from specc.schema.assemble import assemble

SPECS = Path(__file__).resolve().parent.parent / "specs"

Uses = Mapping[str, tuple[str, ...]]
"""`<family>.<type>` -> the specs that use it, such as `digits/lines.json`."""


@cache
def written() -> Uses:
    """The types that specs name."""
    return _uses(defaults=False)


@cache
def resolved() -> Uses:
    """The types that specs name, or take because they say nothing else."""
    return _uses(defaults=True)


def _uses(*, defaults: bool) -> Uses:
    schema: Any = assemble()
    names = {id(fragment): name for name, fragment in schema["$defs"].items()}
    found: dict[str, list[str]] = {}
    for path in sorted(SPECS.glob("*/*.json"), key=_order):
        spec = json.loads(path.read_text(encoding="utf-8"))
        value = with_defaults(schema, spec) if defaults else spec
        for name in dict.fromkeys(_types(schema, value, names)):
            found.setdefault(name, []).append(path.relative_to(SPECS).as_posix())
    return {name: tuple(paths) for name, paths in found.items()}


def _order(path: Path) -> tuple[str, bool, str]:
    """The first spec of a folder first."""
    return path.parent.name, path.name != "spec.json", path.name


def _types(schema: Any, value: Any, names: Mapping[int, str]) -> Iterator[str]:
    for _, fragment, _ in objects(schema, value):
        name = names.get(id(fragment))
        if name is not None:
            yield name
