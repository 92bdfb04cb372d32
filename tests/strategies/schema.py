"""Values of a JSON Schema as a hypothesis strategy: whole specs from the vocabulary.

Only what the vocabulary uses is understood: unions by `type`, local references, nullable
unions by if/then, enums, ranges, patterns, lists and mappings. Whatever is drawn validates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

Json = Any
Strategy = st.SearchStrategy[Any]

HOSTILE = (
    "x", "split", "priority", "label", "OTHER", "NULL", " ", "a b", "a\nb", "a/b", "a~1b", "~",
    "it's", '"', "é", "数", "🦆", "*", "[x]", "{}", "{0}", "%s", "\\", "a,b", "-", "0", "\u202e",
    "\x7f", "__index_level_0__", "true", "predicted", "row", "probability_a", "w" * 150,
)
"""Names that some program or other stumbles over."""

_MOST_ITEMS = 3
_FURTHEST = 1e12


def weighted(*choices: tuple[int, Strategy]) -> Strategy:
    """One of several strategies, each as often as its weight says; the first is the simplest."""
    places = [place for place, (weight, _) in enumerate(choices) for _ in range(weight)]
    # Hypothesis likes both ends of a list, so the first choice stands at both.
    if places.count(0) > 1:
        places = [*places[1:], 0]
    strategies = [strategy for _, strategy in choices]
    return st.sampled_from(places).flatmap(strategies.__getitem__)


def happens(percent: int) -> st.SearchStrategy[bool]:
    """True so often; hypothesis likes both ends of a list, which are False."""
    return st.sampled_from([False, *[True] * percent, *[False] * (99 - percent)])


def mostly_without(draw: st.DrawFn, value: dict[str, Any], *keys: str) -> None:
    """Takes out properties whose value has to fit what the schema does not know."""
    for key in keys:
        if key in value and not draw(happens(20)):
            del value[key]


class Builder:
    """Draws what a schema accepts.

    Args:
        schema: a document with local references only.
        places: `<definition>/<property>` -> the values of that property, in place of what its
            schema alone would give; a property of the document itself is `/<property>`.
        percent: how often an optional property is there.
    """

    def __init__(self, schema: Mapping[str, Json], places: Mapping[str, Strategy],
                 percent: int = 30) -> None:
        self._schema = schema
        self._places = places
        self._percent = percent
        self._drawn: dict[str, Strategy] = {}

    def document(self) -> Strategy:
        """Whole documents."""
        return self._object(self._schema, "")

    def family(self, name: str, types: Sequence[str] = ()) -> Strategy:
        """Objects of a family, of the given types where any are given."""
        if not types:
            return self._definition(name)
        return st.sampled_from(list(types)).flatmap(
            lambda chosen: self._definition(f"{name}.{chosen}"))

    def types(self, family: str) -> list[str]:
        """The types of a family."""
        found: list[str] = self._schema["$defs"][family]["properties"]["type"]["enum"]
        return found

    def place(self, name: str) -> Strategy:
        """The values that one property takes."""
        owner, _, key = name.rpartition("/")
        schema = self._schema["$defs"][owner] if owner else self._schema
        return self._property(name, schema["properties"][key])

    def _property(self, place: str, schema: Mapping[str, Json]) -> Strategy:
        given = self._places.get(place)
        return self._value(schema, place) if given is None else given

    def _definition(self, name: str) -> Strategy:
        if name not in self._drawn:
            # Deferred, because a network holds networks.
            self._drawn[name] = st.deferred(lambda: self._built(name))
        return self._drawn[name]

    def _built(self, name: str) -> Strategy:
        definition = self._schema["$defs"][name]
        if "allOf" not in definition:
            return self._object(definition, name)
        # Types that hold others of their family come last, so that shrinking ends in leaves.
        target = f"#/$defs/{name}"
        ordered = sorted(
            self.types(name),
            key=lambda kind: target in str(self._schema["$defs"][f"{name}.{kind}"]))
        return st.sampled_from(ordered).flatmap(lambda kind: self._definition(f"{name}.{kind}"))

    def _object(self, schema: Mapping[str, Json], name: str) -> Strategy:
        required = schema.get("required", ())

        @st.composite
        def build(draw: st.DrawFn) -> dict[str, Json]:
            value: dict[str, Json] = {}
            for key, inner in schema["properties"].items():
                if key in required or draw(happens(self._percent)):
                    value[key] = draw(self._property(f"{name}/{key}", inner))
            return value

        return build()

    def _value(self, schema: Mapping[str, Json], place: str) -> Strategy:
        if "$ref" in schema:
            return self._definition(schema["$ref"].removeprefix("#/$defs/"))
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if "then" in schema:
            return weighted((1, st.none()), (2, self._value(schema["then"], place)))
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return st.sampled_from(kinds).flatmap(lambda kind: self._of_kind(kind, schema, place))

    def _of_kind(self, kind: str, schema: Mapping[str, Json], place: str) -> Strategy:
        if kind == "null":
            return st.none()
        if kind == "boolean":
            return st.booleans()
        if kind == "integer":
            return _integers(schema)
        if kind == "number":
            return _numbers(schema)
        if kind == "string":
            return _strings(schema)
        if kind == "array":
            return self._array(schema, place)
        if "properties" in schema:
            return self._object(schema, place)
        values = self._value(schema["additionalProperties"], place)
        names = _strings(schema.get("propertyNames", {}))
        return st.dictionaries(names, values, min_size=schema.get("minProperties", 0),
                               max_size=_MOST_ITEMS)

    def _array(self, schema: Mapping[str, Json], place: str) -> Strategy:
        if "prefixItems" in schema:
            return st.tuples(
                *(self._value(item, place) for item in schema["prefixItems"])).map(list)
        least = schema.get("minItems", 0)
        most = min(schema.get("maxItems", math.inf), max(least, _MOST_ITEMS))
        return st.lists(self._value(schema["items"], place), min_size=least, max_size=int(most))


def _known(schema: Mapping[str, Json], kinds: tuple[type, ...]) -> list[Json]:
    """Default and examples, as far as they are of the JSON type that is wanted."""
    known = [schema.get("default"), *schema.get("examples", ())]
    return [value for value in known if isinstance(value, kinds) and not isinstance(value, bool)]


def _integers(schema: Mapping[str, Json]) -> Strategy:
    low = schema.get("minimum", -int(_FURTHEST))
    high = schema.get("maximum", int(_FURTHEST))
    near = st.integers(max(low, -3), min(high, max(low, 0) + 8))
    known = _known(schema, (int,))
    return weighted(
        (4, st.sampled_from(known) if known else near), (5, near),
        (1, st.sampled_from([low, high])),
    )


def _numbers(schema: Mapping[str, Json]) -> Strategy:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -_FURTHEST))
    high = schema.get("maximum", schema.get("exclusiveMaximum", _FURTHEST))
    if "exclusiveMinimum" in schema:
        low = math.nextafter(max(low, schema["exclusiveMinimum"]), math.inf)
    if "exclusiveMaximum" in schema:
        high = math.nextafter(min(high, schema["exclusiveMaximum"]), -math.inf)
    # Numbers that somebody would write, rather than 1e-300.
    usual = [value for value in (0, 1e-4, 0.003, 0.05, 0.3, 0.9, 1, 1.5, 10, 0.5)
             if low <= value <= high]
    known = _known(schema, (int, float))
    near = st.sampled_from(usual) if usual else st.floats(low, high)
    return weighted(
        (6, st.sampled_from(known) if known else near), (6, near),
        (1, st.floats(low, high)), (1, st.sampled_from([low, high])),
    )


def _strings(schema: Mapping[str, Json]) -> Strategy:
    if "pattern" in schema:
        # The dollar sign of a pattern would let a line break through.
        return st.from_regex(schema["pattern"].replace("$", r"\Z")).map(
            lambda text: text[: schema.get("maxLength")])
    known = _known(schema, (str,))
    names = st.sampled_from([*HOSTILE, *known])
    most = min(schema.get("maxLength", 12), 12)
    return weighted((4, st.sampled_from(known) if known else names), (2, names),
                    (1, st.text(st.characters(codec="utf-8"), min_size=1, max_size=most)))
