"""Make the bundle `iris`: 150 iris flowers of three species.

The table comes with scikit-learn. It has no column `split`: the spec prepares one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_iris

# The scripts of this folder are not part of the package specc; what they share lies one
# folder up.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bundle_script import command_line, write_or_exit


def flowers() -> pd.DataFrame:
    """One row a flower: four measures in centimetres and `species` as a string."""
    table = load_iris(as_frame=True)
    rows = table.data.rename(columns=lambda name: name.replace(" (cm)", "_cm").replace(" ", "_"))
    rows["species"] = table.target_names[table.target]
    return rows


def main() -> None:
    arguments = command_line(__doc__ or "").parse_args()
    write_or_exit(arguments.out, {"flowers": flowers()}, "flowers")


if __name__ == "__main__":
    main()
