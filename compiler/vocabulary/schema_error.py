"""An error of jsonschema as a record, and the document that it was found in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..diagnostics.diagnostic import Diagnostic, Target
from ..diagnostics.wording import name_of, shorten
from ..text.pointer import pointer_of
from .engine import accepts
from .schema_walk import Fragment, Path, fragment_at, target


class SchemaError(NamedTuple):
    """Where, the keyword that fails, and the schema that holds it.

    Args:
        path: of the value; for `additionalProperties` and `required` of the object.
        wanted: the value of the keyword.
        got: the value at fault.
        schema: the part of the schema that has the keyword.
        of_key: whether it is about the name of a key.
    """

    path: Path
    keyword: str
    wanted: Any
    got: Any
    schema: Mapping[str, Any]
    of_key: bool

    @classmethod
    def of(cls, error: Any) -> SchemaError:
        """From a `ValidationError`."""
        path, schema_path = tuple(error.absolute_path), tuple(error.absolute_schema_path)
        of_key = schema_path[-2:-1] == ("propertyNames",)
        return cls((*path, error.instance) if of_key else path, str(error.validator),
                   error.validator_value, error.instance, error.schema, of_key)

    @property
    def pointer(self) -> str:
        return pointer_of(self.path)

    @property
    def target(self) -> Target:
        return "key" if self.of_key else "value"

    @property
    def owner(self) -> str:
        """The object at fault in words: by its type, or by its place."""
        name = self.got.get("type") if isinstance(self.got, dict) else None
        return shorten(name) if isinstance(name, str) and self.path else name_of(self.path)


class Finding(NamedTuple):
    """A diagnostic, with the key that it is about when it stands at the object around it."""

    key: str | None
    diagnostic: Diagnostic


@dataclass(frozen=True)
class Judged:
    """A document, and the schema that it was held against."""

    schema: Fragment
    value: Any

    def fragment(self, path: Path) -> Fragment:
        """What the schema writes for a place."""
        return fragment_at(self.schema, self.value, path)

    def described(self, path: Path, value: Any) -> Fragment:
        """What the schema writes for `value` at a place, references followed."""
        return target(self.schema.get("$defs", {}), self.fragment(path), value)

    def accepts(self, fragment: Fragment, value: Any) -> bool:
        """Whether a part of the schema accepts a value."""
        return accepts(self.schema, fragment, value)

    def is_optional(self, path: Path) -> bool:
        """Whether a value may be left out, because its property has a default."""
        if not path or not isinstance(path[-1], str) or "default" not in self.fragment(path):
            return False
        required = self.described(path[:-1], self.at(path[:-1])).get("required", ())
        return bool(path[-1] not in required)

    def example(self, path: Path) -> Any:
        """A value that may stand at a place, or None where the schema shows none."""
        examples = self.fragment(path).get("examples")
        if examples:
            return examples[0]
        listed = self.example(path[:-1]) if path and isinstance(path[-1], int) else None
        return listed[0] if isinstance(listed, list) and listed else None

    def is_spare(self, path: Path) -> bool:
        """Whether a value stands in a list of names that may do with one less."""
        if not path or not isinstance(path[-1], int):
            return False
        if "string" not in self.fragment(path).get("type", ()):
            return False
        least = max(self.fragment(path[:-1]).get("minItems", 0), 1)
        return bool(len(self.at(path[:-1])) > least)

    def beside(self, path: Path) -> list[Any]:
        """The other elements of the list that a value stands in."""
        holder = self.at(path[:-1]) if path else None
        if not isinstance(holder, list):
            return []
        return [element for index, element in enumerate(holder) if index != path[-1]]

    def at(self, path: Path) -> Any:
        """The value at a path of the document."""
        value = self.value
        for token in path:
            value = value[token]
        return value
