"""What one entry of the vocabulary declares, and the families that collect entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .shapes import ParameterShapes, Value

Fragment = Mapping[str, Any]
"""A piece of JSON Schema."""

Args = Mapping[str, Any]
"""The properties of one spec node, defaults filled in, without `type`."""


@dataclass(frozen=True)
class Type:
    """One entry of the vocabulary, chosen in a spec by the property `type`.

    Args:
        name: the value of `type`, such as `plain` or `torch.optim:SGD`.
        description: one sentence, shown by editors and in the reference.
        properties: name -> JSON Schema, each made by a function of `fields`.
        required: the properties that have no default.
        examples: property sets that are valid for this type, each without `type`.
    """

    name: str
    description: str
    properties: Mapping[str, Fragment] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    examples: tuple[Args, ...] = ({},)


class Scope:
    """What a network type may ask about the place where it stands."""

    label_width: int | None
    """Columns that the label wants from the network; None while they are not known."""

    def visit(self, child: Any, value: Value) -> Value:
        """The output shape of the child node `child` when it reads `value`."""
        raise NotImplementedError

    def build(self, child: Any, value: Value) -> Any:
        """The torch module of the child node `child` when it reads `value`."""
        raise NotImplementedError

    def copies(self, child: Any, value: Value, count: int) -> list[Any]:
        """The torch modules of the child node `child` for the members of an ensemble, each with
        weights of its own."""
        raise NotImplementedError

    def definition(self, name: str) -> Any:
        """The node that `shared` keeps under this name: the same one in all its places."""
        raise NotImplementedError

    def vectors(self, frame: str) -> Any:
        """The given vectors of `IdColumn.vectors`, a float32 tensor `(rows, width)`."""
        raise NotImplementedError


def _no_parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    return {}


def _real(args: Args) -> str:
    return "real"


def _never(args: Args) -> bool:
    return False


@dataclass(frozen=True)
class NetworkType(Type):
    """A network factory: its schema, its shape rule and its module in one place.

    Args:
        shape: `(value, args, scope) -> Value`, the rule for the output shape.
            Raises ShapeError; never imports torch.
        parameters: `(value, args, scope) -> {name: shape}` of the node's own
            trainable tensors, children left out; names as in the module's state.
        build: `(value, args, scope) -> torch.nn.Module`. Imports torch inside.
        children: the properties that hold network nodes (one, a list, or null for none).
        in_turn: the children are one chain, each reads what the one before it gives. Otherwise
            they stand side by side: where one starts, nothing of the others is assumed.
        copies: `(args) -> int`, how many modules each child becomes, with weights of their own;
            without it one.
        joined_range: `(args, ranges) -> str`, for children that stand side by side: what comes
            of the ranges that they leave; without it the type has a range of its own.
        output_range: `(args) -> str`, what the last step leaves: "real",
            "probability", "distribution", "log_distribution", "non_negative", ...,
            or "same" for a type that keeps the range of what it reads.
        reads_codes: the first step is a `torch.nn.Linear` over the last axis, so
            wide one-hot input may come as integer codes.
        needs_several_rows: `(args) -> bool`, whether training on a batch of one row
            is impossible, as for batch normalization.
        per_step: given a sequence, the module is applied to each step alone, so it never sees
            padding, and neither reads nor gives a mask. False for a type whose module takes
            `modules.values.Sequence` or `Features` itself; it must not let padding in.
    """

    shape: Callable[[Value, Args, Scope], Value] = lambda value, args, scope: value
    parameters: Callable[[Value, Args, Scope], ParameterShapes] = _no_parameters
    build: Callable[[Value, Args, Scope], Any] | None = None
    children: tuple[str, ...] = ()
    in_turn: bool = False
    copies: Callable[[Args], int] | None = None
    joined_range: Callable[[Args, tuple[str, ...]], str] | None = None
    output_range: Callable[[Args], str] = _real
    reads_codes: bool = False
    needs_several_rows: Callable[[Args], bool] = _never
    per_step: bool = True


@dataclass(frozen=True)
class Family:
    """Types that may stand in the same place of a spec, such as all optimizers."""

    name: str
    description: str
    types: tuple[Type, ...]

    def __getitem__(self, name: str) -> Type:
        for entry in self.types:
            if entry.name == name:
                return entry
        raise KeyError(name)
