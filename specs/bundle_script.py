"""What every `make_bundle.py` shares: its command line, a stratified split, and how it ends."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

import specc


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
    """Make the folder `out` a bundle, in place of an older one, and print a line for each frame;
    else one line and exit status 1, and `out` is as it was.

    Args:
        out: the folder of the bundle; missing parents are made.
        frames: name -> rows.
        index_frame: the frame whose rows are the samples.
        keys: frame -> its key columns, for frames without a named pandas index.
    """
    made = specc.make_bundle(out, frames, keys=keys, index_frame=index_frame,
                             force=_is_bundle(out))
    if made.bundle is None:
        sys.exit(f"error: {'; '.join(found.message for found in made.diagnostics)}")
    for name, frame in frames.items():
        print(f"{name}: {len(frame)} rows, {', '.join(map(str, frame.columns))}")


def _is_bundle(out: Path) -> bool:
    """Whether what is there was a bundle before: nothing else is replaced."""
    try:
        settings = json.loads((out / "bundle.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(settings, dict) and "specc_bundle" in settings


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
