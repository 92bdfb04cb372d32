"""Make the bundle `digits`: 1,797 handwritten digits of eight by eight pixels.

The images come with scikit-learn. They are there in two forms: as a list of 64 numbers beside
the label, and row by row in a frame of their own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_digits

# The scripts of this folder are not part of the package specc; what they share lies one
# folder up.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bundle_script import command_line, write_or_exit

LINES = 8
BRIGHTEST = 16


def digits() -> pd.DataFrame:
    """One row an image: its pixels as a list from 0 to 1, and its digit."""
    table = load_digits()
    return pd.DataFrame({
        "image": range(len(table.target)),
        "pixels": list(table.data / BRIGHTEST),
        "digit": table.target,
    })


def lines() -> pd.DataFrame:
    """One row for each line of each image, from the top: its place and eight pixels."""
    table = load_digits()
    images = pd.DataFrame(table.images.reshape(-1, LINES) / BRIGHTEST,
                          columns=[f"x{place}" for place in range(LINES)])
    images.insert(0, "image", images.index // LINES)
    images.insert(1, "line", images.index % LINES)
    return images


def main() -> None:
    arguments = command_line(__doc__ or "").parse_args()
    frames = {"digits": digits(), "lines": lines()}
    write_or_exit(arguments.out, frames, "digits", {"digits": ["image"]})


if __name__ == "__main__":
    main()
