"""Make the bundle `sentences`: sentences of four letters, each with a label thrown like a coin.

Nothing can be learned from them: a network that knows the labels has read every letter, and
where it stands. That makes the bundle a test of contexts.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pandas as pd

# The scripts of this folder are not part of the package specc; what they share lies one
# folder up.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bundle_script import command_line, write_or_exit

LETTERS = "abc"
LENGTH = 4
SEED = 81
# Three numbers for each letter, made up: two vowels would be near each other.
VECTORS = {"a": [0.9, 0.1, 0.0], "b": [0.0, 0.8, 0.3], "c": [0.1, 0.7, -0.6]}


def sentences() -> pd.DataFrame:
    """One row for each of the 81 sentences, all in `train`, half of them with label 1."""
    count = len(LETTERS) ** LENGTH
    labels = np.random.default_rng(SEED).permutation(np.arange(count) % 2)
    return pd.DataFrame({"sentence": np.arange(count) + 100, "label": labels, "split": "train"})


def words() -> pd.DataFrame:
    """One row for each letter of each sentence, and where it stands."""
    texts = itertools.product(LETTERS, repeat=LENGTH)
    rows = [(100 + number, place, letter)
            for number, text in enumerate(texts) for place, letter in enumerate(text)]
    table = pd.DataFrame(rows, columns=["sentence", "position", "word"])
    # The order of the rows must not matter; it is `position` that tells.
    return table.sample(frac=1, random_state=SEED).reset_index(drop=True)


def vectors() -> pd.DataFrame:
    """A given vector for each letter."""
    rows = [(letter, *numbers) for letter, numbers in VECTORS.items()]
    return pd.DataFrame(rows, columns=["word", "x0", "x1", "x2"])


def main() -> None:
    arguments = command_line(__doc__ or "").parse_args()
    frames = {"sentences": sentences(), "words": words(), "vectors": vectors()}
    keys = {"sentences": ["sentence"], "vectors": ["word"]}
    write_or_exit(arguments.out, frames, "sentences", keys)


if __name__ == "__main__":
    main()
