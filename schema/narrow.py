"""The vocabulary narrowed to one bundle: its frames and columns in place of any name.

Two forms. For editors and validators the columns follow the frames: `if`/`then` looks at
where an extractor starts and at its last join. For language models, whose schemas know no
conditions, every place takes the columns of all frames.

Neither form refuses a spec that specc accepts with the bundle: what the schema cannot tell,
such as the end of a longer chain, it leaves open to the columns of all frames. A schema cannot
tell how a spec calls the columns that it derives either. So the first form judges the columns
of a spec without a step `derive` alone; in the second a derived column starts with `derived_`,
and specs that call one otherwise are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .contexts import CONTEXT
from .declaration import Fragment
from .extractors import EMBEDDING
from .narrow_flat import take_all
from .narrow_following import following
from .narrow_forms import ALL, CHAINED, properties_of
from .operations import OPERATION, OPERATIONS
from .preparation import DERIVE, FILTER, PREPARATIONS
from .samplers import EVEN
from .subschemas import rewritten

_WITHOUT_DERIVED: Fragment = {"not": {
    "properties": {"bundle": {
        "type": "object",
        "properties": {"prepare": {"type": "array", "contains": {
            "type": "object", "properties": {"type": {"const": DERIVE.name}},
            "required": ["type"]}}},
        "required": ["prepare"],
    }},
    "required": ["bundle"],
}}


@dataclass(frozen=True)
class BundleNames:
    """The names that a bundle gives to specs.

    Args:
        columns: frame -> column -> what an editor says of it, such as its dtype. Keys are
            columns too.
        index_frame: the frame whose rows are the samples, unless the spec names another.
    """

    columns: Mapping[str, Mapping[str, str]]
    index_frame: str | None

    @property
    def frames(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def all_columns(self) -> dict[str, str]:
        """Column -> what to say of it in each frame that has it."""
        told: dict[str, str] = {}
        for frame, columns in self.columns.items():
            for name, text in columns.items():
                told[name] = "; ".join(filter(None, (told.get(name), f"{frame}: {text}")))
        return told


def narrowed(schema: Fragment, names: BundleNames, *, conditions: bool = True) -> dict[str, Any]:
    """The schema for specs on one bundle.

    Args:
        schema: the vocabulary, `load_schema()`; it is not changed.
        conditions: whether columns follow the frames; without, no `if` is added.
    """
    result: dict[str, Any] = rewritten(schema, lambda fragment: fragment)
    steps = (f"preparation.{step.name}" for step in PREPARATIONS)
    operations = (f"{OPERATION}.{operation.name}" for operation in OPERATIONS)
    chained = (f"{family}.{entry.name}" for family, entry in CHAINED)
    for name in (*chained, f"sampler.{EVEN.name}", *steps, *operations):
        result["$defs"][name] = _without_examples(result["$defs"][name])
    for name in ("bundle", "extractors", "training"):
        result["properties"][name] = _without_examples(result["properties"][name])
    _name_frames(result, names)
    result["$defs"] |= _definitions(names)
    if conditions:
        rules, definitions = following(names.frames, names.index_frame)
        result["$defs"] |= definitions
        # All at the root, where editors weigh them after the vocabulary.
        result["allOf"] = [{"if": _WITHOUT_DERIVED, "then": {"allOf": rules}}]
    else:
        take_all(result)
    return result


def _without_examples(fragment: Fragment) -> dict[str, Any]:
    """Examples name frames of other bundles, and editors would offer them."""

    def change(inner: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in inner.items() if key != "examples"}

    result: dict[str, Any] = rewritten(fragment, change)
    return result


def _one_of_names(texts: Mapping[str, str]) -> dict[str, Any]:
    names = [name for name in texts if name]
    if not names:
        return {"not": {}}
    return {"enum": names, "enumDescriptions": [texts[name] for name in names]}


def _definitions(names: BundleNames) -> dict[str, Any]:
    """The columns of each frame, and of all."""
    told: dict[str, Mapping[str, str]] = {
        str(place): columns for place, columns in enumerate(names.columns.values())
    }
    return {f"columns.{place}": _one_of_names(columns)
            for place, columns in {**told, ALL: names.all_columns()}.items()}


def _name_frames(schema: dict[str, Any], names: BundleNames) -> None:
    """Puts the frames where a property names one, and their columns into `keys`."""
    frames = list(names.frames)
    kept = ("description", "default")

    def frame(fragment: Fragment, *more: None) -> dict[str, Any]:
        return {**{key: fragment[key] for key in kept if key in fragment},
                "enum": [*frames, *more]}

    bundle = schema["properties"]["bundle"]["properties"]
    bundle["index_frame"] = frame(bundle["index_frame"], None)
    keys = bundle["keys"]
    keys["properties"] = {
        name: {"description": f"The key of {name}: a column, or a list of them.",
               "type": ["string", "array"], "minItems": 1, "items": {"type": "string"}}
        for name in frames
    }
    keys["additionalProperties"] = False
    for step in (FILTER, DERIVE):
        properties = properties_of(schema, "preparation", step)
        properties["frame"] = frame(properties["frame"], None)
    for family, entry in CHAINED:
        properties = properties_of(schema, family, entry)
        # The samples have a frame to start from by themselves, a context names its own.
        more = () if entry is CONTEXT else (None,)
        properties["frame"] = frame(properties["frame"], *more)
        join = properties["joins"]["items"]["properties"]
        join["frame"] = frame(join["frame"])
        if entry is EMBEDDING:
            vectors = properties["vectors"]["properties"]
            vectors["frame"] = frame(vectors["frame"])
