"""Which wide one-hot columns stay integer codes that the first linear layer looks up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...schema.agreement import WHOLE_TENSOR
from ..stages import FittedExtractor, FittedGraph, Graph, Shapes
from .tree import extractions

LOOKUP_FROM = 500
"""One-hot columns in one extraction from which integer codes pay; below, a dense matrix
product is faster (measured between 320 and 700 columns, see benchmarks/README.md)."""

LOOKUP_BLOCK = 50
"""One-hot columns of a single column from which it is kept as codes."""


def choose_codes(fitted: FittedGraph, graph: Graph,
                  shapes: Shapes) -> Mapping[str, FittedExtractor]:
    """Keeps wide one-hot columns as integer codes where every reader can look them up."""
    reads = [(pointer, [part for name in names for part in graph.frames[name].extractors])
             for pointer, names in extractions(graph.network)]
    chosen: dict[str, FittedExtractor] = {}
    for name, entry in fitted.extractors.items():
        readers = [(pointer, names) for pointer, names in reads if name in names]
        widest = max(
            (sum(_one_hot_width(fitted.extractors[other]) for other in names)
             for _, names in readers), default=0,
        )
        wide = frozenset(column.column for column in entry.columns
                         if column.one_hot and len(column.names) >= LOOKUP_BLOCK)
        why = _why_dense(
            widest, wide, all(pointer in shapes.looked_up for pointer, _ in readers),
            graph.optimizer.type,
        )
        if why is None:
            codes_why = f"{widest:,} one-hot columns are looked up faster than multiplied"
            chosen[name] = replace(entry, codes=wide, why=codes_why)
        else:
            chosen[name] = replace(entry, why=why)
    return chosen


def _why_dense(one_hot: int, wide: frozenset[str], looked_up: bool,
               optimizer: str) -> str | None:
    """Why an extractor stays dense, or None where codes pay.

    Args:
        one_hot: one-hot columns of the widest extraction that reads it.
        wide: its columns that are wide enough for codes.
        looked_up: whether a linear layer stands behind every extraction that reads it.
    """
    if not one_hot:
        return "nothing is one-hot"
    if one_hot <= LOOKUP_FROM:
        return f"{one_hot:,} one-hot columns are multiplied as fast as looked up"
    if not wide:
        return f"no column has {LOOKUP_BLOCK} one-hot columns"
    if not looked_up:
        return "the layer behind the extraction is not linear"
    # Such an optimizer would see the split weight as two.
    if optimizer in WHOLE_TENSOR:
        return f"{optimizer} needs the weight in one piece"
    return None


def _one_hot_width(entry: FittedExtractor) -> int:
    return sum(len(column.names) for column in entry.columns if column.one_hot)
