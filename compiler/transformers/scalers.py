"""Scalers: one number in, one number out; the formulas are those of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...schema.declaration import Args
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import Node
from .affine import EPSILON, Affine, fit_standard
from .base import State
from .frequencies import Counts, Floats, quantiles
from .power import Power, fit_power

NEAR_END = 1e-7
"""How near to its ends a normal quantile scaler cuts off: the quantile there is finite."""


@dataclass(frozen=True, eq=False)
class Quantiles:
    """The place of a value among the quantiles, or the normal quantile of that place.

    Args:
        values: the quantiles at equal steps from 0 to 1, in order, float64 `[k]`.
        normal: map the uniform place on to a standard normal distribution.
    """

    values: NDArray[np.float64]
    normal: bool
    above: ClassVar[float] = float("-inf")

    def __call__(self, values: Floats) -> Floats:
        places = np.linspace(0, 1, len(self.values))
        highest = np.interp(values, self.values, places)
        lowest = -np.interp(-values, -self.values[::-1], -places[::-1])
        # a value that several quantiles share gets the middle of their places
        result = (highest + lowest) / 2
        first, last = self.values[0], self.values[-1]
        result[values + NEAR_END > last if self.normal else values == last] = 1
        result[values - NEAR_END < first if self.normal else values == first] = 0
        return _normal_quantile(result) if self.normal else result

    def state(self) -> State:
        return {"normal": self.normal}, {"quantiles": pa.array(self.values)}

    def describe(self) -> dict[str, Any]:
        return {"quantiles": len(self.values), "normal": self.normal}


Scaler = Affine | Quantiles | Power


def _normal_quantile(places: Floats) -> Floats:
    from scipy.special import ndtri

    end = float(ndtri(NEAR_END - np.spacing(1.0)))
    result: Floats = np.clip(ndtri(places), end, -end)
    return result


def _not_zero(distance: float) -> float:
    """A column that is as good as constant is divided by 1."""
    return 1.0 if distance < 10 * EPSILON else distance


def _fit_min_max(args: Args, values: Floats, counts: Counts) -> Affine:
    low, high = map(float, args["feature_range"])
    smallest = float(values.min())
    return Affine(
        center=smallest, scale=_not_zero(float(values.max()) - smallest) / (high - low),
        offset=low, low=low if args["clip"] else None, high=high if args["clip"] else None,
    )


def _fit_robust(args: Args, values: Floats, counts: Counts) -> Affine:
    low, high = args["quantile_range"]
    first, median, third = quantiles(values, counts, np.array([low / 100, 0.5, high / 100]))
    return Affine(
        center=float(median) if args["with_centering"] else 0.0,
        scale=_not_zero(float(third - first)) if args["with_scaling"] else 1.0,
    )


def _fit_quantile(args: Args, values: Floats, counts: Counts) -> Quantiles:
    places = np.linspace(0, 1, min(args["n_quantiles"], int(counts.sum())))
    # through percent and back, as scikit-learn does: the last bit decides between equal values
    return Quantiles(quantiles(values, counts, places * 100 / 100),
                     args["output_distribution"] == "normal")


FITTERS: Mapping[str, Callable[[Args, Floats, Counts], Scaler]] = {
    "sklearn.preprocessing:StandardScaler": fit_standard,
    "sklearn.preprocessing:MinMaxScaler": _fit_min_max,
    "sklearn.preprocessing:RobustScaler": _fit_robust,
    "sklearn.preprocessing:QuantileTransformer": _fit_quantile,
    "sklearn.preprocessing:PowerTransformer": fit_power,
}


def check_scaler(node: Node) -> tuple[Diagnostic, ...]:
    """Reports SC204 for an interval whose ends are not in order."""
    return tuple(
        codes.CONFLICTING_KEYS.at(
            f"{node.pointer}/{key}", name=key, help="write the smaller number first",
            reason=f"{node.args[key][0]} is not below {node.args[key][1]}")
        for key in ("feature_range", "quantile_range")
        if key in node.args and node.args[key][0] >= node.args[key][1]
    )


def fit_scaler(node: Node | None, values: Floats, counts: Counts) -> Scaler:
    """Fit on training values, each counted `counts` times; None and no values scale nothing."""
    if node is None or not len(values):
        return Affine()
    return FITTERS[node.type](node.args, values, counts)


def restore_scaler(state: Mapping[str, Any], arrays: Mapping[str, pa.Array]) -> Scaler:
    """The scaler that gave this state."""
    if "power" in state:
        return Power(state["method"], state["power"], Affine(**state["affine"]))
    if "normal" in state:
        return Quantiles(arrays["quantiles"].to_numpy(), state["normal"])
    return Affine(**state)
