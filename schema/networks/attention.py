"""What the types with multi-head attention share: properties, their check, and parameters."""

from __future__ import annotations

from ..declaration import Fragment
from ..fields import integer, number
from ..shapes import Dim, Shape, ShapeError
from .structure import linear_parameters

_MOST_SHOWN = 6
"""Numbers that a help line offers."""

HEADS = integer("How many heads look at the steps side by side; the width is shared among them.",
                minimum=1, maximum=1000, default=8, example=4)

DROPOUT = 0.1
"""The default of Vaswani et al., 2017."""


def dropout_property(description: str) -> Fragment:
    """A chance with the default of Vaswani et al., 2017."""
    return number(description, minimum=0, below=1, default=DROPOUT, example=0.2)


def check_heads(width: Dim, heads: int) -> None:
    """Raises ShapeError where the heads cannot share the width evenly."""
    if isinstance(width, int) and width % heads:
        shares = [count for count in range(1, min(width, 1000) + 1) if width % count == 0]
        shares.sort(key=lambda count: abs(count - heads))
        listed = ", ".join(map(str, sorted(shares[:_MOST_SHOWN])))
        raise ShapeError(f"width {width} with {heads} heads", "a width that the heads share evenly",
                         help=f"one of: {listed} heads; or a width that {heads} divides",
                         key="heads")


def attention_parameters(prefix: str, query_width: Dim, context_width: Dim,
                         width: Dim) -> dict[str, Shape]:
    """The trainable tensors of `modules.attention.Attention`."""
    return {
        **linear_parameters(width, width, True, f"{prefix}output."),
        **linear_parameters(query_width, width, True, f"{prefix}query."),
        **linear_parameters(context_width, width, True, f"{prefix}key."),
        **linear_parameters(context_width, width, True, f"{prefix}value."),
    }
