"""The bundle itself: frames by name, their keys, and each column read at most once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..diagnostics.suggest import nearest
from .archive import open_archive
from .contents import Contents, unreadable
from .describe import FrameDescription, describe_frame
from .errors import LIBRARY_FAILURES, BundleError, reason_of
from .folder import open_folder
from .frames import Frame, ParquetFrame, TableFrame, is_unnamed_index, pandas_key
from .range_index import with_range_index
from .settings import Settings, parse_settings

if TYPE_CHECKING:
    from pandas import DataFrame

DEFAULT_INDEX_FRAME = "index"


class Bundle:
    """Named frames. Opening one reads metadata only; `read` reads columns, each once.

    Args:
        name: what messages call the bundle.
        frames: the frames by name.
        index_frame: the frame whose rows are the samples, if it is known.
        keys: the key columns of frames, () for a frame without a key.
    """

    def __init__(self, name: str, frames: Mapping[str, Frame], index_frame: str | None,
                 keys: Mapping[str, tuple[str, ...]]) -> None:
        self.name = name
        self.index_frame = index_frame
        self._frames = dict(sorted(frames.items()))
        self._keys = dict(keys)
        self._cache: dict[tuple[str, str], pa.ChunkedArray] = {}

    @classmethod
    def open(cls, path: str | Path) -> Bundle:
        """Opens a folder or a zip and checks every footer and bundle.json.

        Raises: BundleError with SC601 to SC605 and SC625, all that is wrong at once.
        """
        place = Path(path)
        contents = _contents(place)
        frames: dict[str, Frame] = {}
        found: list[Diagnostic] = []
        for file in contents.frames:
            try:
                frames[file.name] = with_range_index(
                    ParquetFrame(file.name, file.file, file.source))
            except BundleError as error:
                found += error.diagnostics
        settings = Settings()
        if contents.settings is not None and not found:
            schemas = {name: frame.schema for name, frame in frames.items()}
            settings, wrong = parse_settings(contents.settings, contents.settings_file, schemas)
            found += wrong
        if found:
            raise BundleError(found)
        return _assemble(place.resolve().name or "bundle", frames, settings)

    @classmethod
    def from_frames(cls, frames: Mapping[str, DataFrame], index_frame: str | None = None,
                    keys: Mapping[str, str | Sequence[str]] | None = None) -> Bundle:
        """A bundle from pandas frames. A named index becomes the key; an unnamed one is dropped.

        Raises: BundleError with SC602 (no frames), SC604 (a frame that Arrow cannot hold),
        SC606 and SC607 (`index_frame` or `keys` name what is not there).
        """
        if not frames:
            raise BundleError([unreadable("no frames are given")])
        tables: dict[str, Frame] = {}
        found: list[Diagnostic] = []
        for name, frame in frames.items():
            try:
                tables[name] = TableFrame(name, _table(name, frame))
            except BundleError as error:
                found += error.diagnostics
        named = {frame: (key,) if isinstance(key, str) else tuple(key)
                 for frame, key in (keys or {}).items()}
        if not found:
            found += _check_named(tables, index_frame, named)
        if found:
            raise BundleError(found)
        return _assemble("frames", tables, Settings(index_frame, named))

    def with_keys(self, keys: Mapping[str, tuple[str, ...]]) -> Bundle:
        """The same frames, some with another key. Columns read by one are read for both."""
        other = Bundle(self.name, self._frames, self.index_frame, {**self._keys, **keys})
        other._cache = self._cache
        return other

    def with_frame(self, name: str, change: Callable[[Frame], Frame]) -> Bundle:
        """The same bundle with one frame changed, such as by a step that prepares it."""
        frames = {**self._frames, name: change(self._frames[name])}
        return Bundle(self.name, frames, self.index_frame, self._keys)

    @property
    def frames(self) -> tuple[str, ...]:
        """The names of the frames, sorted."""
        return tuple(self._frames)

    def file(self, frame: str) -> str:
        """Where a frame is stored, for diagnostics."""
        return self._frames[frame].file

    def schema(self, frame: str) -> pa.Schema:
        """The columns and dtypes of a frame; reads no data."""
        return self._frames[frame].schema

    def rows(self, frame: str) -> int:
        """The number of rows of a frame; reads no data."""
        return self._frames[frame].rows

    def key(self, frame: str) -> tuple[str, ...]:
        """The key columns: those of bundle.json, else the named pandas index, else ()."""
        return self._keys[frame]

    def columns(self, frame: str) -> tuple[str, ...]:
        """The columns of a frame, without its key and without an unnamed pandas index."""
        key = self.key(frame)
        return tuple(name for name in self.schema(frame).names
                     if name not in key and not is_unnamed_index(name))

    def read(self, frame: str, columns: Iterable[str]) -> pa.Table:
        """The named columns, in that order.

        Raises: BundleError (SC604) when the pages of the file are damaged.
        """
        wanted = list(dict.fromkeys(columns))
        missing = [name for name in wanted if (frame, name) not in self._cache]
        if missing:
            for name, values in self._frames[frame].read(missing).items():
                self._cache[frame, name] = values
        return pa.table([self._cache[frame, name] for name in wanted], names=wanted)

    def release(self) -> None:
        """Drops the columns read so far from memory."""
        self._cache.clear()

    def fingerprint(self, frame: str) -> str:
        """BLAKE2b of the bytes of the frame's file, in hex."""
        return self._frames[frame].fingerprint()

    def describe(self) -> tuple[FrameDescription, ...]:
        """Rows, key and columns of every frame; reads no column."""
        return tuple(describe_frame(frame, self.key(name))
                     for name, frame in self._frames.items())


