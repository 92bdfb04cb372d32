"""One form for all specs that mean the same, and its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ..vocabulary.defaults import with_defaults
from ..vocabulary.schema_walk import Fragment, inner, target

_SETS = frozenset({"drop_columns", "no_decay", "nodes", "value"})
"""Properties whose lists are sets: neither order nor repetition means anything. All other lists
are in an order that means something: of columns, of layers, of steps, of what is measured."""


def canonical(schema: Fragment, resolved: Mapping[str, Any]) -> dict[str, Any]:
    """A spec with its defaults written out, in the one form of all that mean the same.

    Where one name may stand for a list of one, there is the list. A list that is a set is a
    sorted tuple, every other list is a list. The order of keys is left as it is and means
    nothing, which `as_text` heeds.

    Args:
        resolved: a spec that the vocabulary accepts, as `Graph.resolved` has it.
    """
    form: dict[str, Any] = _canonical(schema["$defs"], schema, resolved)
    return form


def without_defaults(schema: Fragment, value: Mapping[str, Any]) -> dict[str, Any]:
    """A spec without the properties that say what their default says, for people to read."""
    form: dict[str, Any] = _without(schema["$defs"], schema, value)
    return form


def as_text(value: Any) -> str:
    """A canonical value as text: equal for equal values alone, 1, 1.0 and true told apart."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(value: Any) -> str:
    """The hash of a canonical value: BLAKE2b of its text, 32 hexadecimal digits."""
    return hashlib.blake2b(as_text(value).encode(), digest_size=16).hexdigest()


def _canonical(definitions: Fragment, fragment: Fragment, value: Any) -> Any:
    fragment = target(definitions, fragment, value)
    if isinstance(value, Mapping):
        form = {key: _canonical(definitions, inner(fragment, key), element)
                for key, element in value.items()}
        for key in _SETS & form.keys() & fragment.get("properties", {}).keys():
            if isinstance(form[key], list):
                form[key] = _as_set(form[key])
        return form
    if isinstance(value, list):
        return [_canonical(definitions, inner(fragment, index), element)
                for index, element in enumerate(value)]
    return [value] if isinstance(value, str) and _stands_for_list(fragment) else value


def _as_set(elements: list[Any]) -> tuple[Any, ...]:
    by_text = {as_text(element): element for element in elements}
    return tuple(by_text[text] for text in sorted(by_text))


def _stands_for_list(fragment: Fragment) -> bool:
    """Whether a name may be written where a list of names is meant."""
    kinds = fragment.get("type", ())
    return {"string", "array"} <= set(kinds) and fragment["items"].get("type") == "string"


def _without(definitions: Fragment, fragment: Fragment, value: Any) -> Any:
    fragment = target(definitions, fragment, value)
    if isinstance(value, Mapping):
        return {
            key: _without(definitions, inner(fragment, key), element)
            for key, element in value.items()
            if not _is_default(definitions, inner(fragment, key), element)
        }
    if isinstance(value, list):
        return [_without(definitions, inner(fragment, index), element)
                for index, element in enumerate(value)]
    return value


def _is_default(definitions: Fragment, fragment: Fragment, value: Any) -> bool:
    if "default" not in fragment:
        return False
    filled = with_defaults({**fragment, "$defs": definitions}, fragment["default"])
    return as_text(value) == as_text(filled)
