"""A bundle with the columns of a model in the dtypes that training had."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from ..bundle import Bundle, BundleError
from ..bundle.frames import Frame
from ..data.arrays import decoded
from ..data.dtypes import BOOLEAN, DATETIME, FLOAT, INTEGER, LIST, STRING, classify, spelled
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..diagnostics.hints import did_you_mean
from ..diagnostics.suggest import nearest

_NUMBERS = (INTEGER, FLOAT)

Dtypes = Mapping[tuple[str, str], pa.DataType]


class TypedFrame:
    """A frame of which some columns are read as another dtype, and some are not there.

    Args:
        dtypes: column -> its dtype.
        without: columns that are left out, since a step makes them.
    """

    def __init__(self, frame: Frame, dtypes: Mapping[str, pa.DataType],
                 without: Iterable[str]) -> None:
        self.name, self.file, self.rows = frame.name, frame.file, frame.rows
        self._frame = frame
        left_out = set(without)
        self.schema: pa.Schema = pa.schema([
            field.with_type(dtypes.get(field.name, field.type)) for field in frame.schema
            if field.name not in left_out], frame.schema.metadata)

    def read(self, columns: Sequence[str]) -> dict[str, pa.ChunkedArray]:
        return {name: self._as(name, values)
                for name, values in self._frame.read(columns).items()}

    def _as(self, name: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
        dtype = self.schema.field(name).type
        if values.type == dtype:
            return values
        try:
            return _cast(values, dtype)
        except pa.ArrowException as error:
            raise BundleError([codes.OTHER_VALUES_FOR_MODEL.at(
                file=self.file, name=name, frame=self.name, wanted=spelled(dtype),
                reason=str(error).partition("\n")[0])]) from None

    def null_counts(self) -> Mapping[str, int]:
        return self._frame.null_counts()

    def fingerprint(self) -> str:
        return self._frame.fingerprint()


def _cast(values: pa.ChunkedArray, dtype: pa.DataType) -> pa.ChunkedArray:
    values = decoded(values)
    if pa.types.is_floating(values.type) and not pa.types.is_floating(dtype):
        # pandas stores whole numbers with nulls as floats, and the nulls as NaN.
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    if pa.types.is_boolean(values.type) or values.type == dtype:
        return values
    return pc.cast(values, dtype)


def typed_bundle(bundle: Bundle, columns: Iterable[tuple[str, str]], frames: Iterable[str],
                 dtypes: Dtypes, made: Iterable[tuple[str, str]]) -> Result[Bundle]:
    """The bundle as training had it.

    Reports: SC656 to SC658; SC659 is raised as BundleError when a column is read.

    Args:
        columns: frame and name of each column that is read.
        frames: those that are read, also where no column of them is.
        made: frame and name of each column that a step makes.
    """
    found: list[Diagnostic] = []
    wanted: dict[str, dict[str, pa.DataType]] = {frame: {} for frame in frames}
    for frame, name in columns:
        wanted.setdefault(frame, {})[name] = dtypes[frame, name]
    left_out: dict[str, set[str]] = {}
    for frame, name in made:
        left_out.setdefault(frame, set()).add(name)
    for frame, names in wanted.items():
        if frame not in bundle.frames:
            guess = nearest(frame, bundle.frames)
            found.append(codes.NO_FRAME_FOR_MODEL.at(
                file=bundle.name, frame=frame, help=None if guess is None
                else did_you_mean(guess, bundle.frames, "frames")))
            continue
        found += _check(bundle, frame, names)
    if found:
        return Result(None, tuple(found))
    for frame, names in wanted.items():
        hidden = left_out.get(frame, set()) - set(names)
        bundle = bundle.with_frame(frame, partial(TypedFrame, dtypes=names, without=hidden))
    return Result(bundle)


def _check(bundle: Bundle, frame: str, names: Mapping[str, pa.DataType]) -> Iterable[Diagnostic]:
    schema, file = bundle.schema(frame), bundle.file(frame)
    for name, dtype in names.items():
        if name not in schema.names:
            guess = nearest(name, schema.names)
            yield codes.NO_COLUMN_FOR_MODEL.at(
                file=file, name=name, frame=frame, help=None if guess is None
                else did_you_mean(guess, schema.names, "columns"))
        elif not _fits(schema.field(name).type, dtype):
            yield codes.OTHER_DTYPE_FOR_MODEL.at(
                file=file, name=name, frame=frame, got=spelled(schema.field(name).type),
                wanted=spelled(dtype))


def _fits(got: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether values of one dtype may be those of another, so that only the values can tell."""
    if pa.types.is_dictionary(got):
        got = got.value_type
    if got == wanted or pa.types.is_null(got):
        return True
    kinds = classify(got), classify(wanted)
    if kinds[0] in _NUMBERS and kinds[1] in _NUMBERS:
        return True
    if kinds[0] != kinds[1]:
        return False
    if kinds[0] == LIST:
        return _fits(got.value_type, wanted.value_type)
    if kinds[0] == DATETIME:
        return _is_zoned(got) == _is_zoned(wanted) and (
            pa.types.is_date(got) or not pa.types.is_date(wanted))
    return kinds[0] in (BOOLEAN, STRING)


def _is_zoned(dtype: pa.DataType) -> bool:
    return pa.types.is_timestamp(dtype) and dtype.tz is not None
