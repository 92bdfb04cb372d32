"""Write a bundle whole or not at all, and the few lines that every `make_bundle.py` shares."""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split


class ForeignFolderError(Exception):
    """The place for a bundle holds something that is no bundle."""


def write_bundle(
    out: Path,
    frames: Mapping[str, pd.DataFrame],
    index_frame: str,
    keys: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write `frames` and `bundle.json` to the folder `out`, in place of an older bundle.

    The bundle is built in a temporary folder beside `out` and renamed, so that a reader
    never sees half of one.
    A frame with a named pandas index keeps it, and with it its key.

    Args:
        out: the folder of the bundle; missing parents are made.
        frames: name -> rows; each becomes `<name>.parquet`.
        index_frame: the frame whose rows are the samples.
        keys: frame -> its key columns, for frames without a named pandas index.

    Raises:
        ForeignFolderError: `out` is a file, a link, or a folder with anything in it that a
            bundle does not hold. It is left as it was.
        ValueError: a key repeats or has nulls, in a frame of `keys` or in a named index.
    """
    out = out.absolute()
    _refuse_foreign(out)
    for name, frame in frames.items():
        _check_key(name, frame, (keys or {}).get(name))
    out.parent.mkdir(parents=True, exist_ok=True)
    # Beside `out`, not in the system's temporary folder: a rename is atomic only within
    # one file system.
    workplace = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        new = workplace / "new"
        new.mkdir()
        for name, frame in frames.items():
            frame.to_parquet(new / f"{name}.parquet", index=frame.index.name is not None)
        description = {
            "specc_bundle": 1,
            "index_frame": index_frame,
            "frames": {name: {"key": list(key)} for name, key in (keys or {}).items()},
        }
        text = json.dumps(description, indent=2) + "\n"
        (new / "bundle.json").write_text(text, encoding="utf-8")
        _put_in_place(new, out, workplace / "old")
    finally:
        shutil.rmtree(workplace)


def _put_in_place(new: Path, out: Path, old: Path) -> None:
    """Rename `new` to `out`; an older bundle goes to `old`, and back if that fails."""
    if not out.exists():
        new.replace(out)
        return
    out.replace(old)
    try:
        new.replace(out)
    except OSError:
        old.replace(out)
        raise


def _refuse_foreign(out: Path) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise ForeignFolderError(f"{out} is not a folder")
    if not out.exists():
        return
    entries = sorted(out.iterdir())
    foreign = [e.name for e in entries if e.name != "bundle.json" and e.suffix != ".parquet"]
    if foreign:
        raise ForeignFolderError(f"{out} is not a bundle: it holds {foreign[0]!r}")
    if entries and not _names_bundle(out / "bundle.json"):
        raise ForeignFolderError(f"{out} is not a bundle: it has no bundle.json of one")


def _names_bundle(path: Path) -> bool:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(value, dict) and "specc_bundle" in value


def _check_key(name: str, frame: pd.DataFrame, key: Sequence[str] | None) -> None:
    if key is not None:
        values = frame[list(key)]
    elif frame.index.name is not None:
        values = frame.index.to_frame()
    else:
        return
    where = f"the key {', '.join(map(str, values.columns))} of {name}"
    if values.isna().to_numpy().any():
        raise ValueError(f"{where} has nulls")
    repeated = int(values.duplicated().sum())
    if repeated:
        raise ValueError(f"{where} is not unique: {repeated} rows repeat a key")


def stratified_split(label: pd.Series, shares: Mapping[str, float], seed: int) -> pd.Series:
    """A value of the column `split` for each row; the shares of the classes are kept.

    Args:
        label: one class for each row; rows with null are no samples and get null.
        shares: split -> its share of the samples, each rounded up; the rest is `train`.
        seed: the same seed, label and shares give the same split.

    Returns:
        Strings with the index of `label`.
    """
    rest = label.dropna()
    split = pd.Series("train", index=rest.index, dtype="str", name="split")
    samples = len(rest)
    for name, share in shares.items():
        # Rounded first: 0.07 * 100 is 7.000000000000001, and not eight rows.
        rows = math.ceil(round(share * samples, 6))
        rest, taken = train_test_split(rest, test_size=rows, stratify=rest, random_state=seed)
        split[taken.index] = name
    return split.reindex(label.index)


def command_line(description: str) -> argparse.ArgumentParser:
    """A parser that knows the folder to write."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("out", type=Path, metavar="OUT_DIR", help="folder of the bundle")
    return parser


def write_or_exit(
    out: Path,
    frames: Mapping[str, pd.DataFrame],
    index_frame: str,
    keys: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """`write_bundle`, with one line for each frame, or one line and exit status 1."""
    try:
        write_bundle(out, frames, index_frame, keys)
    except (ForeignFolderError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    for name, frame in frames.items():
        print(f"{name}: {len(frame)} rows, {', '.join(map(str, frame.columns))}")
