"""Make the bundle `breast_cancer`: 569 tumours, measured under the microscope.

The table comes with scikit-learn. It has no column `split`: the spec prepares one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_breast_cancer

# The scripts of this folder are not part of the package specc; what they share lies one
# folder up.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bundle_script import command_line, write_or_exit


def tumours() -> pd.DataFrame:
    """One row a tumour: thirty measures and `malignant`, 1 or 0.

    scikit-learn codes benign as 1. Here 1 is what a doctor looks for.
    """
    table = load_breast_cancer(as_frame=True)
    rows = table.data.rename(columns=lambda name: name.replace(" ", "_"))
    rows["malignant"] = 1 - table.target
    return rows


def main() -> None:
    arguments = command_line(__doc__ or "").parse_args()
    write_or_exit(arguments.out, {"tumours": tumours()}, "tumours")


if __name__ == "__main__":
    main()
