"""Parts side by side, all reading the same, put together to one."""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import choice, many_of
from ..shapes import UNKNOWN, Dim, Shape, ShapeError, Unknown, Value, length_of, show, tensor

MERGES = ("concat", "sum", "mean", "product")

_MERGED_RANGES = {
    "concat": {"non_negative": "non_negative", "probability": "probability",
               "distribution": "probability", "log_probability": "log_probability",
               "log_distribution": "log_probability"},
    "sum": {"non_negative": "non_negative", "probability": "non_negative",
            "distribution": "non_negative", "log_probability": "log_probability",
            "log_distribution": "log_probability"},
    "mean": {"non_negative": "non_negative", "probability": "probability",
             "distribution": "distribution", "log_probability": "log_probability",
             "log_distribution": "log_probability"},
    "product": {"non_negative": "non_negative", "probability": "probability",
                "distribution": "probability"},
}
"""Merge -> range of all branches -> what comes of it; all else is real numbers."""


def _merge_ranges(args: Args, ranges: tuple[str, ...]) -> str:
    return _MERGED_RANGES[args["merge"]].get(ranges[0], "real") if len(set(ranges)) == 1 else "real"


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """Branches of (*same, width) -> (*same, sum of widths), or (*same, width)"""
    given = [scope.visit(branch, value) for branch in args["branches"]]
    shapes = [tensor(one) for one in given if not isinstance(one, Unknown)]
    if not shapes:
        return UNKNOWN
    first = shapes[0]
    for shape in shapes[1:]:
        if len(shape) != len(first) or not all(map(_fit, shape[:-1], first[:-1])):
            raise ShapeError(_beside(shapes), "branches that give rows of one kind",
                             help=_reduce_help(shapes))
    if len(shapes) < len(given):
        return UNKNOWN
    lead = tuple(map(_known, *(shape[:-1] for shape in shapes)))
    widths = [shape[-1] for shape in shapes]
    if args["merge"] == "concat":
        return (*lead, _total(widths))
    known = {width for width in widths if width is not None}
    if len(known) > 1:
        raise ShapeError(_beside(shapes), f"branches of one width for {args['merge']}",
                         help='make their last layers equally wide, or use "merge": "concat"')
    return (*lead, next(iter(known), None))


def _fit(dim: Dim, other: Dim) -> bool:
    return dim == other or None in (dim, other)


def _known(*dims: Dim) -> Dim:
    return next((dim for dim in dims if dim is not None), None)


def _total(widths: list[Dim]) -> Dim:
    known = [width for width in widths if isinstance(width, int)]
    return sum(known) if len(known) == len(widths) else None


def _beside(shapes: list[Shape]) -> str:
    return " beside ".join(map(show, shapes[:4]))


def _reduce_help(shapes: list[Shape]) -> str | None:
    if any(length_of(shape) is not None for shape in shapes):
        return ("reduce each sequence to one row a sample, with `masked_pool`, "
                "`attention_pooling`, `lstm` or `gru`")
    return "bring them to the same number of axes, with `torch.nn:Flatten`"


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from .modules.parallel import Parallel

    return Parallel([scope.build(branch, value) for branch in args["branches"]], args["merge"])


PARALLEL = NetworkType(
    name="parallel",
    description="Branches that all read the same, and what they give put together: side by side, "
    "or number by number.",
    properties={
        "branches": many_of("network", "The branches; behind the bare batch each reads its own "
                            "frames.", min_items=2, example=[
                                {"type": "fully_connected", "sizes": [16, 8]},
                                {"type": "torch.nn:Linear", "out_features": 8}]),
        "merge": choice("How to put together what the branches give: `concat` adds their widths "
                        "up, the others take equal widths and keep them.", MERGES,
                        default="concat", example="sum"),
    },
    required=("branches",),
    examples=(
        {"branches": [{"type": "torch.nn:Linear", "out_features": 4},
                      {"type": "torch.nn:Identity"}]},
        {"branches": [{"type": "torch.nn:Linear", "out_features": 4},
                      {"type": "fully_connected", "sizes": [8, 4]}], "merge": "sum"},
    ),
    shape=_shape,
    build=_build,
    children=("branches",),
    joined_range=_merge_ranges,
    per_step=False,
)
