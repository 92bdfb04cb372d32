"""Given vectors for the values of an `embedding`: a frame with one row for each value."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..bundle import Bundle
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..diagnostics.hints import unknown
from ..stages import BoundVectors, Column, Extractor, Vectors
from ..text.pointer import join
from ..transformers.rows import LARGEST
from .arrays import floats
from .dtypes import FLOAT, INTEGER, classify, spelled
from .joins import comparable, duplicates
from .selectors import select


def bind_vectors(extractor: Extractor, frame: str, columns: tuple[Column, ...],
                 bundle: Bundle) -> Result[BoundVectors]:
    """The key and the columns of the frame of vectors.

    Reports: SC606, SC607, SC609 to SC612, SC614, SC627.

    Args:
        frame: where the extractor takes its values.
        columns: the columns whose values are looked up.
    """
    vectors = extractor.vectors
    assert vectors is not None
    place = join(vectors.pointer, "frame")
    if vectors.frame not in bundle.frames:
        return Result(None, (unknown(codes.UNKNOWN_FRAME, place, "frames", vectors.frame,
                                     bundle.frames),))
    key = bundle.key(vectors.frame)
    if not key:
        return Result(None, (codes.NO_KEY.at(
            place, frame=vectors.frame, help="name the column of the values as its key, in "
            "bundle.json or in /bundle/keys"),))
    if len(key) > 1:
        return Result(None, (codes.KEY_COUNT.at(place, got=1, frame=vectors.frame,
                                                wanted=len(key), key=", ".join(key),
                                                help="make the column of the values its only "
                                                "key, in bundle.json or in /bundle/keys"),))
    found = [*_check_dtypes(vectors, key[0], frame, columns, bundle)]
    schema = bundle.schema(vectors.frame)
    dtypes = {field.name: classify(field.type) for field in schema}
    selection = select(vectors.take, (), dtypes, vectors.frame, key)
    found += selection.diagnostics
    found += [
        codes.UNSUPPORTED_DTYPE.at(
            selector.pointer, name=name, frame=vectors.frame, user="a vector",
            dtype=spelled(schema.field(name).type), help="a vector is made of columns of numbers")
        for name, selector in selection.columns.items() if dtypes[name] not in (INTEGER, FLOAT)
    ]
    count, shown = duplicates(bundle.read(vectors.frame, key).columns)
    if count:
        found.append(codes.DUPLICATE_KEYS.at(place, key=repr(key[0]), frame=vectors.frame,
                                             count=count, examples=", ".join(shown)))
    if found:
        return Result(None, tuple(found))
    return Result(BoundVectors(vectors.frame, key[0], tuple(selection.columns)))


def _check_dtypes(vectors: Vectors, key: str, frame: str, columns: tuple[Column, ...],
                  bundle: Bundle) -> Iterator[Diagnostic]:
    right = bundle.schema(vectors.frame).field(key).type
    for column in columns:
        left = bundle.schema(frame).field(column.name).type
        if not comparable(left, right):
            yield codes.KEY_DTYPE.at(
                join(vectors.pointer, "frame"), left=f"{frame}.{column.name}",
                left_dtype=spelled(left), right=f"{vectors.frame}.{key}",
                right_dtype=spelled(right))


def check_vectors(vectors: BoundVectors, pointer: str, bundle: Bundle) -> Iterator[Diagnostic]:
    """Vectors with holes. Reports SC615, SC703.

    Args:
        pointer: `vectors` in the spec.
    """
    table = bundle.read(vectors.frame, vectors.columns)
    for name, column in zip(vectors.columns, table.columns, strict=True):
        numbers = floats(column)
        nulls = int(np.isnan(numbers).sum())
        if nulls:
            yield codes.NULLS.at(join(pointer, "frame"), name=name, frame=vectors.frame,
                                 count=nulls, help="a vector has a number in every column")
        infinite = int((np.abs(numbers) > LARGEST).sum())
        if infinite:
            yield codes.NOT_FINITE.at(join(pointer, "frame"), name=name, frame=vectors.frame,
                                      count=infinite, help="store finite numbers")


def read_vectors(vectors: BoundVectors, bundle: Bundle) -> NDArray[np.float32]:
    """The vectors in the order of their frame, float32 `[rows, width]`."""
    table = bundle.read(vectors.frame, vectors.columns)
    return np.stack([floats(column) for column in table.columns], axis=1).astype(np.float32)
