"""bundle.json: which frame is the index frame, and which columns are keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..diagnostics.suggest import nearest
from .errors import reason_of

VERSION = 1


@dataclass(frozen=True)
class Settings:
    """The content of bundle.json; both are empty where it says nothing."""

    index_frame: str | None = None
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class _NotStrict(ValueError):
    """JSON that readers do not agree on."""


def parse_settings(
    text: bytes, file: str, schemas: Mapping[str, pa.Schema]
) -> tuple[Settings, list[Diagnostic]]:
    """Reads bundle.json against the schemas of the frames. Reports SC605."""
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_reject)
    except UnicodeDecodeError as error:
        return Settings(), [_wrong(file, f"not UTF-8: {reason_of(error)}")]
    except RecursionError:
        return Settings(), [_wrong(file, "nested too deep")]
    except ValueError as error:
        return Settings(), [_wrong(file, f"not JSON: {reason_of(error)}")]
    found = list(_check(value, file, schemas))
    if found:
        return Settings(), found
    frames = value.get("frames", {})
    keys = {name: tuple(entry["key"]) for name, entry in frames.items() if "key" in entry}
    return Settings(value.get("index_frame"), keys), []


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _NotStrict("a key stands twice in one object")
    return value


def _reject(literal: str) -> Any:
    raise _NotStrict(f"{literal} is not a JSON number")


def _wrong(file: str, reason: str, help: str | None = None) -> Diagnostic:
    return codes.BAD_BUNDLE_JSON.at(file=file, reason=reason, help=help)


def _guess(name: str, known: Mapping[str, Any] | tuple[str, ...]) -> str | None:
    near = nearest(name, known)
    return f"did you mean {near!r}?" if near is not None else None


def _check(value: Any, file: str, schemas: Mapping[str, pa.Schema]) -> Iterator[Diagnostic]:
    if not isinstance(value, dict):
        yield _wrong(file, "the document is not an object")
        return
    yield from _closed(value, ("specc_bundle", "index_frame", "frames"), "the document", file)
    version = value.get("specc_bundle")
    if type(version) is not int or version != VERSION:
        yield _wrong(file, f"'specc_bundle' must be {VERSION}, the version of this format",
                     help=f'write "specc_bundle": {VERSION}')
    index_frame = value.get("index_frame")
    if "index_frame" in value and not isinstance(index_frame, str):
        yield _wrong(file, "'index_frame' must be the name of a frame")
    elif index_frame is not None and index_frame not in schemas:
        yield _unknown_frame(file, index_frame, schemas)
    frames = value.get("frames", {})
    if not isinstance(frames, dict):
        yield _wrong(file, "'frames' must be an object of frames")
        return
    for name, entry in frames.items():
        if name not in schemas:
            yield _unknown_frame(file, name, schemas)
        yield from _check_frame(name, entry, file, schemas.get(name))


def _closed(value: dict[str, Any], known: tuple[str, ...], owner: str,
            file: str) -> Iterator[Diagnostic]:
    for key in value:
        if key not in known:
            yield _wrong(file, f"unknown key {key!r} in {owner}", help=_guess(key, known))


def _unknown_frame(file: str, name: str, schemas: Mapping[str, pa.Schema]) -> Diagnostic:
    return _wrong(file, f"the bundle has no frame {name!r}", help=_guess(name, schemas))


def _check_frame(name: str, entry: Any, file: str,
                 schema: pa.Schema | None) -> Iterator[Diagnostic]:
    if not isinstance(entry, dict):
        yield _wrong(file, f"the entry of the frame {name!r} is not an object")
        return
    yield from _closed(entry, ("key",), f"the entry of the frame {name!r}", file)
    if "key" not in entry:
        return
    key = entry["key"]
    if (not isinstance(key, list) or not key or not all(isinstance(item, str) for item in key)
            or len(set(key)) < len(key)):
        yield _wrong(file, f"the key of the frame {name!r} must be a list of different column "
                     "names")
    elif schema is not None:
        columns = tuple(schema.names)
        for column in key:
            if column not in columns:
                yield _wrong(file, f"the frame {name!r} has no column {column!r}",
                             help=_guess(column, columns))
