"""Steps of `continuous`: one number in, one number out, before it is imputed and scaled."""

from __future__ import annotations

from ..declaration import Fragment, Type
from ..fields import LARGEST_SCALAR, boolean, number

STEP = "step"

LOG1P = Type(
    name="log1p",
    description="The logarithm of 1 + x, for columns with a long tail.",
    properties={
        "signed": boolean("Take sign(x) log(1 + |x|), which is defined for every number; without "
                          "it, numbers have to be above -1.", default=False),
    },
    examples=({}, {"signed": True}),
)


def _bound(description: str, example: float) -> Fragment:
    return number(description, minimum=-LARGEST_SCALAR, maximum=LARGEST_SCALAR, default=None,
                  example=example, null=True)


def _quantile(description: str, example: float) -> Fragment:
    return number(description, minimum=0, maximum=1, default=None, example=example, null=True)


CLIP = Type(
    name="clip",
    description="Moves numbers beyond a bound to the bound. Each end has a number, a quantile of "
    "the training rows, or no bound.",
    properties={
        "low": _bound("The lowest number.", 0),
        "high": _bound("The highest number.", 100),
        "low_quantile": _quantile("The quantile that is the lowest number.", 0.01),
        "high_quantile": _quantile("The quantile that is the highest number.", 0.99),
    },
    examples=({"low": 0}, {"low_quantile": 0.01, "high_quantile": 0.99}),
)

STEPS: tuple[Type, ...] = (LOG1P, CLIP)
