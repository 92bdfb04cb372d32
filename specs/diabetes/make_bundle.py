"""Make the bundle `diabetes`: 442 patients and how far their disease went in a year.

The table comes with scikit-learn. It has no column `split`: the spec prepares one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_diabetes

# The scripts of this folder are not part of the package specc; what they share lies one
# folder up.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bundle_script import command_line, write_or_exit


def patients() -> pd.DataFrame:
    """One row a patient: ten measures in their own units and `target`, from 25 to 346."""
    return load_diabetes(as_frame=True, scaled=False).frame


def main() -> None:
    arguments = command_line(__doc__ or "").parse_args()
    write_or_exit(arguments.out, {"patients": patients()}, "patients")


if __name__ == "__main__":
    main()
