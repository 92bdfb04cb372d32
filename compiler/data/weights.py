"""How often rows of the index frame are drawn, and how much they count in the loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...schema import samplers
from ..bundle import Bundle
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..diagnostics.hints import unknown
from ..stages import Graph, Node
from ..text.pointer import join, touched
from .arrays import decoded, floats, valid
from .dtypes import BOOLEAN, FLOAT, INTEGER, classify, spelled
from .preparation import PRIORITY, even_priorities, prepare_priority

_WEIGHT = "/training/sample_weight"


def priorities(graph: Graph, bundle: Bundle, frame: str, training: NDArray[np.bool_],
               step: Node | None) -> Result[NDArray[np.float64]]:
    """Priorities `[rows]`, 0 for rows that do not train; no stage where none are used.

    Reports: SC607, SC614, SC619, SC623. Raises: BundleError for damaged pages.

    Args:
        training: whether a row trains, `[rows]`.
        step: the step of `bundle.prepare` that makes priorities.
    """
    sampler = graph.training.sampler
    drawn = sampler.type in (samplers.AUTO.name, samplers.PRIORITY.name)
    prepared = Result[NDArray[np.float64]](None)
    if step is not None:
        prepared = prepare_priority(step, bundle, frame, training)
        if drawn:
            return prepared
    if sampler.type == samplers.EVEN.name and not touched(sampler.pointer, graph.holes):
        even = even_priorities(sampler, bundle, frame, training)
        return Result(even.stage, (*prepared.diagnostics, *even.diagnostics))
    if not drawn:
        return Result(None, prepared.diagnostics)
    if PRIORITY in bundle.schema(frame).names:
        return _stored_priority(bundle, frame, training)
    if sampler.type == samplers.AUTO.name:
        return Result(None)
    return Result(None, (
        codes.BAD_PRIORITY.at(
            join(sampler.pointer, "type"),
            found=f"nothing: the frame {frame!r} does not have it",
            help='add the column, prepare it with a step of type "priority", or shuffle: '
            '"sampler": {"type": "shuffled"}',
        ),
    ))


def _stored_priority(bundle: Bundle, frame: str,
                     training: NDArray[np.bool_]) -> Result[NDArray[np.float64]]:
    dtype = bundle.schema(frame).field(PRIORITY).type
    if classify(dtype) not in (INTEGER, FLOAT, BOOLEAN):
        return _bad_priority(bundle, frame, f"values of the dtype {dtype}")
    column = decoded(bundle.read(frame, [PRIORITY]).column(0))
    values = np.where(training, floats(column), 0.0)
    wrong = _wrong_values(values, training & ~valid(column), "training rows")
    if wrong is not None:
        return _bad_priority(bundle, frame, wrong)
    with np.errstate(over="ignore"):
        total = float(values.sum())
    if total == 0.0:
        return _bad_priority(bundle, frame, "only zeros in training rows")
    if not np.isfinite(total):
        return _bad_priority(bundle, frame, "values so large that their sum is infinite")
    return Result(values)


def _wrong_values(values: NDArray[np.floating], null: NDArray[np.bool_],
                  where: str) -> str | None:
    """What keeps values from being weights, as the end of a message."""
    for wrong, what in ((null, "nulls"), (np.isinf(values), "infinite values"),
                        (values < 0, "negative values")):
        if wrong.any():
            return f"{int(wrong.sum())} {what} in {where}"
    return None


def _bad_priority(bundle: Bundle, frame: str, found: str) -> Result[NDArray[np.float64]]:
    return Result(None, (codes.BAD_PRIORITY.at(file=bundle.file(frame), found=found),))


def sample_weights(name: str | None, bundle: Bundle, frame: str, used: NDArray[np.bool_],
                   training: NDArray[np.bool_]) -> Result[NDArray[np.float32]]:
    """What each row counts in the loss, `[rows]`, 0 for rows that are no samples; no stage
    without a column of weights.

    Reports: SC406, SC607, SC614. Raises: BundleError for damaged pages.

    Args:
        name: the column.
        used: whether a row is a sample, `[rows]`.
        training: whether it trains, `[rows]`.
    """
    if name is None:
        return Result(None)
    schema = bundle.schema(frame)
    if name not in schema.names:
        return Result(None, (unknown(codes.UNKNOWN_COLUMN, _WEIGHT, "columns", name, schema.names,
                                     frame=frame),))
    dtype = schema.field(name).type
    if classify(dtype) not in (INTEGER, FLOAT, BOOLEAN):
        return Result(None, (codes.UNSUPPORTED_DTYPE.at(
            _WEIGHT, name=name, frame=frame, dtype=spelled(dtype), user="sample_weight",
            help="weights are numbers"),))
    column = decoded(bundle.read(frame, [name]).column(0))
    with np.errstate(over="ignore"):
        values = np.where(used, floats(column), 0.0).astype(np.float32)
        total = values.sum()
    wrong = _wrong_values(values, used & ~valid(column), "samples")
    if wrong is None and not values[training].any():
        wrong = "only zeros in training rows"
    if wrong is None and not np.isfinite(total):
        wrong = "values so large that their sum is infinite"
    if wrong is not None:
        return Result(None, (_bad_weight(name, wrong),))
    return Result(values)


def _bad_weight(name: str, found: str) -> Diagnostic:
    return codes.BAD_WEIGHT.at(_WEIGHT, name=name, found=found)
