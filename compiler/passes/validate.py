"""Document to Spec: jsonschema judges, and each of its errors becomes one diagnostic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ...schema.heads import HEADS, LOSS, needs_loss
from ..diagnostics.codes import UNSUPPORTED_VERSION, WRONG_KIND
from ..diagnostics.diagnostic import Diagnostic, Result, distinct, placed
from ..diagnostics.wording import kind_of, name_of, show
from ..stages import Document, Spec
from ..text.pointer import inside, pointer_of
from ..vocabulary.engine import DISPATCH, schema_errors
from ..vocabulary.mend import Mended, mend
from ..vocabulary.schema_error import Finding, Judged, SchemaError
from ..vocabulary.schema_walk import Path
from ..vocabulary.wrong_keys import (
    VERSION_KEY,
    missing_keys,
    unknown_key,
    unknown_keys,
    unknown_type,
    what_was_meant,
)
from ..vocabulary.wrong_values import (
    BOUNDS,
    COUNTED,
    not_allowed,
    other_error,
    out_of_range,
    wrong_kind,
)

ROUNDS = 8
"""How often a document is mended and judged again; a mend shows what a mistake has hidden."""


def validate(document: Document, schema: Mapping[str, Any]) -> Result[Spec]:
    """Document to Spec. Reports SC101 to SC107.

    All mistakes are reported, also those that stand behind another one: what is found is
    mended and the document judged again. A spec of another version gives that error alone,
    because this vocabulary cannot tell what is wrong in it. Whole floats stay floats.
    """
    alone = _not_ours(document.value, schema["properties"])
    if alone is not None:
        return Result(None, (alone,))
    full, single = schema, _of_one_label(schema)
    mended = Mended(document.value, holes=set(document.holes))
    found: list[Diagnostic] = []
    for _ in range(ROUNDS):
        schema = full if _has_heads(document.value) or _has_heads(mended.value) else single
        errors = [SchemaError.of(error) for error in schema_errors(schema, mended.value)]
        if not errors:
            return Result(
                Spec(document.source, mended.value, frozenset(mended.holes),
                     frozenset(mended.assumed), mended.moved, bool(found)),
                distinct(found),
            )
        fresh, before = _diagnose(errors, Judged(schema, mended.value)), mended.value
        for diagnostic in fresh:
            if not any(inside(diagnostic.pointer or "", hole) for hole in mended.holes):
                found.append(placed(diagnostic, mended.moved))
        mend(schema, mended, fresh)
        if mended.value == before:
            break
    return Result(None, distinct(found))


def _has_heads(value: Any) -> bool:
    return isinstance(value, dict) and value.get(HEADS) is not None


_last: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None


def _of_one_label(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema for specs without heads; that of the last schema is kept, and with it what the
    engine keeps."""
    global _last
    if HEADS not in schema["properties"]:
        return schema
    if _last is None or _last[0] is not schema:
        _last = schema, needs_loss(schema)
    return _last[1]


def _not_ours(value: Any, known_keys: Mapping[str, Any]) -> Diagnostic | None:
    """Why a document cannot be judged at all: no object, or another version."""
    if not isinstance(value, dict):
        return WRONG_KIND.at("", name="the spec", wanted="an object", got=kind_of(value))
    have, got = known_keys[VERSION_KEY]["const"], value.get(VERSION_KEY)
    if isinstance(got, bool) or not isinstance(got, int | float) or got == have:
        return None
    return UNSUPPORTED_VERSION.at(pointer_of([VERSION_KEY]), got=show(got), have=have)


def _diagnose(errors: Sequence[SchemaError], judged: Judged) -> tuple[Diagnostic, ...]:
    """The diagnostics of the errors: one for each place and mistake, the most telling kept."""
    meant = what_was_meant(errors, judged)
    # A key that is misspelt or misplaced is unknown here and missing there: one mistake.
    explained = {(path[:-1], one.key) for path, one in meant.items() if one.key is not None}
    if ((), HEADS) in explained:
        explained.add(((), LOSS))
    explained |= {(home.path, str(path[-1])) for path, one in meant.items() for home in one.homes}
    kept: dict[tuple[Any, ...], tuple[int, Diagnostic]] = {}
    for error in errors:
        rank = _RANKS.index(error.keyword) if error.keyword in _RANKS else len(_RANKS)
        for key, diagnostic in _explain(error, judged, meant):
            if key is not None and (error.path, key) in explained:
                continue
            place = diagnostic.pointer, diagnostic.target, key
            if place not in kept or rank < kept[place][0]:
                kept[place] = rank, diagnostic
    return tuple(diagnostic for _, diagnostic in kept.values())


def _explain(error: SchemaError, judged: Judged, meant: Mapping[Path, Any]) -> Iterator[Finding]:
    stray = next((path for path in (error.path[:end] for end in range(len(error.path), 0, -1))
                  if path in meant), None)
    if stray is not None:
        yield Finding(None, unknown_key(error, stray, meant[stray], name_of(stray[:-1])))
    elif error.keyword == "additionalProperties":
        yield from unknown_keys(error, judged, meant)
    else:
        yield from _EXPLAIN.get(error.keyword, other_error)(error, judged)


_EXPLAIN: Mapping[str, Callable[[SchemaError, Judged], Iterator[Finding]]] = {
    DISPATCH: unknown_type, "required": missing_keys, "type": wrong_kind,
    "enum": not_allowed, "const": not_allowed, **dict.fromkeys((*BOUNDS, *COUNTED), out_of_range),
}
_RANKS = ("additionalProperties", *_EXPLAIN)
"""Keywords in the order of what they tell: of two errors at one place the earlier is kept."""