def _contents(path: Path) -> Contents:
    try:
        path.stat()
        is_folder = path.is_dir()
    except (OSError, ValueError):
        raise BundleError([codes.BUNDLE_NOT_FOUND.at(file=str(path), path=str(path))]) from None
    if is_folder:
        return open_folder(path)
    if not path.is_file():
        raise BundleError([unreadable(f"{path.name!r} is neither a folder nor a zip file",
                                      str(path))])
    return open_archive(path)


def _assemble(name: str, frames: Mapping[str, Frame], settings: Settings) -> Bundle:
    index_frame = settings.index_frame
    if index_frame is None and DEFAULT_INDEX_FRAME in frames:
        index_frame = DEFAULT_INDEX_FRAME
    keys = {name: settings.keys.get(name, pandas_key(frame.schema))
            for name, frame in frames.items()}
    return Bundle(name, frames, index_frame, keys)


def _table(name: str, frame: DataFrame) -> pa.Table:
    named = all(level is not None for level in frame.index.names)
    try:
        return pa.Table.from_pandas(frame, preserve_index=named)
    except (*LIBRARY_FAILURES, TypeError) as error:
        raise BundleError([
            codes.UNREADABLE_FRAME.at(file=name, frame=name, reason=reason_of(error),
                                      help="give every column one dtype and a name of its own"),
        ]) from None


def _check_named(frames: Mapping[str, Frame], index_frame: str | None,
                 keys: Mapping[str, tuple[str, ...]]) -> list[Diagnostic]:
    found = [
        codes.UNKNOWN_FRAME.at(name=name, help=_guess(name, frames))
        for name in dict.fromkeys([index_frame, *keys])
        if name is not None and name not in frames
    ]
    for name, key in keys.items():
        columns = frames[name].schema.names if name in frames else key
        found += [
            codes.UNKNOWN_COLUMN.at(file=name, frame=name, name=column,
                                    help=_guess(column, columns))
            for column in key if column not in columns
        ]
    return found


def _guess(name: str, known: Iterable[Any]) -> str | None:
    near = nearest(name, known)
    return f"did you mean {near!r}?" if near is not None else None
